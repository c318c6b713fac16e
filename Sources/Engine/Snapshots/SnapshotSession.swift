public import Features
import Synchronization
import Workers

/// One snapshot that is taken beside a running stream: shards are copied a few at a time between batches, and written
/// by a thread of their own.
///
/// ```
///   engine thread   ─batch─ copy 0,1 ─batch─ copy 2,3 ─batch─ ...              each copy with its place in the stream
///   writing thread          └▶ append 0 ─ append 1 ─▶ append 2 ...  index ─ fsync ─ rename
/// ```
///
/// Called by the engine's thread only. At most as many shards as there are images are in memory at once; without a free
/// image nothing is copied.
// SAFETY: the engine's thread owns all but the desk, whose queues and mutex are for both threads.
public final class SnapshotSession: @unchecked Sendable {
    /// How far a snapshot is.
    public enum Progress: Sendable {
        case copying(shards: Int, of: Int)
        /// Everything is copied; the file is not durable yet.
        case writing
        case finished(SnapshotManifest, left: FileFailure?)
        /// No snapshot came of it; the ones before are as they were.
        case failed(any Error)
    }

    /// Enough for the writer never to wait while the next shard is copied.
    public static let imagesDefault = 2

    public let header: SnapshotHeader
    private let features: FeatureEngine
    private let models: OnlineModels?
    private let clock: any EngineClock
    private let desk: SnapshotDesk
    /// Writes where there is no thread.
    private let inlineWriter: Bool
    private var thread: ServiceThread?
    private var copied = 0
    private let mayFinish: ((_ positions: [Int64]) -> Bool)?
    /// By the header's lanes, behind the last record that any shard holds.
    private var highest: [Int64]
    private var isEnded = false
    private var slowest: Int64 = 0

    /// Begins a snapshot at a batch boundary: the header says where the stream stands now.
    ///
    /// - Parameters:
    ///   - models: those of the header.
    ///   - images: memory for copies, which outlives the session so that it is used again; nobody else may use it until
    ///     the session has finished, failed or been abandoned.
    ///   - isInline: write on the calling thread: for simulation, where the schedule is the seed's.
    ///   - mayFinish: whether everything before these offsets, by the header's lanes, is final, so that the file may
    ///     get its name; asked on the calling thread when all is copied. `nil`: it always may.
    public init(
        _ header: SnapshotHeader, of features: FeatureEngine, models: OnlineModels? = nil, into store: SnapshotStore,
        images: [ShardImage], clock: any EngineClock, isInline: Bool = false,
        mayFinish: ((_ positions: [Int64]) -> Bool)? = nil
    ) {
        precondition(!images.isEmpty, "a snapshot without an image")
        precondition(header.shardTaskCount == features.shardTaskCount, "\(header.shardTaskCount) shards announced")
        precondition(header.models == models?.names ?? [], "models \(header.models) announced")
        self.header = header
        self.mayFinish = mayFinish
        highest = header.lanes.map(\.offset)
        self.features = features
        self.models = models
        self.clock = clock
        inlineWriter = isInline
        for image in images {
            features.reserve(image)
            models?.reserve(image)
        }
        let desk = SnapshotDesk(header: header, store: store, imageCount: images.count)
        self.desk = desk
        if isInline {
            for image in images { desk.free.push(image) }
            thread = nil
        } else {
            thread = ServiceThread(name: "snapshot") { desk.serve(images) }
        }
    }

    deinit { if !isLeftBehind { abandon(by: clock.nanoseconds + Self.letGoNanoseconds) } }

    /// So long whoever just lets go of a session waits for its writer at most.
    private static let letGoNanoseconds: Int64 = 10_000_000_000

    /// Copies shards until the next would take longer than the budget, but one at least if an image is free; returns at
    /// once where there is nothing to do.
    ///
    /// - Parameter positions: by the header's lanes, the offset behind the last record that has entered the state.
    public func copySome(budgetNanoseconds: Int64, positions: [Int64]) {
        let start = clock.nanoseconds
        var now = start
        repeat {
            guard copyNext(positions: positions, deadline: .min) else { return }
            let before = now
            now = clock.nanoseconds
            slowest = max(slowest, now - before)
        } while now - start + slowest <= budgetNanoseconds
    }

    /// How far it is; never blocks.
    public var progress: Progress {
        if let outcome = desk.outcome.withLock({ $0 }) {
            end()
            return outcome
        }
        return isEnded ? .writing : .copying(shards: copied, of: header.taskCount)
    }

    /// Copies what is left at this place of the stream and waits until it is durable: when partitions are given back,
    /// and at the end.
    ///
    /// - Parameter deadline: by the session's clock; what is not durable by then is given up, and its writer may be left
    ///   behind. `nil`: waits as long as the disk takes.
    public func complete(positions: [Int64], by deadline: Int64? = nil) -> Progress {
        while copyNext(positions: positions, deadline: deadline) {}
        // What is not final now will not be for this session.
        end()
        if !join(by: deadline) { leaveBehind() }
        return progress
    }

    /// Gives the snapshot up, unless it is finished, and waits until nothing is left of it.
    ///
    /// - Parameter deadline: by the session's clock; behind it the writer is left behind. `nil`: there is none.
    /// - Returns: false where it is.
    @discardableResult
    public func abandon(by deadline: Int64? = nil) -> Bool {
        send(.abandon)
        if join(by: deadline) { return true }
        leaveBehind()
        return false
    }

    /// The writer hangs in a call of the disk. Once that returns it puts its temporary file away, gives it no name, and
    /// ends. Until `hasEnded` the images are its own, and nobody else may write into the store.
    public private(set) var isLeftBehind = false

    /// Whether the writer is gone.
    ///
    /// - Parameter deadline: by the session's clock: waits until then.
    public func hasEnded(by deadline: Int64) -> Bool { join(by: deadline) }

    private func leaveBehind() {
        isLeftBehind = true
        desk.giveUp()
    }

    /// Copies a shard; false where that cannot be done in time, or not any more.
    private func copyNext(positions: [Int64], deadline: Int64?) -> Bool {
        if isEnded { return false }
        if desk.outcome.withLock({ $0 != nil }) {
            end()
            return false
        }
        if copied < header.taskCount {
            guard let image = desk.free.pop(milliseconds: milliseconds(until: deadline)) else { return false }
            // Models come last: what they read of shards when the stream is read again has to be whole.
            if copied < header.shardTaskCount {
                features.copyShard(copied, into: image)
            } else {
                models?.copy(copied - header.shardTaskCount, into: image)
            }
            give(.shard(task: copied, positions: positions, image))
            copied += 1
            for lane in highest.indices { highest[lane] = max(highest[lane], positions[lane]) }
        }
        if copied < header.taskCount { return true }
        guard mayFinish?(highest) ?? true else { return false }
        send(.finish)
        return true
    }

    /// The last word to the writer; only the first one counts.
    private func send(_ order: SnapshotDesk.Order) {
        if isEnded { return }
        isEnded = true
        give(order)
    }

    private func give(_ order: SnapshotDesk.Order) {
        if inlineWriter { desk.perform(order) } else { desk.orders.push(order) }
    }

    private func end() { send(.abandon) }

    private func join(by deadline: Int64?) -> Bool {
        guard let thread else { return true }
        if let milliseconds = milliseconds(until: deadline) {
            if !thread.join(milliseconds: milliseconds) { return false }
        } else {
            thread.join()
        }
        self.thread = nil
        return true
    }

    /// What is left until then, rounded up; none behind it, and none, without a look at the clock, where the deadline is
    /// the beginning of time.
    private func milliseconds(until deadline: Int64?) -> Int? {
        deadline.map { $0 == .min ? 0 : Int(max(0, $0 - clock.nanoseconds + 999_999) / 1_000_000) }
    }
}

/// A snapshot that the disk did not take in the time that there was.
public struct SnapshotOverdue: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String {
        "the disk has not taken it within the time that giving partitions back may take, a fifth of "
            + "\"max.poll.interval.ms\": it was given up, and older ones are as they were"
    }
}

/// What the engine's thread and the writing thread share.
// SAFETY: `writer` belongs to the thread that performs; queues and the mutex are for both.
private final class SnapshotDesk: @unchecked Sendable {
    enum Order: Sendable {
        case shard(task: Int, positions: [Int64], ShardImage)
        case finish
        case abandon
    }

    struct Abandoned: Error, CustomStringConvertible {
        var description: String { "the snapshot was given up" }
    }

    let orders: BoundedQueue<Order>
    let free: BoundedQueue<ShardImage>
    let outcome = Mutex<SnapshotSession.Progress?>(nil)
    private let header: SnapshotHeader
    private let store: SnapshotStore
    private var writer: SnapshotWriter?

    init(header: SnapshotHeader, store: SnapshotStore, imageCount: Int) {
        self.header = header
        self.store = store
        // Room for every image and the last word, so that the engine's thread never waits.
        orders = BoundedQueue(capacity: imageCount + 1)
        free = BoundedQueue(capacity: imageCount)
    }

    /// Hands the images out, then performs orders until the last.
    func serve(_ images: [ShardImage]) {
        for image in images {
            image.touch()
            free.push(image)
        }
        while let order = orders.pop(milliseconds: nil) {
            perform(order)
            if case .shard = order { continue }
            return
        }
    }

    /// Whatever the writer does from now on comes to nothing; it goes on by itself.
    func giveUp() { outcome.withLock { $0 = $0 ?? .failed(SnapshotOverdue()) } }

    func perform(_ order: Order) {
        let isOver = outcome.withLock { $0 != nil }
        if isOver {
            writer?.abandon()
            writer = nil
        }
        do {
            switch order {
            case .shard(let task, let positions, let image):
                defer { free.push(image) }
                if isOver { return }
                if writer == nil { writer = try store.begin(header) }
                try writer?.append(image.bytes, task: task, positions: positions)
            case .finish:
                if isOver { return }
                let writer = try self.writer ?? store.begin(header)
                self.writer = nil
                let (manifest, left) = try writer.finish(isGivenUp: { self.outcome.withLock { $0 != nil } })
                outcome.withLock { $0 = $0 ?? .finished(manifest, left: left) }
            case .abandon:
                if isOver { return }
                throw Abandoned()
            }
        } catch {
            writer?.abandon()
            writer = nil
            outcome.withLock { $0 = $0 ?? .failed(error) }
        }
    }
}

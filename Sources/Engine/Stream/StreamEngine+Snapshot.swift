import Events
import Features

/// When state is saved, and how long the stream may pause for it.
public struct SnapshotSettings: Sendable {
    /// `nil`: by events alone.
    public var everyNanoseconds: Int64? = 300 * 1_000_000_000
    /// `nil`: by time alone.
    public var everyEvents: UInt64? = 1_000_000
    /// Between two batches no more is copied than takes so long, but for one shard at least.
    public var pauseNanoseconds: Int64 = 10_000_000
    /// The wall clock in milliseconds since 1970, for people who look at the files.
    public var wallMilliseconds: @Sendable () -> Int64 = { 0 }
    /// Unusable images are memory: two keep the writer busy.
    public var images = SnapshotSession.imagesDefault

    public init() {}
}

/// Saving state beside the running stream.
extension StreamEngine {
    /// Begins a snapshot when one is due, and goes on with one that is being taken; between batches.
    func advanceSnapshot() {
        guard let snapshots, restoration == nil, !lanes.isEmpty else { return }
        if let session = snapshotSession {
            session.copySome(budgetNanoseconds: settings.snapshots.pauseNanoseconds, positions: statePositions)
            finish(session.progress)
            return
        }
        if eventsSinceSnapshot == 0 { return }
        let isTime = settings.snapshots.everyNanoseconds.map { clock.nanoseconds - lastSnapshot >= $0 } ?? false
        let isCount = settings.snapshots.everyEvents.map { eventsSinceSnapshot >= $0 } ?? false
        if isTime || isCount { beginSnapshot(in: snapshots, by: clock.nanoseconds) }
    }

    /// Saves the state as it is now, and waits for it: when partitions are given back, and at the end.
    ///
    /// Call it when everything is committed: a snapshot that is ahead of the committed offsets is of no use.
    ///
    /// - Parameter deadline: a disk that hangs keeps nobody's partitions, and no process from ending.
    func completeSnapshot(by deadline: Int64) {
        // Lanes that could not be taken up have no state.
        guard let snapshots, restoration == nil, assignmentFailure == nil, !lanes.isEmpty else {
            abandonSnapshot(by: deadline)
            return
        }
        if snapshotSession == nil {
            if eventsSinceSnapshot == 0 { return }
            beginSnapshot(in: snapshots, by: deadline)
        }
        guard let session = snapshotSession else { return }
        finish(session.complete(positions: statePositions, by: deadline))
        if session.isLeftBehind { leftSnapshot = session }
    }

    /// Gives up the snapshot that is being taken: its place in the stream is no longer this instance's.
    func abandonSnapshot(by deadline: Int64) {
        guard let session = snapshotSession else { return }
        if !session.abandon(by: deadline) { leftSnapshot = session }
        snapshotSession = nil
    }

    /// When a drain that begins now has to be over, snapshot and all.
    var drainDeadline: Int64 { clock.nanoseconds + Int64(settings.drainMilliseconds) * 1_000_000 }

    /// Whether nobody writes into the store: a writer that the disk has held up may still do so.
    private func hasWriterEnded(by deadline: Int64) -> Bool {
        guard let left = leftSnapshot else { return true }
        guard left.hasEnded(by: deadline) else { return false }
        leftSnapshot = nil
        return true
    }

    private var statePositions: [Int64] { lanes.map(\.stateOffset) }

    /// What whoever starts from this state has to be told, too.
    private var stillIncomplete: IncompleteState? {
        incomplete = incomplete?.remaining(at: watermark.time)
        return incomplete.map { IncompleteState(features: $0.features, logFrom: $0.logFrom) }
    }

    private func beginSnapshot(in store: SnapshotStore, by deadline: Int64) {
        guard hasWriterEnded(by: deadline) else {
            // Once the next is due it is tried again.
            eventsSinceSnapshot = 0
            lastSnapshot = clock.nanoseconds
            observer?.didNotice(
                .snapshotFailed(reason: "the disk still holds up the writer of the one that was given up before it"))
            return
        }
        while snapshotImages.count < max(1, settings.snapshots.images) { snapshotImages.append(ShardImage()) }
        let header = SnapshotHeader(
            pipeline: plan.pipeline, statePlanHash: store.statePlanHash,
            createdMilliseconds: settings.snapshots.wallMilliseconds(),
            lanes: lanes.map { lane in
                SnapshotLane(
                    topic: lane.start.topic, partition: lane.start.partition, offset: lane.stateOffset,
                    highestTime: lane.highestTime)
            },
            watermark: watermark.time, lateCount: watermark.lateCount,
            orderPosition: order == nil ? -1 : max(sink.orderPosition, followedOrderEnd),
            entities: plan.features.entities.map { plan.schema.fields[$0.keyField.rawValue].name },
            shardCount: plan.featureLimits.shardCount, models: pipeline.onlineModels.names,
            incomplete: stillIncomplete)
        eventsSinceSnapshot = 0
        lastSnapshot = clock.nanoseconds
        snapshotSession = SnapshotSession(
            header, of: pipeline.features, models: pipeline.onlineModels, into: store, images: snapshotImages,
            clock: clock,
            isInline: settings.sendsInline,
            // A state that never was committed may have been taken in an order that nobody recorded; later offsets do
            // not show it.
            mayFinish: { [unowned self] positions in
                zip(lanes, positions).allSatisfy { $0.finishedOffset >= $1 }
            })
    }

    private func finish(_ progress: SnapshotSession.Progress) {
        switch progress {
        case .copying, .writing: return
        case .finished(let manifest, let left):
            observer?.didNotice(
                .snapshotWritten(
                    sequence: manifest.header.sequence, bytes: manifest.fileByteCount,
                    nanoseconds: clock.nanoseconds - lastSnapshot))
            if let left { observer?.didNotice(.snapshotFailed(reason: "an old one could not be deleted: \(left)")) }
            summary.snapshots += 1
        case .failed(let error): observer?.didNotice(.snapshotFailed(reason: "\(error)"))
        }
        snapshotSession = nil
    }
}

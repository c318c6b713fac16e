public import Engine
public import Events
import Features
import Synchronization

/// What a running pipeline shows of itself: totals, scores, decisions, latencies, lag, and whether it is ready.
///
/// Takes one lock a batch on the engine's thread and allocates nothing there; it is there only where somebody looks.
public final class LiveFigures: Sendable {
    private struct State {
        var scored: UInt64 = 0
        var eventTime = Int64.min
        /// One a bin.
        var bins: [UInt64]
        /// One a rule, and one for what no rule decided.
        var decisions: [UInt64]
        var latency = LatencyBuckets()
        var books: StreamBooks?
        var ends: [Int64?] = []
        /// Of assignments that have ended.
        var closed = Totals()
        var restoring: (done: Int64, of: Int64)?
        var isOver = false
        var reference: [Double]
    }

    private struct Totals {
        var consumed: UInt64 = 0
        var late: UInt64 = 0

        mutating func add(_ books: StreamBooks) {
            for lane in books.lanes {
                consumed += lane.account.consumed
                late += lane.account.late
            }
        }
    }

    private let clock = AnchoredClock()
    private let decisionNames: [String]
    public let bins: ScoreBins
    private let state: Mutex<State>

    public init(plan: ScoringPlan, bins: ScoreBins = .plain) {
        decisionNames = plan.rules.map(\.decision)
        self.bins = bins
        state = Mutex(
            State(
                bins: Array(repeating: 0, count: bins.count),
                decisions: Array(repeating: 0, count: plan.rules.count + 1), reference: bins.reference))
    }

    // MARK: - On the engine's thread

    func didScore(_ context: BatchContext) {
        let now = clock.microseconds
        state.withLock { state in
            let dispositions = context.frame.dispositions
            for row in 0..<context.batch.count where dispositions[row] == .score {
                state.scored &+= 1
                state.eventTime = max(state.eventTime, context.batch.eventTimes[row])
                let score = context.scores[row]
                if !score.isNaN { state.bins[bins.bin(score)] &+= 1 }
                let rule = Int(context.decisions[row])
                state.decisions[rule >= 0 ? rule : state.decisions.count &- 1] &+= 1
                let sent = context.batch.recordTimes[row]
                if sent != .min { state.latency.add(microseconds: now &- sent) }
            }
        }
    }

    func didBalance(_ books: StreamBooks, ends: (String, Int32) -> Int64?) {
        let known = books.lanes.map { ends($0.account.topic, $0.account.partition) }
        state.withLock { state in
            if books.isClosed {
                state.closed.add(books)
                state.restoring = nil
            }
            state.books = books
            state.ends = known
        }
    }

    func didNotice(_ notice: EngineNotice) {
        switch notice {
        case .restoring(_, let offsets): state.withLock { $0.restoring = (0, offsets) }
        case .restored(let offsets, let total, _): state.withLock { $0.restoring = (offsets, total) }
        case .restoreFinished: state.withLock { $0.restoring = nil }
        default: break
        }
    }

    /// The run is ending.
    func willStop() { state.withLock { $0.isOver = true } }

    // MARK: - From any thread

    /// Shows the shares of another reference beside the scores; as many as there are bins.
    public func show(reference: [Double]) {
        precondition(reference.count == bins.count, "\(reference.count) shares of \(bins.count) bins")
        state.withLock { $0.reference = reference }
    }

    public func snapshot() -> LiveFiguresSnapshot {
        state.withLock { state in
            var snapshot = LiveFiguresSnapshot(nanoseconds: clock.nanoseconds, latency: state.latency)
            snapshot.scored = state.scored
            snapshot.eventTime = state.eventTime == .min ? nil : EventTime(microseconds: state.eventTime)
            snapshot.bins = state.bins
            snapshot.reference = state.reference
            for (index, count) in state.decisions.enumerated() {
                let isRule = index < decisionNames.count
                if isRule || count > 0 { snapshot.decisions.append((isRule ? decisionNames[index] : "(none)", count)) }
            }
            var totals = state.closed
            if let books = state.books, !books.isClosed {
                totals.add(books)
                snapshot.lanes = zip(books.lanes, state.ends).map { lane, end in
                    LiveFiguresSnapshot.Lane(
                        topic: lane.account.topic, partition: lane.account.partition,
                        lag: end.map { max(0, $0 - lane.finishedOffset) }, inFlight: lane.inFlight)
                }
            }
            (snapshot.consumed, snapshot.late) = (totals.consumed, totals.late)
            state.books?.deadLetters.forEach { _, code, count in
                if let place = snapshot.deadLetters.firstIndex(where: { $0.name == code }) {
                    snapshot.deadLetters[place].count += count
                } else {
                    snapshot.deadLetters.append((code, count))
                }
            }
            snapshot.restoring = state.restoring
            snapshot.isOver = state.isOver
            return snapshot
        }
    }
}

/// A pipeline at one moment.
public struct LiveFiguresSnapshot: Sendable {
    public struct Lane: Hashable, Sendable {
        public let topic: String
        public let partition: Int32
        /// `nil`: where the partition ends is not known yet.
        public let lag: Int64?
        public let inFlight: UInt64
    }

    /// Since the figures were begun.
    public let nanoseconds: Int64
    let latency: LatencyBuckets
    public var consumed: UInt64 = 0
    /// Computed; their delivery may not be acknowledged yet.
    public var scored: UInt64 = 0
    public var late: UInt64 = 0
    public var eventTime: EventTime?
    public var bins: [UInt64] = []
    /// The share of each bin; empty: there is no reference.
    public var reference: [Double] = []
    /// In the order of the rules.
    public var decisions: [(name: String, count: UInt64)] = []
    public var deadLetters: [(name: String, count: UInt64)] = []
    /// Of the assignment in force; empty: none is.
    public var lanes: [Lane] = []
    /// Offsets read and to be read, while windows are rebuilt.
    public var restoring: (done: Int64, of: Int64)?
    public var isOver = false

    init(nanoseconds: Int64, latency: LatencyBuckets) {
        self.nanoseconds = nanoseconds
        self.latency = latency
    }

    /// Percentiles of the latencies since an earlier snapshot, in seconds: from a record's timestamp to its score.
    ///
    /// - Returns: `nil`: nothing was scored since then.
    public func latencies(_ shares: [Double], since earlier: LiveFiguresSnapshot) -> [Double]? {
        latency.percentiles(shares, since: earlier.latency)
    }
}

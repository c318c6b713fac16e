import Engine
import Events
import Features
import Histogram
import Synchronization

/// Counts what an engine scores: totals, a histogram of scores, decisions, faults and the latency of each event.
///
/// Called once a batch on the engine's thread; takes one lock a batch. Allocates nothing there, but for the decisions that
/// wait for their labels: those are bounded.
final class ScoreMonitor: StreamObserver {
    static let binCount = 10

    private struct State {
        /// Of the scored source,
        var consumed = 0
        /// and of others.
        var absorbed = 0
        var rows = 0
        var scored = 0
        var deadLettered = 0
        /// The newest time of any event that was scored.
        var eventTime = Int64.min
        var isLive = false
        // From here on since `beginLive`.
        var bins: [Int]
        /// One a rule, and one for what no rule decided.
        var decisions: [Int]
        var frauds: [Int]
        var labelled: [Int]
        var faults: [Int]
        /// Microseconds.
        var latency: Histogram<UInt64>
        // From the beginning.
        var labels = LabelCount()
        /// Decisions by event id whose label has not come.
        var open: [Int64: UInt16] = [:]
        /// By topic and partition, and those of assignments before.
        var accounts: [LaneAccount] = []
        var closedAccounts: [LaneAccount] = []
    }

    /// Where labels come from if not in the scored event.
    private struct LabelSource {
        let source: UInt8
        /// The scored event's id, and the same of the label.
        let id: FieldIndex
        let ownID: FieldIndex
        let label: FieldIndex
    }

    private let clock: AnchoredClock
    private let decisionNames: [String]
    /// The field that says whether an event is fraud; `nil` where the source has none.
    private let label: FieldIndex?
    private let labelSource: LabelSource?
    /// More decisions than this are not held against labels.
    private static let openMax = 1 << 20
    private let state: Mutex<State>
    private static let faultCount = FaultCode.allCases.count
    private static let latencyMicrosecondsMax: UInt64 = 600_000_000

    init(plan: ScoringPlan, clock: AnchoredClock) {
        self.clock = clock
        decisionNames = plan.rules.map(\.decision)
        label = plan.sources[0].schema.fields.firstIndex { $0.isLabel && $0.type == .bool }.map { FieldIndex($0) }
        labelSource = label == nil ? Self.labelSource(of: plan) : nil
        state = Mutex(
            State(
                bins: Array(repeating: 0, count: Self.binCount),
                decisions: Array(repeating: 0, count: plan.rules.count + 1),
                frauds: Array(repeating: 0, count: plan.rules.count + 1),
                labelled: Array(repeating: 0, count: plan.rules.count + 1),
                faults: Array(repeating: 0, count: Self.faultCount),
                latency: Histogram(highestTrackableValue: Self.latencyMicrosecondsMax)))
    }

    /// Records of all sources taken in and done with.
    var finished: Int { state.withLock { $0.consumed + $0.absorbed } }

    /// Forgets distributions, so that they show what comes from now on; totals stay.
    func beginLive() {
        state.withLock { state in
            state.isLive = true
            for index in state.bins.indices { state.bins[index] = 0 }
            for index in state.decisions.indices {
                (state.decisions[index], state.frauds[index], state.labelled[index]) = (0, 0, 0)
            }
            state.latency.reset()
        }
    }

    func didScore(_ context: BatchContext, plan: ScoringPlan) {
        let now = clock.microseconds
        state.withLock { state in
            state.rows += context.batch.count
            for row in 0..<context.batch.count { count(row, of: context, now: now, in: &state) }
            for row in 0..<context.batch.count where context.batch.sources[row] > 0 { state.absorbed += 1 }
            state.consumed = state.rows - state.absorbed
        }
    }

    func didBalance(_ books: StreamBooks) {
        state.withLock { state in
            state.accounts = books.lanes.map(\.account)
            if books.isClosed {
                state.closedAccounts += state.accounts
                state.accounts = []
            }
        }
    }

    private static func labelSource(of plan: ScoringPlan) -> LabelSource? {
        guard let id = plan.idField else { return nil }
        for (number, source) in plan.sources.enumerated().dropFirst() {
            let label = source.schema.fields.firstIndex { $0.isLabel && $0.type == .bool }
            guard let label, let ownID = source.field(likeID: plan.schema.fields[id.rawValue]) else { continue }
            return LabelSource(
                source: UInt8(number), id: id, ownID: ownID, label: source.column(of: FieldIndex(label)))
        }
        return nil
    }

    private func countLabel(_ row: Int, of batch: EventBatch, in state: inout State) {
        guard let labelSource, batch.sources[row] == labelSource.source,
            batch.presence[labelSource.label.rawValue][row] == Presence.present,
            let id = EventIDs.id(labelSource.ownID, row, of: batch)
        else { return }
        let isFraud = batch.words[labelSource.label.rawValue][row] == 1
        state.labels.known += 1
        let time = EventTime(microseconds: batch.eventTimes[row])
        state.labels.eventTime = max(state.labels.eventTime ?? time, time)
        if isFraud { state.labels.frauds += 1 }
        guard let decision = state.open.removeValue(forKey: id) else { return }
        state.labelled[Int(decision)] += 1
        if isFraud { state.frauds[Int(decision)] += 1 }
    }

    @inline(__always)
    private func count(_ row: Int, of context: BatchContext, now: Int64, in state: inout State) {
        let batch = context.batch
        switch context.frame.dispositions[row] {
        case .score: break
        case .fault:
            state.deadLettered += 1
            let code = Int(batch.faults[row].code.rawValue)
            if code < Self.faultCount { state.faults[code] += 1 }
            return
        case .absorbed:
            countLabel(row, of: batch, in: &state)
            return
        case .muted, .lateDropped, .mutedFault: return
        }
        state.scored += 1
        state.eventTime = max(state.eventTime, batch.eventTimes[row])
        let score = context.scores[row]
        if !score.isNaN {
            // Clamped as a double: an integer of an unbounded one would trap.
            state.bins[Int(min(max(score * Double(Self.binCount), 0), Double(Self.binCount - 1)))] += 1
        }
        let rule = Int(context.decisions[row])
        let decision = rule >= 0 && rule < state.decisions.count - 1 ? rule : state.decisions.count - 1
        state.decisions[decision] += 1
        if let label {
            state.labelled[decision] += 1
            if batch.words[label.rawValue][row] == 1 { state.frauds[decision] += 1 }
        } else if let labelSource, state.open.count < Self.openMax,
            let id = EventIDs.id(labelSource.id, row, of: batch)
        {
            state.open[id] = UInt16(decision)
        }
        let sent = batch.recordTimes[row]
        if state.isLive && sent != .min {
            state.latency.record(min(Self.latencyMicrosecondsMax, UInt64(max(0, now &- sent))))
        }
    }

    /// Fills in what the monitor knows.
    func fill(_ snapshot: inout DemonstrationSnapshot) {
        state.withLock { state in
            snapshot.consumed = state.consumed
            snapshot.scored = state.scored
            snapshot.deadLettered = state.deadLettered
            snapshot.eventTime = state.eventTime == .min ? nil : EventTime(microseconds: state.eventTime)
            snapshot.bins = state.bins
            snapshot.hasLabels = label != nil || labelSource != nil
            snapshot.labels = labelSource == nil ? nil : state.labels
            snapshot.waits = (state.closedAccounts + state.accounts).waitLines
            for (index, name) in decisionNames.enumerated() {
                snapshot.decisions.append(
                    DecisionCount(
                        name: name, events: state.decisions[index], labelled: state.labelled[index],
                        frauds: state.frauds[index]))
            }
            if let undecided = state.decisions.last, undecided > 0 {
                snapshot.decisions.append(
                    DecisionCount(
                        name: "(none)", events: undecided, labelled: state.labelled[decisionNames.count],
                        frauds: state.frauds[decisionNames.count]))
            }
            for code in FaultCode.allCases where Int(code.rawValue) < Self.faultCount {
                let count = state.faults[Int(code.rawValue)]
                if count > 0 { snapshot.faults.append(FaultCount(name: code.name, events: count)) }
            }
            if state.latency.totalCount > 0 {
                snapshot.latency = LatencyPercentiles(
                    p50: Int(state.latency.valueAtPercentile(50)), p95: Int(state.latency.valueAtPercentile(95)),
                    p99: Int(state.latency.valueAtPercentile(99)))
            }
        }
    }
}

import Engine
import Events

@testable import Monitoring

/// Topics, a clock and a disk in memory that outlive a monitor's crashes. Each call may be the last of a run.
final class MonitorWorld {
    struct Crash: Error {}

    enum Lane {
        case scores([PaymentScores.Row])
        case labels([PaymentLabels.Row])

        var count: Int {
            switch self {
            case .scores(let rows): rows.count
            case .labels(let rows): rows.count
            }
        }

        /// Part of it, as the monitor reads it.
        func batch(_ range: Range<Int>) -> EventBatch {
            let first = Int64(range.lowerBound)
            return switch self {
            case .scores(let rows): PaymentScores.batch(rows[range], firstOffset: first)
            case .labels(let rows): PaymentLabels.batch(rows[range], firstOffset: first)
            }
        }
    }

    let lanes: [Lane]
    let plan: MonitorPlan
    /// How much of each lane has been written so far.
    var written: [Int]
    var alerts: [DriftAlert] = []
    var performance: [PerformanceRecord] = []
    var closings: [LaneClosing] = []
    var states: [[UInt8]] = []
    var nanoseconds: Int64 = 0
    var random: RandomWords
    /// Calls until the next crash; `nil`: none comes.
    var callsLeft: Int?
    /// Rows that appear in each wait.
    let rowsAWait: Int
    private(set) var crashCount = 0

    init(_ scores: [[PaymentScores.Row]], labels: [[PaymentLabels.Row]] = [], seed: UInt64, rowsAWait: Int) {
        lanes = scores.map { .scores($0) } + labels.map { .labels($0) }
        plan = labels.isEmpty ? PaymentMonitor.plan : PaymentMonitor.labelled
        self.rowsAWait = rowsAWait
        written = lanes.map { _ in 0 }
        random = RandomWords(seed)
    }

    /// Before and after each effect.
    func mayCrash() throws {
        guard let left = callsLeft else { return }
        if left <= 0 {
            crashCount += 1
            throw Crash()
        }
        callsLeft = left - 1
    }

    var monitorLanes: [MonitorLane] {
        lanes.enumerated().map { place, lane in
            switch lane {
            case .scores: MonitorLane(topic: "scores", partition: Int32(place))
            case .labels: MonitorLane(topic: "labels", partition: Int32(place), role: .labels)
            }
        }
    }

    var isWritten: Bool { zip(lanes, written).allSatisfy { $0.count == $1 } }
}

/// One run's ports to the world.
final class WorldPorts: MonitorSource, MonitorSink, MonitorStore, EngineClock, @unchecked Sendable {
    let world: MonitorWorld
    private var positions: [Int64] = []
    var onWritten: () -> Void = {}

    init(_ world: MonitorWorld) { self.world = world }

    var nanoseconds: Int64 { world.nanoseconds }

    func begin(at positions: [Int64]) throws {
        try world.mayCrash()
        self.positions = positions
    }

    func take(lane: Int, into batch: EventBatch) throws -> MonitorTaken {
        try world.mayCrash()
        let start = Int(positions[lane])
        let end = min(world.written[lane], start + 1 + world.random.below(batch.capacity))
        if end > start {
            batch.append(world.lanes[lane].batch(start..<end))
        }
        positions[lane] = Int64(end)
        return MonitorTaken(position: Int64(end), isAtEnd: end == world.written[lane])
    }

    func wait(milliseconds: Int) throws {
        try world.mayCrash()
        world.nanoseconds += Int64(milliseconds) * 1_000_000
        if world.isWritten { onWritten() }
        for lane in world.lanes.indices {
            // The last lane says nothing for a long time in its middle.
            let isSilent = lane == world.lanes.count - 1 && world.random.below(30) != 0
            if isSilent { continue }
            let rows = world.random.below(2 * world.rowsAWait)
            world.written[lane] = min(world.lanes[lane].count, world.written[lane] + rows)
        }
    }

    func end(lane: Int) -> Int64? { Int64(world.written[lane]) }

    func note(positions: [Int64]) throws { try world.mayCrash() }

    func publishedIDs() throws -> Set<String> {
        try world.mayCrash()
        return Set(world.alerts.map(\.id) + world.performance.map(\.id))
    }

    func openLimit(fingerprint: String) throws -> OpenLimit? {
        try world.mayCrash()
        return world.alerts.last { $0.fingerprint == fingerprint }.flatMap { OpenLimit(newest: $0.data) }
    }

    func recordedClosings() throws -> [LaneClosing] { world.closings }

    func publish(_ alerts: [DriftAlert]) throws {
        for alert in alerts {
            try world.mayCrash()
            world.alerts.append(alert)
            try world.mayCrash()
        }
    }

    func publish(_ records: [PerformanceRecord]) throws {
        for record in records {
            try world.mayCrash()
            world.performance.append(record)
            try world.mayCrash()
        }
    }

    func record(_ closing: LaneClosing) throws {
        try world.mayCrash()
        world.closings.append(closing)
        try world.mayCrash()
    }

    func states() throws -> [[UInt8]] { world.states }

    func save(_ state: [UInt8]) throws {
        try world.mayCrash()
        world.states.insert(state, at: 0)
        if world.states.count > 2 { world.states.removeLast() }
        try world.mayCrash()
    }
}

extension EventBatch {
    /// Copies rows of another batch of the same schema.
    func append(_ other: EventBatch) {
        for row in 0..<other.count {
            let to = count
            count += 1
            eventTimes[to] = other.eventTimes[row]
            recordTimes[to] = other.recordTimes[row]
            offsets[to] = other.offsets[row]
            lanes[to] = other.lanes[row]
            sources[to] = other.sources[row]
            faults[to] = other.faults[row]
            for column in schema.fields.indices {
                presence[column][to] = other.presence[column][row]
                if schema.fields[column].type == .string {
                    let text = other.string(FieldIndex(column), row: row)
                    words[column][to] = text.baseAddress.map { appendString($0, length: text.count) } ?? 0
                } else {
                    words[column][to] = other.words[column][row]
                }
            }
        }
    }
}

import Engine
import Events

@testable import Monitoring

/// Scores that are written when their time has come, in memory, with clocks that outlive a monitor's crashes.
final class LiveWorld {
    let lanes: [[PaymentScores.Row]]
    /// When the events of dead letters were; their lane is the last.
    let letters: [Int64]
    var written: [Int]
    var alerts: [DriftAlert] = []
    var closings: [LaneClosing] = []
    var states: [[UInt8]] = []
    /// The time of day.
    var wall: Int64
    var nanoseconds: Int64 = 0
    var random: RandomWords
    var callsLeft: Int?
    private(set) var crashCount = 0
    /// Whether each effect is cut short once before it and once behind it.
    var crashesAtEffects = false
    private var cut: Set<String> = []
    var saveCount = 0
    /// How far a wait brings the clocks.
    static let step: Int64 = 20_000_000

    init(seed: UInt64) {
        (lanes, letters) = Self.history(seed: seed)
        written = Array(repeating: 0, count: lanes.count + 1)
        random = RandomWords(seed &+ 1_000)
        wall = PaymentScores.start
    }

    func mayCrash() throws {
        guard let left = callsLeft else { return }
        if left <= 0 {
            crashCount += 1
            throw MonitorWorld.Crash()
        }
        callsLeft = left - 1
    }

    func mayCrash(_ place: String) throws {
        if crashesAtEffects, cut.insert(place).inserted {
            crashCount += 1
            throw MonitorWorld.Crash()
        }
        try mayCrash()
    }

    func pass() {
        wall += Self.step
        nanoseconds += Self.step * 1_000
        for (lane, rows) in lanes.enumerated() {
            while written[lane] < rows.count, rows[written[lane]].recordTime <= wall { written[lane] += 1 }
        }
        while written[lanes.count] < letters.count, letters[written[lanes.count]] <= wall { written[lanes.count] += 1 }
    }

    var isOver: Bool {
        zip(lanes, written).allSatisfy { $0.count == $1 && wall > $0[$1 - 1].recordTime + 3_600_000_000 }
    }

    static let freshness: Int64 = 1_500_000_000

    static let plan = PaymentLetters.makePlan { settings in
        settings.limits.rateBelow = .init(events: 900, microseconds: 600_000_000)
        settings.limits.rateAbove = .init(events: 900, microseconds: 300_000_000)
        settings.limits.lagMicroseconds = 300_000_000
        settings.limits.freshnessMicroseconds = freshness
    }

    /// Two a second; many dead letters, a pause, a time in which records come late, a burst, another pause; the risk moves, too.
    private static func history(seed: UInt64) -> (lanes: [[PaymentScores.Row]], letters: [Int64]) {
        var random = RandomWords(seed)
        var scores = PaymentScores(seed: seed, change: .risk, from: 8_000, until: 13_000)
        var lanes = Array(repeating: [PaymentScores.Row](), count: 3)
        var letters: [Int64] = []
        var shift: Int64 = 0
        for number in 0..<24_000 {
            var row = scores.next()
            if number == 6_000 { shift += 2_400_000_000 }
            // Twice as many as before.
            if (15_000..<18_000).contains(number) { shift -= PaymentScores.spacing / 2 }
            if number == 20_000 { shift += 2_000_000_000 }
            row.time += shift
            row.recordTime = row.time + Int64(random.below(2_000)) * 1_000
            if (10_000..<13_000).contains(number) { row.recordTime += 900_000_000 }
            if random.unit() < ((3_000..<6_000).contains(number) ? 0.03 : PaymentLetters.share) {
                letters.append(row.time)
            }
            lanes[random.below(3)].append(row)
        }
        return (lanes.map { rows in rows.sorted { $0.recordTime < $1.recordTime } }, letters.sorted())
    }
}

/// One run's ports to the world; each call may be its last.
final class LivePorts: MonitorSource, MonitorSink, MonitorStore, EngineClock, WallClock, @unchecked Sendable {
    let world: LiveWorld
    private var positions: [Int64] = []
    var onOver: () -> Void = {}

    init(_ world: LiveWorld) { self.world = world }

    var nanoseconds: Int64 { world.nanoseconds }
    var microseconds: Int64 { world.wall }

    func begin(at positions: [Int64]) throws {
        try world.mayCrash()
        self.positions = positions
    }

    func take(lane: Int, into batch: EventBatch) throws -> MonitorTaken {
        try world.mayCrash()
        let start = Int(positions[lane])
        let end = min(world.written[lane], start + 1 + world.random.below(batch.capacity))
        if lane == world.lanes.count {
            PaymentLetters.add(world.letters[start..<end], firstOffset: Int64(start), to: batch)
        } else if end > start {
            batch.append(PaymentScores.batch(world.lanes[lane][start..<end], firstOffset: Int64(start)))
        }
        positions[lane] = Int64(end)
        return MonitorTaken(position: Int64(end), isAtEnd: end == world.written[lane])
    }

    func wait(milliseconds: Int) throws {
        try world.mayCrash()
        world.pass()
        if world.isOver { onOver() }
    }

    func end(lane: Int) -> Int64? { nil }

    func note(positions: [Int64]) throws { try world.mayCrash() }

    func publishedIDs() throws -> Set<String> {
        try world.mayCrash()
        return Set(world.alerts.map(\.id))
    }

    func openLimit(fingerprint: String) throws -> OpenLimit? {
        try world.mayCrash()
        return world.alerts.last { $0.fingerprint == fingerprint }.flatMap { OpenLimit(newest: $0.data) }
    }

    func recordedClosings() throws -> [LaneClosing] { world.closings }

    func publish(_ alerts: [DriftAlert]) throws {
        for alert in alerts {
            try world.mayCrash("before \(alert.id)")
            world.alerts.append(alert)
            try world.mayCrash("behind \(alert.id)")
        }
    }

    func publish(_ records: [PerformanceRecord]) throws {}

    func record(_ closing: LaneClosing) throws {
        try world.mayCrash("before closing \(world.closings.count)")
        world.closings.append(closing)
        try world.mayCrash("behind closing \(world.closings.count)")
    }

    func states() throws -> [[UInt8]] { world.states }

    func save(_ state: [UInt8]) throws {
        try world.mayCrash("before state \(world.saveCount)")
        world.states.insert(state, at: 0)
        world.saveCount += 1
        if world.states.count > 2 { world.states.removeLast() }
        try world.mayCrash("behind state \(world.saveCount)")
    }
}

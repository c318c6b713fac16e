import Testing

@testable import Monitoring

/// Limits as part of a monitor that is killed again and again.
@Suite struct LimitLoopTests {
    private static func run(_ world: LiveWorld, calls: () -> Int?) throws {
        while true {
            world.callsLeft = calls()
            do {
                try runOnce(LivePorts(world))
                return
            } catch is MonitorWorld.Crash {
                continue
            }
        }
    }

    private static let lanes =
        (0..<3).map { MonitorLane(topic: "scores", partition: Int32($0)) }
        + [MonitorLane(topic: "letters", partition: 0, role: .deadLetters)]

    private static func runOnce(_ ports: LivePorts) throws {
        var settings = MonitorLoop.Settings()
        settings.idleNanoseconds = 120_000_000_000
        settings.saveEveryNanoseconds = 300_000_000_000
        settings.batchRows = 64
        let monitor = DriftMonitor(plan: LiveWorld.plan, lanes: lanes)
        let loop = MonitorLoop(
            monitor: monitor, source: ports, sink: ports, store: ports, settings: settings, clock: ports, wall: ports
        ) { _ in }
        if let state = try ports.states().first { try loop.restore(state) }
        ports.onOver = { loop.requestStop() }
        try loop.run()
    }

    /// Of all that follows from the log: without any restart, each lane at one go.
    private static func oracle(_ world: LiveWorld) -> [DriftAlert] {
        let monitor = DriftMonitor(plan: LiveWorld.plan, lanes: lanes)
        monitor.follow(world.closings)
        var alerts: [DriftAlert] = []
        for (lane, rows) in world.lanes.enumerated() {
            monitor.add(PaymentScores.batch(rows, firstOffset: 0), lane: lane, position: Int64(rows.count))
            alerts += monitor.advance()
        }
        monitor.add(
            PaymentLetters.batch(world.letters, firstOffset: 0), lane: 3, position: Int64(world.letters.count))
        return alerts + monitor.advance()
    }

    /// The pauses that are in the log: an alert's start and its end.
    private static func pauses(_ world: LiveWorld) -> [String] {
        let times = world.lanes.flatMap { $0 }.map(\.recordTime).sorted()
        var found: [String] = []
        for (time, next) in zip(times, times.dropFirst() + [.max]) where next - time > LiveWorld.freshness {
            found.append("firing \(MonitorText.time(time + LiveWorld.freshness))")
            if next < .max { found.append("resolved") }
        }
        return found
    }

    private static func check(_ world: LiveWorld, _ context: String) {
        let isFresh = { (alert: DriftAlert) in alert.subject == LimitName.freshness.rawValue }
        let fresh = world.alerts.filter(isFresh)
        let told = fresh.map { $0.state == .firing ? "firing \($0.time)" : "resolved" }
        #expect(told == pauses(world), "\(context)")
        let expected = oracle(world)
        let isLetter = { (alert: DriftAlert) in alert.subject == "dead_letters" }
        // Scores and dead letters are decided each in their order, whichever is ahead.
        let others = world.alerts.filter { !isFresh($0) }
        #expect(others.filter { !isLetter($0) } == expected.filter { !isLetter($0) }, "\(context)")
        #expect(others.filter(isLetter) == expected.filter(isLetter), "\(context)")
        #expect(expected.contains { isLetter($0) && $0.state == .firing }, "\(context)")
        for name in [LimitName.rateBelow, .rateAbove, .lag] {
            let states = expected.filter { $0.subject == name.rawValue }.map(\.state)
            #expect(states.prefix(2) == [.firing, .resolved], "\(context): \(name) \(states)")
        }
        #expect(expected.contains { $0.subject == "score" }, "\(context)")
        #expect(Set(world.alerts.map(\.id)).count == world.alerts.count, "\(context): one was told twice")
    }

    @Test(arguments: [1, 2] as [UInt64])
    func whatIsToldFollowsFromTheLog(seed: UInt64) throws {
        let world = LiveWorld(seed: seed)
        try Self.run(world) { nil }
        Self.check(world, "seed \(seed)")
    }

    @Test(arguments: [3, 4, 5] as [UInt64])
    func crashesRepeatAndLoseNothing(seed: UInt64) throws {
        let world = LiveWorld(seed: seed)
        var runs = 0
        try Self.run(world) {
            runs += 1
            return runs < 60 ? 20 + world.random.below(600) : nil
        }
        #expect(world.crashCount >= 20, "seed \(seed): \(world.crashCount) crashes")
        Self.check(world, "seed \(seed)")
    }

    @Test func aCrashBeforeAndBehindEachEffectChangesNothing() throws {
        let world = LiveWorld(seed: 6)
        world.crashesAtEffects = true
        try Self.run(world) { nil }
        #expect(world.crashCount >= 2 * (world.alerts.count + world.closings.count), "\(world.crashCount) crashes")
        Self.check(world, "seed 6")
    }
}

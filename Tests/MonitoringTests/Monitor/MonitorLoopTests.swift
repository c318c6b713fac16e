import Testing

@testable import Monitoring

/// A monitor that is killed again and again tells the same, each thing once.
@Suite struct MonitorLoopTests {
    /// Runs the world to its end, with a crash after a random number of calls each time.
    static func run(_ world: MonitorWorld, crashes: Bool) throws {
        var runs = 0
        while true {
            runs += 1
            world.callsLeft = crashes && runs < 60 ? 20 + world.random.below(1_200) : nil
            let ports = WorldPorts(world)
            do {
                try runOnce(ports)
                return
            } catch is MonitorWorld.Crash {
                continue
            }
        }
    }

    private static func runOnce(_ ports: WorldPorts) throws {
        var settings = MonitorLoop.Settings()
        settings.idleNanoseconds = 2_000_000_000
        settings.saveEveryNanoseconds = 1_000_000_000
        settings.batchRows = 64
        let monitor = DriftMonitor(plan: ports.world.plan, lanes: ports.world.monitorLanes)
        let loop = MonitorLoop(
            monitor: monitor, source: ports, sink: ports, store: ports, settings: settings, clock: ports
        ) { _ in }
        if let state = try ports.states().first { try loop.restore(state) }
        ports.onWritten = { [weak ports] in
            // Everything is there and time enough has passed for the last closings.
            guard let ports, ports.world.nanoseconds > Self.longEnough else { return }
            loop.requestStop()
        }
        try loop.run()
    }

    private static let longEnough: Int64 = 60_000_000_000

    /// What the lanes and the closings in the world give without any restart.
    static func oracle(_ world: MonitorWorld) -> [DriftAlert] { toldWithoutRestart(world).alerts }

    static func toldWithoutRestart(_ world: MonitorWorld) -> LabelMonitorTests.Told {
        let monitor = DriftMonitor(plan: world.plan, lanes: world.monitorLanes)
        monitor.follow(world.closings)
        var told = LabelMonitorTests.Told()
        for (lane, rows) in world.lanes.enumerated() {
            monitor.add(rows.batch(0..<rows.count), lane: lane, position: Int64(rows.count))
            told.alerts += monitor.advance()
            told.performance += monitor.takePerformance()
        }
        return told
    }

    @Test(arguments: [21, 22] as [UInt64])
    func crashesAmongLabelsRepeatAndLoseNothing(seed: UInt64) throws {
        let log = LabelMonitorTests.Log(seed: seed, events: 26_000, change: .labels, from: 6_000, until: 14_000)
        let world = MonitorWorld(log.scores, labels: log.labels, seed: seed, rowsAWait: 60)
        try Self.run(world, crashes: true)
        #expect(world.crashCount >= 20, "seed \(seed): \(world.crashCount) crashes")
        #expect(
            world.closings.contains { $0.topic == "labels" }, "seed \(seed): the silent lane of labels was never closed"
        )
        let expected = Self.toldWithoutRestart(world)
        #expect(expected.alerts.contains(where: LabelMonitorTests.Told.isLabelled), "seed \(seed)")
        #expect(expected.performance.contains { $0.isMeasured }, "seed \(seed)")
        let told = LabelMonitorTests.Told(alerts: world.alerts, performance: world.performance)
        #expect(told == expected, "seed \(seed): \(told.alerts.map(\.subject)) \(expected.alerts.map(\.subject))")
        #expect(Set(told.performance.map(\.id)).count == told.performance.count)
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func crashesRepeatAndLoseNothing(seed: UInt64) throws {
        let lanes = MonitorDeterminismTests.lanes(seed: seed)
        let world = MonitorWorld(lanes, seed: seed, rowsAWait: 60)
        try Self.run(world, crashes: true)
        #expect(world.crashCount >= 20, "seed \(seed): \(world.crashCount) crashes")
        #expect(!world.closings.isEmpty, "seed \(seed): the silent lane was never closed")
        let expected = Self.oracle(world)
        #expect(expected.contains { $0.state == .firing }, "seed \(seed)")
        #expect(world.alerts == expected, "seed \(seed): \(world.alerts.map(\.id)) \(expected.map(\.id))")
    }

    /// Planted: a monitor that looks away from what was recorded tells something else, and the test sees it.
    @Test func closingsThatAreForgottenAreNoticed() throws {
        let world = MonitorWorld(MonitorDeterminismTests.lanes(seed: 2), seed: 2, rowsAWait: 60)
        try Self.run(world, crashes: false)
        let told = world.alerts
        let expected = Self.oracle(world)
        #expect(told == expected)
        world.closings = []
        #expect(Self.oracle(world) != expected)
    }
}

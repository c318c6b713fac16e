import Testing

@testable import Monitoring

/// From how a monitor stands to what is exposed.
@Suite struct MonitorMetricsTests {
    private static func value(_ metrics: MonitorMetrics, _ series: String) -> Double? {
        let line = metrics.text().split(separator: "\n").first { $0.hasPrefix(series + " ") }
        return line.flatMap { Double($0.dropFirst(series.count + 1)) }
    }

    private static func lines(_ metrics: MonitorMetrics, _ name: String) -> [(labels: String, value: Double)] {
        metrics.text().split(separator: "\n").compactMap { line in
            guard line.hasPrefix(name + "{"), let space = line.lastIndex(of: " "),
                let value = Double(line[line.index(after: space)...])
            else { return nil }
            return (String(line[line.index(line.startIndex, offsetBy: name.count)..<space]), value)
        }
    }

    /// Reads what the world holds, until it is all there or `stop` says so.
    private static func run(
        _ world: MonitorWorld, into metrics: MonitorMetrics, stop: @escaping (MonitorStatus) -> Bool = { _ in false }
    ) throws -> DriftMonitor {
        var settings = MonitorLoop.Settings()
        settings.idleNanoseconds = 2_000_000_000
        settings.saveEveryNanoseconds = 1_000_000_000
        settings.statusEveryNanoseconds = 500_000_000
        settings.batchRows = 64
        let ports = WorldPorts(world)
        let monitor = DriftMonitor(plan: world.plan, lanes: world.monitorLanes)
        var requestStop: () -> Void = {}
        let loop = MonitorLoop(
            monitor: monitor, source: ports, sink: ports, store: ports, settings: settings, clock: ports
        ) { notice in
            metrics.hear(notice)
            if case .stands(let status) = notice, stop(status) { requestStop() }
        }
        requestStop = { [weak loop] in loop?.requestStop() }
        if let state = try ports.states().first { try loop.restore(state) }
        ports.onWritten = { [weak ports, weak loop] in
            if let ports, ports.world.nanoseconds > 60_000_000_000 { loop?.requestStop() }
        }
        try loop.run()
        return monitor
    }

    @Test func whatIsReadAndToldIsCounted() throws {
        let log = LabelMonitorTests.Log(seed: 5, events: 26_000, change: .labels, from: 6_000, until: 14_000)
        let world = MonitorWorld(log.scores, labels: log.labels, seed: 5, rowsAWait: 60)
        let metrics = MonitorMetrics(pipeline: "p")
        let monitor = try Self.run(world, into: metrics)
        for (index, lane) in world.monitorLanes.enumerated() {
            let place = #"{pipeline="p",topic="\#(lane.topic)",partition="\#(lane.partition)"}"#
            #expect(Self.value(metrics, "riffle_monitor_records_total\(place)") == Double(world.lanes[index].count))
            #expect(Self.value(metrics, "riffle_monitor_lag_offsets\(place)") == 0)
        }
        #expect(!world.alerts.isEmpty)
        for state in AlertRecordState.allCases {
            let counted = Self.lines(metrics, "riffle_drift_alerts_total").filter { $0.labels.contains("\"\(state)\"") }
            #expect(counted.reduce(0) { $0 + $1.value } == Double(world.alerts.count { $0.state == state }))
        }
        let active = Self.lines(metrics, "riffle_drift_alert_active")
        #expect(active.reduce(0) { $0 + $1.value } == Double(monitor.openAlerts.count))
        #expect(active.count == world.plan.series.count)
        let evidence = Self.lines(metrics, "riffle_drift_evidence_ratio")
        #expect(evidence.count == world.plan.series.count)
        #expect(evidence.allSatisfy { (0...1.5).contains($0.value) } && evidence.contains { $0.value > 0 })
        let counts = try #require(monitor.labelCounts)
        #expect(counts.joined > 1_000)
        #expect(
            Self.value(metrics, #"riffle_monitor_labels_total{pipeline="p",outcome="joined"}"#) == Double(counts.joined)
        )
        #expect(Self.value(metrics, #"riffle_monitor_watermark_timestamp_seconds{pipeline="p"}"#) ?? 0 > 1e9)
        #expect(Self.value(metrics, #"riffle_monitor_states_saved_total{pipeline="p"}"#) ?? 0 > 1)
    }

    /// A second process begins with the state of the first, and counts from 0.
    @Test func aStateCountsOnAndAProcessFromZero() throws {
        let log = LabelMonitorTests.Log(seed: 6, events: 12_000, change: .labels, from: 9_000, until: 9_500)
        let world = MonitorWorld(log.scores, labels: log.labels, seed: 6, rowsAWait: 60)
        let first = MonitorMetrics(pipeline: "p")
        let before = try Self.run(world, into: first) { ($0.labels?.joined ?? 0) >= 400 }
        let known = try #require(before.labelCounts).joined
        #expect(known >= 400)
        let second = MonitorMetrics(pipeline: "p")
        let after = try Self.run(world, into: second)
        let all = try #require(after.labelCounts).joined
        let joined = #"riffle_monitor_labels_total{pipeline="p",outcome="joined"}"#
        #expect(Self.value(first, joined) == Double(known))
        #expect(Self.value(second, joined) == Double(all - known), "\(known) before, \(all) in all")
    }

    /// Without anybody who looks nothing is computed.
    @Test func nobodyIsToldHowItStandsUnasked() throws {
        let world = MonitorWorld(MonitorDeterminismTests.lanes(seed: 1), seed: 1, rowsAWait: 600)
        let ports = WorldPorts(world)
        var settings = MonitorLoop.Settings()
        settings.endsAtEnd = true
        var heard = 0
        let loop = MonitorLoop(
            monitor: DriftMonitor(plan: world.plan, lanes: world.monitorLanes), source: ports, sink: ports, store: nil,
            settings: settings, clock: ports
        ) { if case .stands = $0 { heard += 1 } }
        try loop.run()
        #expect(heard == 0)
    }
}

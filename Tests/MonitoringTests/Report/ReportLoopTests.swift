import Testing

@testable import Monitoring

/// When a service makes its pages.
@Suite struct ReportLoopTests {
    private struct Full: Error {}

    private struct Seen {
        var pages: [Int] = []
        var failures = 0
    }

    /// A world of two lanes, which is over in some 60 s of its own time.
    private static func run(every seconds: Int64?, fails: Bool = false, asks: Bool = false) throws -> (
        seen: Seen, world: MonitorWorld, rows: Int
    ) {
        var scores = PaymentScores(seed: 4, change: .risk, from: 1_000)
        let rows = (0..<4_000).map { _ in scores.next() }
        let lanes = [rows.filter { $0.number % 2 == 0 }, rows.filter { $0.number % 2 == 1 }]
        let world = MonitorWorld(lanes, seed: 3, rowsAWait: 60)
        let ports = WorldPorts(world)
        var settings = MonitorLoop.Settings()
        settings.idleNanoseconds = 2_000_000_000
        settings.batchRows = 64
        settings.reportEveryNanoseconds = seconds.map { $0 * 1_000_000_000 }
        let monitor = DriftMonitor(plan: world.plan, lanes: world.monitorLanes)
        var seen = Seen()
        let loop = MonitorLoop(
            monitor: monitor, source: ports, sink: ports, store: ports, settings: settings, clock: ports,
            onReport: { report in
                if fails { throw Full() }
                seen.pages.append(report.tally.rows)
            },
            onNotice: { if case .reportNotWritten = $0 { seen.failures += 1 } })
        ports.onWritten = { [weak ports] in
            guard let ports else { return }
            if asks, seen.pages.isEmpty {
                loop.requestReport()
                return
            }
            if ports.world.nanoseconds > 30_000_000_000 { loop.requestStop() }
        }
        try loop.run()
        return (seen, world, monitor.tally.rows)
    }

    @Test func thereIsOneAtTheEndAndOneWhenItIsAskedFor() throws {
        let quiet = try Self.run(every: nil)
        #expect(quiet.rows > 0 && quiet.seen.pages == [quiet.rows], "\(quiet.seen.pages), \(quiet.rows) rows")
        let asked = try Self.run(every: nil, asks: true)
        #expect(asked.seen.pages.count == 2 && asked.seen.pages.last == asked.rows, "\(asked.seen.pages)")
    }

    @Test func pagesComeAsOftenAsTheyAreAskedFor() throws {
        let (seen, world, rows) = try Self.run(every: 2)
        // One each two seconds of the world's time, which goes on in steps of a tenth; and one at the end.
        let wanted = Int(world.nanoseconds / 2_000_000_000) + 1
        #expect((wanted - wanted / 10...wanted).contains(seen.pages.count), "\(seen.pages.count) of \(wanted)")
        #expect(zip(seen.pages, seen.pages.dropFirst()).allSatisfy(<=) && seen.pages.last == rows)
    }

    @Test func aPageThatCannotBeWrittenCostsNobodyAnAlert() throws {
        let (seen, world, _) = try Self.run(every: 1, fails: true)
        #expect(seen.pages.isEmpty && seen.failures > 10)
        #expect(world.alerts.map(\.id) == (try Self.run(every: nil).world.alerts.map(\.id)))
        #expect(!world.alerts.isEmpty)
    }
}

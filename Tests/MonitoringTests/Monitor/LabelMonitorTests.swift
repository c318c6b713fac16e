import Drift
import Foundation
import Testing

@testable import Monitoring

/// A monitor that reads labels: what is told of them depends on what the lanes hold, and on nothing else.
@Suite struct LabelMonitorTests {
    static let scoreLanes = 2
    static let labelLanes = 2
    static let lanes =
        (0..<scoreLanes).map { MonitorLane(topic: "scores", partition: Int32($0)) }
        + (0..<labelLanes).map { MonitorLane(topic: "labels", partition: Int32($0), role: .labels) }

    struct Log {
        var scores: [[PaymentScores.Row]] = []
        var labels: [[PaymentLabels.Row]] = []

        init(seed: UInt64, events: Int, change: PaymentScores.Change, from: Int = 12_000, until: Int = 22_000) {
            var source = PaymentScores(seed: seed, change: change, from: from, until: until)
            let rows = (0..<events).map { _ in source.next() }
            scores = (0..<scoreLanes).map { lane in rows.filter { $0.number % scoreLanes == lane } }
            let known = PaymentLabels.rows(of: rows, seed: seed &+ 5)
            labels = (0..<labelLanes).map { lane in known.filter { $0.number / 3 % labelLanes == lane } }
        }

        func count(_ lane: Int) -> Int { lane < scoreLanes ? scores[lane].count : labels[lane - scoreLanes].count }

        func give(_ range: Range<Int>, of lane: Int, to monitor: DriftMonitor) {
            let batch =
                lane < scoreLanes
                ? PaymentScores.batch(scores[lane][range], firstOffset: Int64(range.lowerBound))
                : PaymentLabels.batch(labels[lane - scoreLanes][range], firstOffset: Int64(range.lowerBound))
            monitor.add(batch, lane: lane, position: Int64(range.upperBound))
        }
    }

    struct Told: Equatable {
        var alerts: [DriftAlert] = []
        var performance: [PerformanceRecord] = []

        /// Those of labels and those of scores each have their order; which come first does not matter.
        static func == (one: Told, two: Told) -> Bool {
            func parts(_ told: Told) -> [[DriftAlert]] {
                [told.alerts.filter { isLabelled($0) }, told.alerts.filter { !isLabelled($0) }]
            }
            func records(_ told: Told) -> [[PerformanceRecord]] {
                [told.performance.filter(\.isMeasured), told.performance.filter { !$0.isMeasured }]
            }
            return parts(one) == parts(two) && records(one) == records(two)
        }

        static func isLabelled(_ alert: DriftAlert) -> Bool {
            ["positives", "precision(block)", "recall(block)"].contains(alert.subject)
        }
    }

    /// Feeds pieces of random lengths from random lanes; a label lane may be far ahead of the scores, and behind them.
    static func run(_ log: Log, seed: UInt64, piece: Int, restarts: Bool = false) throws -> Told {
        var random = RandomWords(seed)
        var monitor = DriftMonitor(plan: PaymentMonitor.labelled, lanes: lanes)
        var places = lanes.map { _ in 0 }
        var told = Told()
        func take(_ alerts: [DriftAlert]) {
            told.alerts += alerts
            told.performance += monitor.takePerformance()
        }
        while true {
            let open = lanes.indices.filter { places[$0] < log.count($0) }
            if open.isEmpty { break }
            let lane = open[random.below(open.count)]
            let end = min(log.count(lane), places[lane] + 1 + random.below(piece))
            log.give(places[lane]..<end, of: lane, to: monitor)
            places[lane] = end
            take(monitor.advance())
            if restarts, random.below(5) == 0 {
                let next = DriftMonitor(plan: PaymentMonitor.labelled, lanes: lanes)
                let bytes = monitor.stateBytes()
                try next.restore(bytes)
                #expect(next.stateBytes() == bytes)
                monitor = next
            }
        }
        take(monitor.finish())
        return told
    }

    @Test func fraudThatNoScoreShowsIsToldByItsLabels() throws {
        let told = try Self.run(Log(seed: 1, events: 50_000, change: .labels, until: 18_000), seed: 1, piece: 2_000)
        let raised = told.alerts.filter { $0.state == .firing }
        #expect(!raised.isEmpty && raised.allSatisfy(Told.isLabelled), "\(raised.map(\.subject))")
        // Nobody but the labels knows: the blocked are fraud less often, and fraud is blocked less often.
        #expect(Set(raised.map(\.subject)).isSuperset(of: ["recall(block)"]), "\(raised.map(\.subject))")
        let recall = try #require(raised.first { $0.subject == "recall(block)" })
        let data = try #require(try JSONSerialization.jsonObject(with: recall.data) as? [String: Any])
        let evidence = try #require(data["evidence"] as? [String: Any])
        #expect(evidence["direction"] as? String == "down" && data["severity"] as? String == "critical")
        #expect(told.alerts.contains { $0.subject == "recall(block)" && $0.state == .resolved })
    }

    @Test(arguments: [11, 12] as [UInt64])
    func whatIsAsBeforeIsNotTold(seed: UInt64) throws {
        let told = try Self.run(Log(seed: seed, events: 30_000, change: .none), seed: 1, piece: 3_000)
        #expect(told.alerts.isEmpty, "seed \(seed): \(told.alerts.map(\.subject))")
        #expect(!told.performance.isEmpty)
    }

    @Test(arguments: [3, 4] as [UInt64])
    func neitherPaceNorRestartsMatter(seed: UInt64) throws {
        let log = Log(seed: seed, events: 30_000, change: .labels, from: 6_000, until: 14_000)
        let first = try Self.run(log, seed: 100, piece: 4_000)
        #expect(first.alerts.contains(where: Told.isLabelled), "seed \(seed)")
        #expect(try Self.run(log, seed: 101, piece: 300) == first, "seed \(seed)")
        #expect(try Self.run(log, seed: 102, piece: 15_000) == first, "seed \(seed)")
        #expect(try Self.run(log, seed: 103, piece: 1_500, restarts: true) == first, "seed \(seed)")
    }

    /// Each window beside a plain count of its payments and labels.
    @Test func windowsSayWhatTheirPaymentsWere() throws {
        let log = Log(seed: 9, events: 30_000, change: .none)
        let told = try Self.run(log, seed: 5, piece: 5_000)
        let known = Dictionary(
            log.labels.flatMap(\.self).map { ($0.number, $0.isFraud) }, uniquingKeysWith: { one, _ in one })
        var windows: [Int64: [PaymentScores.Row]] = [:]
        for row in log.scores.flatMap(\.self) { windows[row.time / PaymentLabels.hour, default: []].append(row) }
        let measured = told.performance.filter(\.isMeasured)
        #expect(measured.count == windows.count)
        let estimated = told.performance.filter { !$0.isMeasured }
        #expect(estimated.count == windows.count)
        for (place, hour) in windows.keys.sorted().enumerated() {
            let rows = windows[hour] ?? []
            let data = try #require(try JSONSerialization.jsonObject(with: measured[place].data) as? [String: Any])
            let total = try #require(data["performance"] as? [String: Any])
            let labelled = rows.filter { known[$0.number] != nil }
            let blocked = labelled.filter(\.isBlocked)
            let found = blocked.filter { known[$0.number] == true }.count
            let frauds = labelled.filter { known[$0.number] == true }.count
            #expect(total["events"] as? Int == rows.count && total["labelled"] as? Int == labelled.count)
            #expect(total["positives"] as? Int == frauds)
            let decisions = try #require(total["decisions"] as? [String: [String: Any]])
            expectEqual(decisions["block"]?["precision"], Double(found) / Double(blocked.count))
            expectEqual(decisions["block"]?["recall"], Double(found) / Double(frauds))
            let counts = LabelledCounts(
                scores: labelled.map(\.score), labels: labelled.map { known[$0.number] == true })
            expectEqual(total["roc_auc"], counts.rocAUC ?? .nan)
            try expectEstimate(estimated[place], of: rows)
        }
    }

    /// Equal but for the last digits, which reading JSON may change.
    private func expectEqual(_ found: Any?, _ wanted: Double) {
        #expect(abs((found as? Double ?? .nan) - wanted) <= 1e-9 * wanted, "\(String(describing: found)) \(wanted)")
    }

    private func expectEstimate(_ record: PerformanceRecord, of rows: [PaymentScores.Row]) throws {
        let map = try #require(PaymentMonitor.labelledReference.calibration)
        let sum = rows.reduce(0) { $0 + map.probability(of: $1.score) }
        let found = rows.filter(\.isBlocked).reduce(0) { $0 + map.probability(of: $1.score) }
        let data = try #require(try JSONSerialization.jsonObject(with: record.data) as? [String: Any])
        let expected = try #require(data["expected"] as? [String: Any])
        #expect(data["events"] as? Int == rows.count)
        expectEqual(expected["positives"], sum)
        expectEqual(expected["recall"], found / sum)
        #expect((expected["blind_to"] as? String)?.isEmpty == false)
    }

    /// A side that is ahead waits, and what it holds is bounded; the other is never told to wait for it.
    @Test func whoIsAheadWaits() throws {
        let log = Log(seed: 2, events: 60_000, change: .none)
        var join = PaymentLabels.plan.join
        join = LabelJoinPlan(
            decisions: join.decisions, bucket: join.bucket, within: join.within, window: join.window, pendingMax: 2_000)
        let plan = PaymentMonitor.makePlan(labels: LabelPlan(join: join, columns: PaymentLabels.plan.columns))
        for leading in [0, Self.scoreLanes] {
            let monitor = DriftMonitor(plan: plan, lanes: Self.lanes)
            var places = Self.lanes.map { _ in 0 }
            let side = leading == 0 ? 0..<Self.scoreLanes : Self.scoreLanes..<Self.lanes.count
            var steps = 0
            while true {
                let free = side.filter { !monitor.mustWait(lane: $0, openBucketsMax: 64) && places[$0] < log.count($0) }
                guard let lane = free.min(by: { places[$0] < places[$1] }) else { break }
                let end = min(log.count(lane), places[lane] + 256)
                log.give(places[lane]..<end, of: lane, to: monitor)
                places[lane] = end
                _ = monitor.advance()
                steps += 1
            }
            #expect(places[side.lowerBound] < log.count(side.lowerBound), "lane \(leading) was never held")
            let queued = monitor.labels?.join.queuedRows ?? 0
            #expect(queued > 1_000 && queued < 4_000, "\(queued) rows after \(steps) steps")
            for lane in Self.lanes.indices where !side.contains(lane) {
                #expect(!monitor.mustWait(lane: lane, openBucketsMax: 64), "lane \(lane) waits for those that wait")
            }
        }
    }
}

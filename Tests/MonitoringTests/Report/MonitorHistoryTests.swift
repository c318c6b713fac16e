import Drift
import Testing

@testable import Monitoring

@Suite struct MonitorHistoryTests {
    private static func rows(_ scores: PaymentScores, _ count: Int) -> [PaymentScores.Row] {
        var scores = scores
        return (0..<count).map { _ in scores.next() }
    }

    /// Against counting the rows themselves.
    @Test func slotsHoldWhatWasInTheirTime() throws {
        let history = try #require(ReportWorld.moved.history)
        let rows = Self.rows(PaymentScores(seed: 5, change: .risk, from: 12_000, until: 20_000), 30_000)
        func slot(_ time: Int64) -> Int64 { time / history.slotWidth }
        let index = try #require(PaymentMonitor.plan.series.firstIndex { $0.name.description == "amount" })
        var events: [Int64: Int] = [:]
        var missing: [Int64: Int] = [:]
        for row in rows {
            if row.amount == nil {
                missing[slot(row.time), default: 0] += 1
            } else {
                events[slot(row.time), default: 0] += 1
            }
        }
        let entries = history.series[index].entries
        #expect(Dictionary(uniqueKeysWithValues: entries.map { ($0.slot, $0.value.events) }) == events)
        let found = entries.filter { $0.value.missing > 0 }.map { ($0.slot, $0.value.missing) }
        #expect(Dictionary(uniqueKeysWithValues: found) == missing)
        #expect(history.flow.entries.reduce(0) { $0 + $1.value.rows } == 30_000)
        #expect(history.versions == [30_000])
        #expect(history.period?.lowerBound == PaymentScores.start)
    }

    @Test(arguments: [0.05, 0.5, 0.95])
    func quantilesAreThoseOfTheRowsWithinABin(share: Double) throws {
        let monitor = ReportWorld.moved
        let report = try #require(MonitorReport(monitor))
        let series = try #require(report.series.first { $0.name == "risk" })
        let rows = Self.rows(PaymentScores(seed: 5, change: .risk, from: 12_000, until: 20_000), 30_000)
        let values = rows.map(\.risk).sorted()
        let truth = values[Int(share * Double(values.count))]
        let found = try #require(series.quantile(share, of: series.total.bins))
        // A bin is at most a 128th of the reference's mass or of its range of 12.
        #expect(abs(found - truth) < 0.1, "\(found) for \(truth)")
    }

    /// Kept for a year in as few slots as for an hour, at one level for all series.
    @Test func aLongHistoryIsCoarserAndNotLonger() {
        let history = MonitorHistory(PaymentMonitor.plan, slotsMost: 24)
        let width = PaymentMonitor.plan.settings.bucketMicroseconds
        let cells = PaymentMonitor.plan.series.map { Array(repeating: 1, count: $0.cellCount) }
        for bucket in 0..<500 {
            let start = PaymentScores.start + Int64(bucket) * width
            for index in cells.indices where bucket % (index + 1) == 0 {
                history.take(index, cells: cells[index], start: start, evidence: Double(bucket))
            }
        }
        #expect(history.series.allSatisfy { $0.entries.count <= 24 })
        #expect(history.series[0].entries.count > 12)
        #expect(history.slotWidth == width << Int64(history.level) && history.level == 5)
        for index in cells.indices {
            let buckets = (0..<500).filter { $0 % (index + 1) == 0 }
            let entries = history.series[index].entries
            #expect(entries.reduce(0) { $0 + $1.value.events } == buckets.count * cells[index].count)
            #expect(entries.last?.value.evidence == Double(buckets.last ?? 0))
        }
    }

    @Test func absurdTimesAreNoTrap() {
        let history = MonitorHistory(PaymentMonitor.plan, slotsMost: 24)
        let cells = Array(repeating: 1, count: PaymentMonitor.plan.series[0].cellCount)
        let times: [Int64] =
            (0..<40).map { $0 * 9_000_000_000_000_000 } + [-62_135_596_800_000_000, 253_402_300_799_000_000]
        for time in times { history.take(0, cells: cells, start: time, evidence: .infinity) }
        #expect(history.series[0].entries.count <= 24)
        #expect(history.series[0].entries.reduce(0) { $0 + $1.value.events } == times.count * cells.count)
        #expect(history.series[0].entries.allSatisfy { $0.value.evidence.isFinite })
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func binsAreSharpWhereTheReferenceIsDenseAndWhereItIsNot(seed: UInt64) {
        var random = RandomWords(seed)
        let counts = (0..<1_001).map { cell in cell < 20 ? random.below(50_000) : random.below(10) == 0 ? 1 : 0 }
        let bins = HistoryBins(counts: counts, lastCells: HistoryBins.ends(counts, parts: 128))
        #expect(bins.count <= 260 && bins.lastCells.last == 1_000)
        #expect(bins.reference.reduce(0, +) == counts.reduce(0, +))
        for cell in counts.indices { #expect(bins.cells(ofBin: Int(bins.binOfCell[cell])).contains(cell)) }
        #expect(bins.cells(ofBin: 0) == 0..<1 && bins.cells(ofBin: bins.count - 1) == 1_000..<1_001)
        let total = counts.reduce(0, +)
        for bin in 0..<bins.count where bins.cells(ofBin: bin).count > 1 {
            #expect(bins.cells(ofBin: bin).count <= 8, "seed \(seed)")
            let last = counts[bins.lastCells[bin]]
            #expect(bins.reference[bin] - last <= total / 128 + 1, "seed \(seed): \(bins.cells(ofBin: bin))")
        }
    }

    @Test func intervalsAreWilsons() throws {
        // 8 of 10, and 0 of 20, as statsmodels' proportion_confint(method="wilson") has them.
        let some = try #require(ShareInterval(share: 0.8, events: 10))
        #expect(abs(some.lowest - 0.490162471536642) < 1e-9 && abs(some.highest - 0.943317848545625) < 1e-9)
        let none = try #require(ShareInterval(share: 0, events: 20))
        #expect(none.lowest == 0 && abs(none.highest - 0.161125158052819) < 1e-9)
        #expect(ShareInterval(share: nil, events: 10) == nil && ShareInterval(share: 1, events: 0) == nil)
    }
}

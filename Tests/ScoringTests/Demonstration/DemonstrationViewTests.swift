import Events
import Testing

@testable import Scoring

struct DemonstrationViewTests {
    private var frame: DemonstrationFrame {
        var snapshot = DemonstrationSnapshot()
        snapshot.phase = .live
        snapshot.pipeline = "card-fraud"
        snapshot.address = "127.0.0.1:40165"
        snapshot.scoreTopic = "card.scores"
        snapshot.nanoseconds = 72_500_000_000
        snapshot.published = 413_230
        snapshot.consumed = 413_224
        snapshot.scored = 413_221
        snapshot.deadLettered = 3
        snapshot.eventTime = EventTime(microseconds: 950_000_000_000_000)
        snapshot.latency = LatencyPercentiles(p50: 1_860, p95: 3_420, p99: 12_300)
        snapshot.bins = [23_120, 321, 98, 40, 0, 12, 9, 14, 1, 133]
        snapshot.decisions = [
            DecisionCount(name: "block", events: 133, frauds: 131),
            DecisionCount(name: "review", events: 36, frauds: 20),
            DecisionCount(name: "allow", events: 23_579, frauds: 160),
        ]
        snapshot.faults = [FaultCount(name: "invalid-json", events: 2), FaultCount(name: "wrong-type", events: 1)]
        snapshot.hasLabels = true
        return DemonstrationFrame(
            snapshot: snapshot, eventsPerSecond: 2_003.4, flaggedShares: [0, 0.001, 0.002, 0.004, 0.008, 0.007])
    }

    @Test func liveFrame() {
        let expected = """
            riffle demo  card-fraud  live  1 min 12 s

            events     2,003/s   413,221 scored   lag 6   at 2000-02-08T08:53
            latency    p50 1.9 ms   p95 3.4 ms   p99 12 ms   intended send to score computed

            score      0.0-0.1  █████████████████████████████████████████████████     23,120
            log scale  0.1-0.2  ████████████████████████████                             321
                       0.2-0.3  ██████████████████████                                    98
                       0.3-0.4  ██████████████████                                        40
                       0.4-0.5                                                             0
                       0.5-0.6  █████████████                                             12
                       0.6-0.7  ███████████                                                9
                       0.7-0.8  █████████████                                             14
                       0.8-0.9  ███                                                        1
                       0.9-1.0  ████████████████████████                                 133

            decisions  block           133   0.56 %   98 % of them fraud
                       review           36   0.15 %   56 % of them fraud
                       allow        23,579   99.3 %   0.68 % of them fraud
            flagged    ▁▂▃▅█▇  0.7 % now
            dead       3 dead letters: invalid-json 2, wrong-type 1
            merge      nothing is waited for long

            kafka      127.0.0.1:40165   kcat -C -b 127.0.0.1:40165 -t card.scores -o end
            Ctrl-C ends it in order
            """
        let lines = DemonstrationView(width: 80).lines(frame)
        #expect(lines.joined(separator: "\n") == expected)
    }

    /// Where labels come later, by themselves: what is known of which decisions, and what is waited for.
    @Test func labelsAndWaits() {
        var later = frame
        later.snapshot.decisions[0].labelled = 40
        later.snapshot.decisions[0].frauds = 30
        later.snapshot.decisions[1].labelled = 0
        later.snapshot.labels = LabelCount()
        let view = DemonstrationView(width: 80)
        #expect(view.lines(later).contains("labels     none is known yet"))
        later.snapshot.labels = LabelCount(
            known: 61_200, frauds: 459, eventTime: EventTime(microseconds: 949_500_000_000_000))
        later.snapshot.waits = ["2 times, 0.6 s"]
        let lines = view.lines(later)
        #expect(lines.contains("decisions  block           133   0.56 %   75 % of 40 labelled fraud"))
        #expect(lines.contains("           review           36   0.15 %"))
        #expect(lines.contains("labels     61,200 known   0.75 % fraud   of payments up to 2000-02-02T14:00"))
        #expect(lines.contains("merge      2 times, 0.6 s"))
        #expect(lines.count == view.lines(frame).count + 1)
        #expect(DemonstrationView.line(later).contains("  413,221 scored  61,200 labels  p50"))
    }

    @Test func beginningAndWarmUp() {
        var early = DemonstrationFrame(snapshot: DemonstrationSnapshot())
        early.snapshot.pipeline = "card-fraud"
        early.snapshot.bins = Array(repeating: 0, count: 10)
        let view = DemonstrationView(width: 80)
        #expect(
            view.lines(early).first
                == "riffle demo  card-fraud  starting: the pipeline joins its group, about 3 s  0 s")
        early.snapshot.phase = .warmingUp(0.42)
        let lines = view.lines(early)
        #expect(lines.first == "riffle demo  card-fraud  warming up on history ████████░░░░░░░░░░░░ 42 %  0 s")
        #expect(lines.contains("latency    measured once it is live"))
        #expect(lines.contains("flagged    the share a second, once it is live"))
        #expect(lines.contains("dead       0 dead letters"))
    }

    @Test(arguments: [20, 33, 47, 60, 79, 120, 200])
    func noLineIsWiderThanTheTerminal(_ width: Int) {
        let plain = DemonstrationView(width: width).lines(frame)
        #expect(plain.allSatisfy { $0.count <= width })
        #expect(plain.allSatisfy { $0.last != " " })
        let coloured = DemonstrationView(width: width, usesColour: true).lines(frame)
        #expect(coloured.joined().contains("\u{1B}[31m"))
        // Without its colours it is the same.
        #expect(coloured.map(withoutColours) == plain)
    }

    @Test func heightIsKept() {
        #expect(DemonstrationView(width: 80, height: 7).lines(frame).count == 7)
        #expect(DemonstrationView(width: 80, height: 0).lines(frame).count == 1)
    }

    @Test func lineForAPipe() {
        #expect(
            DemonstrationView.line(frame)
                == "1 min 12 s  live  2,003 events/s  413,221 scored  p50 1.9 ms p99 12 ms  flagged 0.71 %  "
                + "3 dead letters")
    }

    private func withoutColours(_ text: String) -> String {
        var result = ""
        var isEscape = false
        for character in text {
            if character == "\u{1B}" { isEscape = true }
            if !isEscape { result.append(character) }
            if isEscape && character == "m" { isEscape = false }
        }
        return result
    }
}

struct DemonstrationMeterTests {
    private func snapshot(
        second: Double, consumed: Int, flagged: Int, phase: DemonstrationPhase = .live
    ) -> DemonstrationSnapshot {
        var snapshot = DemonstrationSnapshot()
        snapshot.phase = phase
        snapshot.nanoseconds = Int64(second * 1e9)
        snapshot.consumed = consumed
        snapshot.decisions = [
            DecisionCount(name: "block", events: flagged, frauds: 0),
            DecisionCount(name: "allow", events: consumed - flagged, frauds: 0),
        ]
        return snapshot
    }

    @Test func rateIsOfTheLastTwoSeconds() {
        var meter = DemonstrationMeter()
        #expect(meter.frame(snapshot(second: 0, consumed: 0, flagged: 0)).eventsPerSecond == 0)
        for step in 1...20 { _ = meter.frame(snapshot(second: Double(step) / 4, consumed: step * 250, flagged: 0)) }
        #expect(meter.frame(snapshot(second: 5.25, consumed: 5_250, flagged: 0)).eventsPerSecond == 1_000)
        // A change shows wholly after two seconds.
        for step in 1...8 { _ = meter.frame(snapshot(second: 5.25 + Double(step) / 4, consumed: 5_250, flagged: 0)) }
        #expect(meter.frame(snapshot(second: 7.5, consumed: 5_250, flagged: 0)).eventsPerSecond == 0)
    }

    @Test func trendHasOneShareASecond() {
        var meter = DemonstrationMeter()
        _ = meter.frame(snapshot(second: 0, consumed: 500, flagged: 250, phase: .warmingUp(0.5)))
        _ = meter.frame(snapshot(second: 0.5, consumed: 0, flagged: 0))
        _ = meter.frame(snapshot(second: 1, consumed: 50, flagged: 50))
        _ = meter.frame(snapshot(second: 1.5, consumed: 100, flagged: 50))
        #expect(meter.frame(snapshot(second: 2.5, consumed: 200, flagged: 75)).flaggedShares == [0.5, 0.25])
        // A second without events says nothing.
        #expect(meter.frame(snapshot(second: 4, consumed: 200, flagged: 75)).flaggedShares == [0.5, 0.25])
        for second in 5..<100 {
            _ = meter.frame(snapshot(second: Double(second), consumed: second * 100, flagged: 75))
        }
        #expect(meter.frame(snapshot(second: 100, consumed: 10_000, flagged: 75)).flaggedShares.count == 48)
    }
}

struct NumberStyleTests {
    @Test func numbers() {
        #expect([0, 999, 1_000, 1_234_567].map(NumberStyle.grouped) == ["0", "999", "1,000", "1,234,567"])
        #expect(NumberStyle.grouped(-4_321) == "-4,321")
        #expect(NumberStyle.decimal(1.05, places: 1) == "1.1")
        #expect(NumberStyle.decimal(-0.001, places: 2) == "0.00")
        #expect(NumberStyle.decimal(1_999.996, places: 2) == "2,000.00")
        #expect(NumberStyle.decimal(.nan, places: 0) == "-")
        #expect(NumberStyle.decimal(.infinity, places: 0) == "-")
        #expect(NumberStyle.share(0, of: 0) == "-")
        #expect(NumberStyle.share(0, of: 7) == "0 %")
        #expect(NumberStyle.share(1, of: 1_000) == "0.10 %")
        #expect(NumberStyle.share(12, of: 1_000) == "1.2 %")
        #expect(NumberStyle.share(9_999, of: 10_000) == "99.9 %")
        #expect(NumberStyle.share(7, of: 7) == "100 %")
        #expect([840, 9_949, 12_400].map(NumberStyle.milliseconds) == ["0.8 ms", "9.9 ms", "12 ms"])
        #expect([999_499, 1_234_000].map(NumberStyle.milliseconds) == ["999 ms", "1.2 s"])
        #expect([9, 75, 3_725].map { NumberStyle.elapsed($0 * 1_000_000_000) } == ["9 s", "1 min 15 s", "1 h 02 min"])
    }
}

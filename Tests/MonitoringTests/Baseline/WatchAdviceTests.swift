import Drift
import Testing

@testable import Monitoring

@Suite struct WatchAdviceTests {
    /// A series whose dispersion at its only threshold is this.
    private static func series(_ dispersion: Double) -> SeriesReference {
        do {
            return try SeriesReference(
                reading: .flags, strata: [.init(counts: [900, 100], boundingEvents: 1_000, exceedances: [100])],
                missingCount: 0, thresholds: [0], dispersion: [dispersion], hourCount: 24)
        } catch {
            fatalError("\(error)")
        }
    }

    private static func advice(
        _ dispersions: [String: Double], decisions: [String] = ["block"], quality: Bool = true
    ) -> WatchAdvice {
        var watch = MonitorPlan.Watch()
        watch.features = ["amount", "risk"]
        watch.fields = PaymentScores.fields
        watch.decisions = decisions
        watch.quality = quality
        return WatchAdvice(
            ReferenceFile(
                pipeline: "p", fromMilliseconds: 0, toMilliseconds: 1, series: dispersions.mapValues { series($0) }),
            watch: watch)
    }

    @Test func whatIsWithinUseIsNotMentioned() {
        let most = WatchAdvice.dispersionBeyondUse
        #expect(Self.advice(["score": most, "amount": 1, "decision=block": 900, "missing(amount)": 900]).lines.isEmpty)
    }

    @Test func whatIsBeyondItIsNamedTheWidestFirstWithTheLineThatIsLeft() {
        let advice = Self.advice(["score": 4, "amount": 90, "risk": 2, "channel": 51, "score{channel=web}": 157.4])
        #expect(advice.beyondUse.map(\.name) == ["score", "amount", "channel"])
        #expect(advice.lines.count == 2)
        #expect(advice.lines[0].hasPrefix("do not watch score, amount, channel: counts of score spread 157 times"))
        #expect(advice.lines[1].hasSuffix("watch: [decisions, quality, risk]"))
    }

    @Test func whereNothingIsLeftThatIsSaid() {
        let advice = Self.advice(
            ["score": 60, "amount": 60, "risk": 60, "channel": 60], decisions: [], quality: false)
        #expect(advice.beyondUse.map(\.name) == ["amount", "channel", "risk", "score"])
        #expect(advice.lines.last?.contains("nothing is left") == true)
    }
}

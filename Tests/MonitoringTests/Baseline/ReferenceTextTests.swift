import Drift
import Testing

@testable import Monitoring

@Suite struct ReferenceTextTests {
    private static func reference(events: Int, seed: UInt64) throws -> ReferenceFile {
        let text = BaselineTests.rows(events, seed: seed).map(\.text).joined()
        return try BaselineTests.outcome(BaselineTests.settings(), [text]).0.reference
    }

    @Test func theTableNamesEverySeriesOfAllEvents() throws {
        let reference = try Self.reference(events: 4_000, seed: 11)
        let text = ReferenceText(reference).text(digest: "0123", runLength: 1e6)
        #expect(text.hasPrefix("reference of pipeline \"p\", sha256 0123\n  scores    4000 from 2023-11-1"))
        #expect(text.contains("\n  model     v1 (4000)\n"))
        let lines = text.split(separator: "\n").map(String.init)
        let names = lines.compactMap { $0.split(separator: " ").first }.map(String.init)
        for name in ["series", "score", "amount", "channel", "decision=allow", "decision=block"] {
            #expect(names.contains(name), "\(name)")
        }
        #expect(lines.contains { $0.hasPrefix("  channel ") && $0.contains("web ") && $0.contains("1 more") })
        #expect(lines.contains { $0.hasSuffix("series of segments") })
        let cautions = lines.filter { $0.hasPrefix("caution: ") }
        #expect(
            cautions.contains { $0.contains("score, amount, channel: 4000 events leave") || $0.contains("leave wide") })
        #expect(cautions.allSatisfy { !$0.contains("{channel") })
        #expect(lines.allSatisfy { $0.last != " " })
    }

    @Test func whatChangedIsSaid() throws {
        let old = try Self.reference(events: 1_000, seed: 12)
        #expect(ReferenceDifference.lines(from: old, to: old).isEmpty)
        let new = try Self.reference(events: 2_000, seed: 12)
        let lines = ReferenceDifference.lines(from: old, to: new)
        #expect(lines.first == "scores: 1000 -> 2000")
        #expect(lines.contains { $0.hasPrefix("amount: ") && $0.contains(" -> ") && $0.contains("median") })
        #expect(lines.count <= ReferenceDifference.seriesMax + 4)
        let fewer = ReferenceFile(
            pipeline: "q", fromMilliseconds: 0, toMilliseconds: 1,
            series: new.series.filter { $0.key == "score" }, origin: new.origin)
        let removed = ReferenceDifference.lines(from: new, to: fewer)
        #expect(removed.first == "pipeline: p -> q")
        #expect(removed.contains { $0.hasPrefix("no longer there: amount, ") })
    }
}

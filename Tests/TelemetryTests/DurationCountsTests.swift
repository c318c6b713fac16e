import CoreMetrics
import Testing

@testable import Telemetry

/// Many values at once are what they are one by one.
@Suite struct DurationCountsTests {
    private static let spec = MetricSpec(
        "t_wait_seconds", .histogram(bounds: [0.001, 0.002, 0.005, 0.01, 1, 3_600]), "X.")

    @Test func countsEqualThoseOfEachValueByItself() throws {
        let (whole, single) = (
            MetricRegistry(MetricCatalogue([Self.spec])), MetricRegistry(MetricCatalogue([Self.spec]))
        )
        let (counts, recorder) = (whole.durations(Self.spec), single.histogram(Self.spec))
        // Both sides of each bound, both sides of each power of two, and what no clock should say.
        var values: [Int64] = [.min, -1, .max, 3_600_000_001]
        for bits in 0..<62 { values += [(1 << bits) - 1, 1 << bits, (1 << bits) + 1] }
        for bound in [1_000, 2_000, 5_000, 10_000, 1_000_000, 3_600_000_000] as [Int64] {
            values += [bound, bound + 1]
        }
        for value in values {
            counts.add(microseconds: value)
            recorder.record(Double(max(0, value)) / 1e6)
        }
        #expect(whole.text().contains(#"t_wait_seconds_count 0"#))
        counts.flush()
        func buckets(_ registry: MetricRegistry) -> [Substring] {
            registry.text().split(separator: "\n").filter { $0.contains("_bucket") || $0.contains("_count") }
        }
        #expect(buckets(whole) == buckets(single))
        #expect(buckets(whole).last == "t_wait_seconds_count \(values.count)")
        counts.flush()
        #expect(buckets(whole) == buckets(single))
    }
}

import CoreMetrics
import Dispatch
import Testing

@testable import Telemetry

/// Bounds, and what becomes of handles that nobody has declared.
@Suite struct MetricRegistryTests {
    private static let few = MetricSpec(
        "t_few_total", .counter, "Few.", labels: [MetricLabel("topic"), MetricLabel("code")], seriesMax: 3)
    private static let closed = MetricSpec(
        "t_closed_total", .counter, "Closed.", labels: [MetricLabel("a", ["1", "2"]), MetricLabel("b", ["x", "y"])])
    private static let plain = MetricSpec("t_plain_total", .counter, "Plain.")
    private static let level = MetricSpec("t_level", .gauge, "Level.", labels: [MetricLabel("topic")], seriesMax: 2)
    private static let sizes = MetricSpec("t_sizes", .histogram(bounds: [1, 10]), "Sizes.")
    private static let catalogue = MetricCatalogue([few, closed, plain, level, sizes])

    private static func lines(_ registry: MetricRegistry, _ name: String) -> [String] {
        registry.text().split(separator: "\n").map(String.init).filter { $0.hasPrefix(name) }
    }

    @Test func beyondTheBoundOneSeriesTakesAll() {
        let registry = MetricRegistry(Self.catalogue)
        for number in 0..<100 { registry.counter(Self.few, "t\(number)", "c").increment(by: 2) }
        #expect(
            Self.lines(registry, "t_few_total{") == [
                #"t_few_total{topic="t0",code="c"} 2"#, #"t_few_total{topic="t1",code="c"} 2"#,
                #"t_few_total{topic="t2",code="c"} 2"#, #"t_few_total{topic="other",code="other"} 194"#,
            ])
        // Who has a series keeps it.
        registry.counter(Self.few, "t1", "c").increment()
        #expect(Self.lines(registry, "t_few_total{")[1] == #"t_few_total{topic="t1",code="c"} 3"#)
    }

    @Test func longValuesAreCut() {
        let registry = MetricRegistry(Self.catalogue)
        registry.counter(Self.few, String(repeating: "é", count: 10_000), "c").increment()
        registry.counter(Self.few, String(repeating: "é", count: 20_000), "c").increment()
        let kept = String(repeating: "é", count: MetricFamily.valueCharactersMax)
        #expect(Self.lines(registry, "t_few_total{") == [#"t_few_total{topic="\#(kept)",code="c"} 2"#])
    }

    @Test func declaredValuesAreThereFromTheStart() {
        let registry = MetricRegistry(Self.catalogue)
        #expect(Self.lines(registry, "t_closed_total{").count == 4)
        #expect(Self.lines(registry, "t_closed_total{").allSatisfy { $0.hasSuffix(" 0") })
        registry.counter(Self.closed, "3", "x").increment()
        #expect(Self.lines(registry, "t_closed_total{").last == #"t_closed_total{a="other",b="other"} 1"#)
    }

    @Test func aGaugeThatIsGoneMakesRoom() {
        let registry = MetricRegistry(Self.catalogue)
        let first = registry.gauge(Self.level, "a")
        first.set(1)
        registry.gauge(Self.level, "b").set(2)
        registry.gauge(Self.level, "c").set(3)
        #expect(Self.lines(registry, "t_level{").last == #"t_level{topic="other"} 3"#)
        first.destroy()
        registry.gauge(Self.level, "d").increment(by: 4)
        let shown = Self.lines(registry, "t_level{")
        #expect(shown == [#"t_level{topic="b"} 2"#, #"t_level{topic="d"} 4"#, #"t_level{topic="other"} 3"#])
    }

    @Test func whatIsNotDeclaredCountsIntoNothing() {
        let registry = MetricRegistry(Self.catalogue)
        let before = registry.text()
        Counter(label: "t_unknown_total", dimensions: [], factory: registry).increment()
        Counter(label: "t_few_total", dimensions: [("topic", "a")], factory: registry).increment()
        Counter(label: "t_few_total", dimensions: [("topic", "a"), ("kode", "c")], factory: registry).increment()
        Meter(label: "t_plain_total", dimensions: [], factory: registry).set(5)
        Recorder(label: "t_plain_total", dimensions: [], aggregate: true, factory: registry).record(5)
        CoreMetrics.Timer(label: "t_level", dimensions: [("topic", "a")], factory: registry).recordSeconds(5)
        #expect(registry.text() == before)
    }

    @Test func labelsMayComeInAnyOrder() {
        let registry = MetricRegistry(Self.catalogue)
        Counter(label: "t_few_total", dimensions: [("code", "c"), ("topic", "a")], factory: registry).increment()
        #expect(Self.lines(registry, "t_few_total{") == [#"t_few_total{topic="a",code="c"} 1"#])
    }

    @Test func countersOnlyRise() {
        let registry = MetricRegistry(Self.catalogue)
        let counter = registry.counter(Self.plain)
        counter.increment(by: 5)
        counter.increment(by: -3)
        registry.fractions(Self.plain).increment(by: -1.5)
        registry.fractions(Self.plain).increment(by: Double.nan)
        registry.fractions(Self.plain).increment(by: Double.infinity)
        #expect(Self.lines(registry, "t_plain_total ") == ["t_plain_total 5"])
    }

    @Test func bucketsTakeTheirBound() {
        let registry = MetricRegistry(Self.catalogue)
        let sizes = registry.histogram(Self.sizes)
        for value in [1.0, 1.000_001, 10, 11, -5, .nan] { sizes.record(value) }
        #expect(
            Self.lines(registry, "t_sizes_bucket") == [
                #"t_sizes_bucket{le="1"} 2"#, #"t_sizes_bucket{le="10"} 4"#, #"t_sizes_bucket{le="+Inf"} 5"#,
            ])
    }

    @Test func nothingIsLostAmongThreads() {
        let registry = MetricRegistry(Self.catalogue)
        let (threads, times) = (8, 2_000)
        DispatchQueue.concurrentPerform(iterations: threads) { thread in
            let counter = registry.counter(Self.plain)
            let fractions = registry.fractions(Self.plain)
            let sizes = registry.histogram(Self.sizes)
            for _ in 0..<times {
                counter.increment()
                fractions.increment(by: 0.5)
                sizes.record(thread)
                registry.counter(Self.few, "t\(thread)", "c").increment()
            }
        }
        #expect(Self.lines(registry, "t_plain_total ") == ["t_plain_total \(threads * times * 3 / 2)"])
        #expect(Self.lines(registry, "t_sizes_count ") == ["t_sizes_count \(threads * times)"])
        let few = Self.lines(registry, "t_few_total{").compactMap { Int($0.split(separator: " ").last ?? "") }
        #expect(few.count == 4)
        #expect(few.reduce(0, +) == threads * times)
    }
}

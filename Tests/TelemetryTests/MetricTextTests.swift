import CoreMetrics
import Testing

@testable import Telemetry

/// What is exposed, byte for byte.
@Suite struct MetricTextTests {
    private static let events = MetricSpec("t_events_total", .counter, "Events.", labels: [MetricLabel("topic")])
    private static let seconds = MetricSpec("t_wait_seconds_total", .counter, "Seconds\nof \\ waiting.")
    private static let keys = MetricSpec("t_keys", .gauge, "Keys.")
    private static let answer = MetricSpec("t_answer_seconds", .histogram(bounds: [0.005, 1]), "Answers.")
    private static let catalogue = MetricCatalogue([events, seconds, keys, answer])

    @Test func everyKindHasItsForm() {
        let registry = MetricRegistry(Self.catalogue, constantLabels: [(name: "pipeline", value: "cards")])
        registry.counter(Self.events, "b").increment(by: 2)
        registry.counter(Self.events, "a").increment(by: 9_007_199_254_740_000)
        registry.fractions(Self.seconds).increment(by: 0.25)
        registry.gauge(Self.keys).set(-3)
        let timer = registry.timer(Self.answer)
        timer.recordNanoseconds(5_000_000)
        timer.recordNanoseconds(6_000_000)
        timer.recordNanoseconds(2_000_000_000)
        #expect(
            registry.text() == """
                # HELP t_events_total Events.
                # TYPE t_events_total counter
                t_events_total{pipeline="cards",topic="a"} 9007199254740000
                t_events_total{pipeline="cards",topic="b"} 2
                # HELP t_wait_seconds_total Seconds\\nof \\\\ waiting.
                # TYPE t_wait_seconds_total counter
                t_wait_seconds_total{pipeline="cards"} 0.25
                # HELP t_keys Keys.
                # TYPE t_keys gauge
                t_keys{pipeline="cards"} -3
                # HELP t_answer_seconds Answers.
                # TYPE t_answer_seconds histogram
                t_answer_seconds_bucket{pipeline="cards",le="0.005"} 1
                t_answer_seconds_bucket{pipeline="cards",le="1"} 2
                t_answer_seconds_bucket{pipeline="cards",le="+Inf"} 3
                t_answer_seconds_sum{pipeline="cards"} 2.011
                t_answer_seconds_count{pipeline="cards"} 3

                """)
    }

    @Test func labelsAreEscaped() {
        let registry = MetricRegistry(Self.catalogue)
        registry.counter(Self.events, "a\"b\\c\nd{}=,ü").increment()
        #expect(registry.text().contains(#"t_events_total{topic="a\"b\\c\nd{}=,ü"} 1"# + "\n"))
    }

    @Test(arguments: [
        (1.0, "1"), (-0.5, "-0.5"), (.nan, "NaN"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (1e300, "1e+300"),
        (0.000_01, "1e-05"), (8e15, "8000000000000000"),
    ])
    func numbersReadBack(value: Double, text: String) {
        #expect(MetricRegistry.number(value) == text)
        // What Prometheus and Swift both read as the same number.
        if value.isFinite { #expect(Double(text) == value) }
    }

    @Test func whatHasNoValueIsNotShown() {
        let registry = MetricRegistry(Self.catalogue)
        #expect(!registry.text().contains("t_keys"))
        #expect(!registry.text().contains("t_events_total"))
        #expect(registry.text().contains("t_wait_seconds_total 0\n"))
        #expect(registry.text().contains("t_answer_seconds_count 0\n"))
        registry.gauge(Self.keys).set(0)
        #expect(registry.text().contains("t_keys 0\n"))
    }

    @Test func partitionsAreSortedAsNumbers() throws {
        let registry = MetricRegistry(Self.catalogue)
        for value in ["10", "9", "100"] { registry.counter(Self.events, value).increment() }
        let shown = registry.text().split(separator: "\n").filter { $0.hasPrefix("t_events_total{") }
        #expect(shown.map { String($0.dropFirst(22).prefix { $0 != "\"" }) } == ["9", "10", "100"])
    }
}

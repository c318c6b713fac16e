import Testing

@testable import Telemetry

@Suite struct MetricCatalogueTests {
    @Test(arguments: [
        (MetricSpec("t_x", .counter, "X."), "does not end in _total"),
        (MetricSpec("t_x_total", .gauge, "X."), "ends in _total"),
        (MetricSpec("t_x_total", .histogram(bounds: [1]), "X."), "ends in _total"),
        (MetricSpec("t_x_count", .gauge, "X."), "_count"),
        (MetricSpec("t-x", .gauge, "X."), "no name"),
        (MetricSpec("1x", .gauge, "X."), "no name"),
        (MetricSpec("", .gauge, "X."), "no name"),
        (MetricSpec("t_x", .gauge, ""), "nothing"),
        (MetricSpec("t_x", .histogram(bounds: []), "X."), "bounds"),
        (MetricSpec("t_x", .histogram(bounds: [1, 1]), "X."), "bounds"),
        (MetricSpec("t_x", .histogram(bounds: [1, .infinity]), "X."), "bounds"),
        (MetricSpec("t_x", .gauge, "X.", labels: [MetricLabel("le")]), "label"),
        (MetricSpec("t_x", .gauge, "X.", labels: [MetricLabel("__a")]), "label"),
        (MetricSpec("t_x", .gauge, "X.", labels: [MetricLabel("a"), MetricLabel("a")]), "twice"),
    ])
    func whatPrometheusWouldNotLikeIsFound(spec: MetricSpec, problem: String) {
        #expect(spec.problem?.contains(problem) == true, "\(spec.problem ?? "nothing") for \(spec.name)")
    }

    @Test func riffleMetricsAreFine() {
        for spec in MetricCatalogue.riffle.specs + MetricCatalogue.monitor.specs {
            #expect(spec.problem == nil)
            #expect(spec.name.hasPrefix("riffle_"))
            #expect(spec.help.hasSuffix("."), "\(spec.name)")
            #expect(spec.seriesMax <= 512, "\(spec.name)")
            #expect(!spec.labels.contains { $0.name == "pipeline" }, "every series has that label anyhow")
            // What measures time or memory says in what.
            for (word, unit) in [("age", "_seconds"), ("memory", "_bytes")] where spec.name.contains("_\(word)") {
                #expect(spec.name.hasSuffix(unit), "\(spec.name)")
            }
        }
    }

    /// A spec that stands in no chapter can never be counted: its handle would trap.
    @Test func everyDeclaredMetricIsInAChapter() {
        let names = MetricCatalogue.riffle.specs.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(names.count == MetricCatalogue.chapters.reduce(0) { $0 + $1.specs.count })
        let page = MetricCatalogue.reference(origin: "")
        for name in names + MetricCatalogue.monitor.specs.map(\.name) {
            #expect(page.contains("| `\(name)` |"), "\(name)")
        }
    }
}

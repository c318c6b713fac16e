extension MetricCatalogue {
    /// `docs/reference/metrics.md`, as Markdown.
    ///
    /// - Parameter origin: a comment on how the page is made, which stands below its title.
    public static func reference(origin: String) -> String {
        var page = """
            # Metrics

            \(origin)
            What `--metrics-file` of `riffle run` and `riffle monitor` writes and `GET /metrics` of their
            [console](../HTTP.md) answers, in Prometheus' text format 0.0.4. Every series has the label `pipeline` as
            well. Counters begin at 0 with the process. A metric keeps at most so many *series* apart; what comes beyond
            them is counted together under `other`. A gauge is not shown before it has a value. What to do about a
            fault: [FAULTS.md](../FAULTS.md).

            """
        for chapter in chapters + [monitorChapter] {
            page += "\n## \(chapter.title)\n\n\(chapter.about)\n\n"
            page += "| metric | type | labels | series | meaning |\n| --- | --- | --- | --- | --- |\n"
            for spec in chapter.specs {
                let labels = spec.labels.map(text).joined(separator: "; ")
                page += "| `\(spec.name)` | \(spec.kind.name) | \(labels.isEmpty ? "–" : labels) | \(spec.seriesMax) | "
                page += "\(spec.help) |\n"
            }
        }
        return page
    }

    private static func text(_ label: MetricLabel) -> String {
        let values = label.values.map { "`\($0)`" }.joined(separator: ", ")
        return "`\(label.name)`" + (values.isEmpty ? "" : ": \(values)")
    }
}

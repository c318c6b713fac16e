/// Every metric of Riffle, in the order of the reference page.
extension MetricCatalogue {
    /// What `riffle run` counts.
    public static let riffle = MetricCatalogue(chapters.flatMap(\.specs))
    /// What `riffle monitor` counts.
    public static let monitor = MetricCatalogue(MetricSpec.monitor + MetricSpec.everyProcess)

    /// Metrics that belong together, under a title.
    public struct Chapter: Sendable {
        public let title: String
        public let about: String
        public let specs: [MetricSpec]
    }

    public static let chapters = [
        Chapter(
            title: "Events",
            about: "Counted at each commit, when the books balance: for each partition, consumed = scored "
                + "+ absorbed + dead-lettered + late-dropped + muted + released + in flight.", specs: MetricSpec.events),
        Chapter(
            title: "Delivery", about: "Offsets, transactions and what is on its way to the brokers.",
            specs: MetricSpec.delivery),
        Chapter(title: "The group", about: "Partitions that come and go.", specs: MetricSpec.group),
        Chapter(
            title: "The cluster",
            about: "What librdkafka reports: errors as they come, connections at each "
                + "`statistics.interval.ms`, which is `--metrics-every` unless the pipeline sets it.",
            specs: MetricSpec.cluster),
        Chapter(
            title: "State", about: "Windows in memory, their snapshots, and how they came back after a start.",
            specs: MetricSpec.state),
        Chapter(
            title: "Models", about: "New model files that take the place of those that score.", specs: MetricSpec.models
        ),
        Chapter(title: "The process", about: "What belongs to no event.", specs: MetricSpec.process),
    ]

    static let monitorChapter = Chapter(
        title: "The monitor",
        about: "Of `riffle monitor`, a process of its own; of those above it has "
            + MetricSpec.everyProcess.map { "`\($0.name)`" }.joined(separator: ", ") + ".", specs: MetricSpec.monitor)
}

extension MetricLabel {
    static let topic = MetricLabel("topic")
    static let partition = MetricLabel("partition")
    /// A name of librdkafka's, such as `_TRANSPORT`.
    static let code = MetricLabel("code")
    static let client = MetricLabel("client", ["consumer", "producer"])
}

/// Bounds of histograms.
enum Bounds {
    /// From a millisecond to the time that a doubt about a commit may last.
    static let answers = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
    /// From a small snapshot to a rebuild of hours.
    static let rebuilds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600]
    /// From a score at once to one that waited for a restart.
    static let latencies = [
        0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 3_600,
    ]
    static let batch: [Double] = [1, 4, 16, 64, 256, 1_024, 2_048, 4_096, 16_384, 65_536]
}

public import Engine

/// What a command line says of a replay from topics beside its pipeline.
public struct TopicReplayOptions: Sendable {
    /// Where rows begin. Windows are filled from the first offset that the log holds in any case: a row is the same
    /// wherever the first one is.
    public enum Start: Hashable, Sendable {
        /// With the first offset of each partition.
        case first
        /// With the first record of each partition that is so many microseconds old or younger, by its own timestamp.
        case back(microseconds: Int64)
        /// With these offsets, by partition; with the first where it has none.
        case offsets([Int64])
    }

    /// `nil`: no rows are written; there is a comparison then.
    public var output: String?
    public var start = Start.first
    /// `nil`: by the name's suffix; standard output is NDJSON.
    public var outputFormat: RecordFormat?
    /// A field of type bool or int: measure the scores against it.
    public var metricsLabel: String?
    /// A field of type string or int that names the card of an event.
    public var metricsKey: String?
    public var rows = ReplayRows()
    /// A file of score records to compare with.
    public var comparedFile: String?
    public var workers: Int
    /// Properties for librdkafka that the pipeline has not set itself.
    public var propertyDefaults: [String: String] = [:]
    /// Whether the recorded order is used where there is one; without it the partitions are merged.
    var followsOrder = true

    public init(output: String?, workers: Int = 1) {
        self.output = output
        self.workers = workers
    }

    /// The same rows as of a file, for what both kinds of replay check.
    var asOfFile: ReplayOptions {
        var options = ReplayOptions(inputs: [], output: output, workers: workers)
        options.comparedFile = comparedFile
        options.outputFormat = outputFormat
        options.metricsLabel = metricsLabel
        options.metricsKey = metricsKey
        return options
    }
}

/// What a command line says of a run beside its pipeline file.
public struct RunOptions: Sendable {
    /// `HOST:PORT`, instead of the pipeline's brokers.
    public var brokers: String?
    /// Stop where the partitions ended when the run began.
    public var untilEnd = false
    /// Keep nothing under `state.directory`, and take up nothing that is there.
    public var keepsNoState = false
    /// Keep state here instead of under the pipeline's `state.directory`.
    public var stateDirectory: String?
    /// Partitions of topics that are made on the embedded cluster.
    public var embeddedPartitions = 4
    /// Batches up to this many events run on one thread.
    public var inlineRowsMax: Int?
    public var workers: Int?
    /// How often librdkafka reports its connections to the metrics; `nil`: never.
    public var statisticsMilliseconds: Int?
    /// Properties for librdkafka that the pipeline has not set itself.
    public var propertyDefaults: [String: String] = [:]

    public init() {}
}

public import Engine

/// What a command line says of a replay beside its pipeline.
public struct ReplayOptions: Sendable {
    /// What stands for standard input and output.
    public static let standardStream = "-"

    public var input: String
    public var output: String
    /// `nil`: by the name's suffix, else by the first character.
    public var inputFormat: RecordFormat?
    /// `nil`: by the name's suffix; standard output is NDJSON.
    public var outputFormat: RecordFormat?
    /// A field of type bool or int: measure the scores against it.
    public var metricsLabel: String?
    /// A field of type string or int that names the card of an event.
    public var metricsKey: String?
    public var workers: Int
    public var settings = ReplaySettings()

    public init(input: String, output: String, workers: Int = 1) {
        self.input = input
        self.output = output
        self.workers = workers
    }
}

extension RecordFormat {
    /// The format that a file's name tells, and whether it is compressed: `events.csv.gz`.
    static func named(_ path: String) -> (format: RecordFormat?, isCompressed: Bool) {
        var name = path.lowercased()[...]
        let isCompressed = name.hasSuffix(".gz")
        if isCompressed { name = name.dropLast(3) }
        if name.hasSuffix(".csv") { return (.csv, isCompressed) }
        if name.hasSuffix(".ndjson") || name.hasSuffix(".jsonl") { return (.ndjson, isCompressed) }
        return (nil, isCompressed)
    }
}

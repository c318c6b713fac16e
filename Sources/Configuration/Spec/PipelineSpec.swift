public import Diagnostics

/// A pipeline file as it was written, with places: all but its expressions checked.
public struct PipelineSpec: Sendable {
    public let name: Located<String>
    public let kafka: KafkaSpec
    /// In file order; the first one's events are scored, those of the others only enter windows.
    public let sources: [SourceSpec]
    /// In file order.
    public let features: [FeatureSpec]
    /// In file order; none: features are computed and nothing is scored, so that no rule may read `score`.
    public let models: [ModelSpec]
    /// They stand under `models`, so that expressions may read their names.
    public let hasNamedModels: Bool
    /// What makes one score of several; only with named models.
    public let score: Located<String>?
    /// In file order; the first that holds gives the decision.
    public let decide: [RuleSpec]
    public let output: OutputSpec
    public let deadLetter: DeadLetterSpec
    /// `nil`: nothing is watched for drift.
    public let monitor: MonitorSpec?
    public let merge: MergeSpec
    /// Where the order is recorded, as it was written; `nil`: see `PipelinePlan.orderTopic`.
    public let orderTopic: String?
    public let workers: WorkersSpec
    public let limits: LimitsSpec
    public let state: StateSpec
    /// The model's inputs by name, groups expanded: for each window, each aggregate.
    public let featureNames: [FeatureNameSpec]
    /// Names of fields and features that were reported: later checks pass over what refers to them.
    public let faultyNames: FaultyNames
    /// Values that came from the environment, by variable.
    let environmentValues: [String: String]

    /// The only model, which stands under `model`; `nil`: there is none, or they have names to be read.
    public var model: ModelSpec? { hasNamedModels ? nil : models.first }

    /// A diagnostic in which no value of the environment stands: for checks that quote the values of expressions.
    public func redacted(_ diagnostic: Diagnostic) -> Diagnostic {
        // One or two characters are no secret, and would be found everywhere.
        let values = environmentValues.filter { $0.value.count > 2 }
            .sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }
        func clean(_ text: String) -> String {
            values.reduce(text) { text, variable in
                text.split(separator: variable.value, omittingEmptySubsequences: false)
                    .joined(separator: "${\(variable.key)}")
            }
        }
        var result = diagnostic
        result.message = clean(result.message)
        result.suggestion = result.suggestion.map(clean)
        result.notes = result.notes.map { Diagnostic.Note(clean($0.message), at: $0.range) }
        return result
    }
}

/// Names that were declared but reported, so that whoever refers to them need not be reported as well.
public struct FaultyNames: Sendable {
    var names: Set<String> = []
    /// Aggregates of groups whose windows could not be read: `customer_tx` stands for every `customer_tx_…`.
    var aggregates: Set<String> = []
    /// Sources of which some field could not be named: `labels` stands for every `labels.…`.
    var sources: Set<String> = []
    /// Whether some declaration could not even be named.
    var areUnbounded = false

    /// Takes over those of a source; a source that is not scored has its name before its fields'.
    mutating func add(_ other: FaultyNames, of source: String?) {
        guard let source else {
            names.formUnion(other.names)
            areUnbounded = areUnbounded || other.areUnbounded
            return
        }
        names.formUnion(other.names.map { "\(source).\($0)" })
        if other.areUnbounded { sources.insert(source) }
    }

    /// Whether some field of a source that is not scored was reported.
    func mayHoldFields(of source: String) -> Bool {
        areUnbounded || sources.contains(source) || names.contains { $0.hasPrefix("\(source).") }
    }

    /// Whether a reference to the name may only fail because its declaration was reported.
    public func mayHold(_ name: String) -> Bool {
        if areUnbounded || names.contains(name) { return true }
        if let dot = name.firstIndex(of: "."), sources.contains(String(name[..<dot])) { return true }
        if aggregates.isEmpty { return false }
        return name.indices.contains { name[$0] == "_" && aggregates.contains(String(name[..<$0])) }
    }
}

/// `kafka:`.
public struct KafkaSpec: Sendable {
    public enum Brokers: Hashable, Sendable {
        /// A cluster in this process.
        case embedded
        /// `HOST:PORT`, several with commas, as librdkafka takes them.
        case addresses(String)
    }

    public enum Delivery: String, Hashable, Sendable {
        case atLeastOnce = "at-least-once", exactlyOnce = "exactly-once"
    }

    /// Where a group without offsets begins.
    public enum Start: Hashable, Sendable {
        case earliest
        case latest
        /// So far back from now, by record timestamps.
        case back(TimeSpan)
    }

    public let brokers: Located<Brokers>
    /// As it was written; the pipeline's name where it was not.
    public let group: String
    public let delivery: Delivery
    /// This instance's lasting name in the group; `nil`: it has none.
    public let instance: String?
    public let commitEveryMicroseconds: Int64
    public let start: Start
    /// Where a span is written; `nil` where none is.
    public let startRange: SourceRange?
    /// In file order, to be checked against librdkafka's own answer. Values may be secret: never print them.
    public let properties: [PropertySpec]
    /// `nil`: there is none. Reading it is `PipelineFile.readPropertyFile`'s business.
    public let propertiesFile: PropertiesFileSpec?
}

/// `kafka.properties_file`.
public struct PropertiesFileSpec: Sendable {
    public let written: Located<String>
    /// Relative to the working directory, or absolute.
    public let path: String
}

/// One setting for librdkafka.
public struct PropertySpec: Sendable {
    public let name: Located<String>
    public let value: Located<String>
}

/// `model:`, or one of `models:`.
public struct ModelSpec: Sendable {
    public enum Iterations: String, Hashable, Sendable { case best, all }

    /// When another file takes the model's place while the pipeline runs.
    public enum Reload: String, Hashable, Sendable, CaseIterable {
        /// When the file changes, and when asked.
        case onChange = "on-change"
        /// When asked.
        case onSignal = "on-signal"
        case never
    }

    public let name: Located<String>
    /// As it was written.
    public let file: Located<String>
    /// Relative to the working directory, or absolute.
    public let path: String
    /// Features in the model's order; `nil`: all of them in theirs.
    public let inputs: [Located<String>]?
    public let iterations: Iterations
    /// Counts as missing beside NaN.
    public let missing: Double?
    /// Which of the model's outputs is the score; `nil` where there is but one.
    public let output: Int?
    public let reload: Reload
    /// `nil`: scores come without reasons.
    public let explain: ExplainSpec?
    /// Set: it is no file's, and learns as it scores.
    public var trees: HalfSpaceTreesSpec?
}

/// One rule of `decide:`; whether the expression is boolean is for whoever compiles it.
public struct RuleSpec: Sendable {
    public let name: Located<String>
    public let condition: Located<String>
}

/// `output:`.
public struct OutputSpec: Sendable {
    public enum Features: Sendable {
        case none
        case all
        case named([Located<String>])
    }

    public let topic: Located<String>
    public let features: Features
    /// Fields of the scored source that a score carries, in file order.
    public let fields: [SourceSpec.FieldReference]
}

/// `dead_letter:`.
public struct DeadLetterSpec: Sendable {
    public let topic: Located<String>
}

/// `merge:`.
public struct MergeSpec: Sendable {
    /// How long to wait for a partition that is not at its end.
    public let waitMicroseconds: Int64
}

/// `workers:`.
public enum WorkersSpec: Hashable, Sendable {
    /// One per core.
    case auto
    case count(Int)
}

/// `limits:`.
public struct LimitsSpec: Hashable, Sendable {
    public let batchEventsMax: Int
    public let inFlightBatchesMax: Int
    public let keysPerEntityMax: Int
    /// Where it is written; `nil` where it is not.
    public let keysPerEntityRange: SourceRange?
    public let eventBytesMax: Int
    public let stringBytesMax: Int
    public let eventDepthMax: Int
}

/// `state:`.
public struct StateSpec: Sendable {
    /// What is done where the log no longer holds all that the windows need.
    public enum Incomplete: String, Hashable, Sendable { case refuse, score }

    /// Relative to the working directory, or absolute; `nil`: nothing is kept.
    public let directory: String?
    public let snapshotEvery: SnapshotInterval
    /// How many snapshots are kept.
    public let keep: Int
    public let incomplete: Incomplete
}

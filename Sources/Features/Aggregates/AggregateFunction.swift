/// What an aggregate computes from a window. A closed set inside the kernel, so that the choice costs a jump and not a
/// call.
public enum AggregateFunction: UInt8, Hashable, Sendable {
    case count
    case sum
    case mean
    case min
    case max
    /// The standard deviation of a sample.
    case stddev
    case distinct
    case quantile
    case first
    case last
    /// `last`, but never the event itself.
    case previous
    case timeSinceLast
    case ewma
    case rate

    /// Whether it needs no value of the events: it takes a column only where a filter chooses among them.
    public var countsEvents: Bool { self == .count || self == .rate || self == .timeSinceLast }
}

/// Describes an aggregate to users and to the checker.
public struct AggregateSpec: Sendable {
    public let name: String
    public let function: AggregateFunction
    /// Whether it takes one numeric argument (`mean(x)`) or none (`count()`).
    public let takesArgument: Bool
    /// One sentence for `riffle check` and the reference page.
    public let summary: String
    /// The value for a window without events.
    public let emptyValue: String
    public let example: String

    public init(
        name: String, function: AggregateFunction, takesArgument: Bool, summary: String, emptyValue: String,
        example: String
    ) {
        self.name = name
        self.function = function
        self.takesArgument = takesArgument
        self.summary = summary
        self.emptyValue = emptyValue
        self.example = example
    }
}

/// The aggregates that a pipeline may use: an explicit value, handed to whoever checks or documents.
public struct AggregateCatalogue: Sendable {
    public let specs: [AggregateSpec]

    public init(specs: [AggregateSpec]) { self.specs = specs }

    /// One line for each aggregate.
    public static let standard = AggregateCatalogue(specs: [.count, .sum, .mean])

    public subscript(name: String) -> AggregateSpec? { specs.first { $0.name == name } }
}

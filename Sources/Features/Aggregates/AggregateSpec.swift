/// Describes an aggregate to users and to the checker: reference pages, the JSON Schema and every check follow it.
public struct AggregateSpec: Sendable {
    /// Which windows it can be asked of.
    public enum Windows: Hashable, Sendable {
        /// Those with a length.
        case lengths
        /// Those, and `all`.
        case lengthsAndAll
        /// `all` alone.
        case all

        public func allow(isUnbounded: Bool) -> Bool { isUnbounded ? self != .lengths : self != .all }
    }

    public let name: String
    public let function: AggregateFunction
    /// The types of its argument; empty: it takes none, as `count()`.
    public let accepts: Set<ExpressionType>
    /// The constant behind the argument.
    public let parameter: AggregateParameter?
    public let windows: Windows
    /// One sentence for the reference page.
    public let summary: String
    /// Which events it passes over.
    public let missingRule: String
    /// How near the value is to the true one.
    public let error: String
    /// The value for a window without events.
    public let emptyValue: String
    public let example: String

    /// The shortest and the longest window, half-life and unit.
    public static let spans: ClosedRange<Int64> = 1_000_000...400 * 86_400_000_000

    init(
        _ function: AggregateFunction, named name: String, accepts: Set<ExpressionType> = [],
        parameter: AggregateParameter? = nil, windows: Windows = .lengthsAndAll, summary: String, missingRule: String,
        error: String, emptyValue: String = "missing", example: String
    ) {
        precondition(accepts.isEmpty == function.countsEvents, "the argument of aggregate \(name)")
        self.name = name
        self.function = function
        self.accepts = accepts
        self.parameter = parameter
        self.windows = windows
        self.summary = summary
        self.missingRule = missingRule
        self.error = error
        self.emptyValue = emptyValue
        self.example = example
    }

    /// What may stand in its parentheses.
    public var signature: AggregateSignature {
        AggregateSignature(name, accepts: accepts, parameters: parameter.map { [$0] } ?? [])
    }
}

extension AggregateSpec {
    // What several of them say.
    static let leavesOutMissing = "events whose `x` is missing, or whose filter is not true, are left out"
    static let countsAll = "events whose filter is not true are left out; what their fields hold does not matter"
    static let exact = "none"
}

/// The aggregates that a pipeline may use: an explicit value, handed to whoever checks or documents.
public struct AggregateCatalogue: Sendable {
    public let specs: [AggregateSpec]

    public init(specs: [AggregateSpec]) { self.specs = specs }

    /// One line for each aggregate, in the order of the reference.
    public static let standard = AggregateCatalogue(specs: [
        .count,
        .rate,
        .sum,
        .mean,
        .stddev,
        .min,
        .max,
        .quantile,
        .distinct,
        .first,
        .last,
        .previous,
        .timeSinceLast,
        .ewma,
    ])

    public subscript(name: String) -> AggregateSpec? { specs.first { $0.name == name } }
}

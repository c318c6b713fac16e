/// Computes a function for one block of rows: writes `arguments.rows` values to the second argument, which overlaps no
/// argument.
///
/// A missing value is NaN, in and out; a bool is 0 or 1. A value that is not finite is not allowed out: see
/// `missingUnlessFinite`. It is called once per block, so that its loop must be its own; it must not allocate, and its
/// result for a row must depend on that row's arguments alone.
public typealias FunctionKernel = @Sendable (FunctionArguments, UnsafeMutablePointer<Double>) -> Void

/// A function of the expression language, as users know it and as programs run it.
///
/// A new function is one of these in a file under `Functions`, and one line in `FunctionCatalogue.standard`: checks,
/// suggestions, reference pages and tests follow.
public struct FunctionSpec: Sendable {
    public struct Parameter: Sendable {
        public let name: String
        /// Where a number is accepted, a bool is too. Texts and times are fields, never literals.
        public let accepts: Set<ExpressionType>

        public init(_ name: String, _ accepts: Set<ExpressionType> = [.number]) {
            self.name = name
            self.accepts = accepts
        }
    }

    public enum Result: Sendable {
        case number
        case bool
        /// A bool if all arguments are, else a number.
        case common
    }

    public enum Missing: Sendable {
        /// The result is missing where any argument is.
        case propagates
        /// The rule in words.
        case handled(String)
    }

    /// An expression and its value; `nil` is missing. The reference shows them and the tests hold them.
    ///
    /// The only names that it may read are `event_time`, which is Sunday 2018-09-30T23:59:57Z in all examples, and the
    /// text `channel`, which is `web`.
    public struct Example: Sendable {
        public let expression: String
        public let value: Double?

        public init(_ expression: String, _ value: Double?) {
            self.expression = expression
            self.value = value
        }
    }

    public let name: String
    public let parameters: [Parameter]
    /// The last parameter may be given any number of times, at least once.
    public let repeatsLast: Bool
    public let result: Result
    /// One sentence for the reference.
    public let summary: String
    public let missing: Missing
    public let examples: [Example]
    public let kernel: FunctionKernel

    public init(
        _ name: String, _ parameters: [Parameter], repeatsLast: Bool = false, result: Result = .number, summary: String,
        missing: Missing = .propagates, examples: [Example], kernel: @escaping FunctionKernel
    ) {
        precondition(repeatsLast ? !parameters.isEmpty : true, "function \(name) repeats a parameter that is not there")
        self.name = name
        self.parameters = parameters
        self.repeatsLast = repeatsLast
        self.result = result
        self.summary = summary
        self.missing = missing
        self.examples = examples
        self.kernel = kernel
    }

    /// `clamp(x, low, high)`, `max(x, y, …)`.
    public var signature: String {
        "\(name)(" + parameters.map(\.name).joined(separator: ", ") + (repeatsLast ? ", …)" : ")")
    }

    func accepts(argumentCount: Int) -> Bool {
        repeatsLast ? argumentCount >= parameters.count : argumentCount == parameters.count
    }
}

/// The functions that expressions can call: a value that is passed to whoever compiles or documents expressions.
public struct FunctionCatalogue: Sendable {
    public let functions: [FunctionSpec]
    private let places: [String: Int]

    public init(_ functions: [FunctionSpec]) {
        self.functions = functions
        places = Dictionary(uniqueKeysWithValues: functions.enumerated().map { ($1.name, $0) })
    }

    public func function(named name: String) -> FunctionSpec? { places[name].map { functions[$0] } }

    public var names: [String] { functions.map(\.name) }

    /// Riffle's own functions, in the order of the reference.
    public static let standard = FunctionCatalogue([
        .min, .max, .abs, .clamp,
        .floor, .ceil, .round,
        .log, .log1p, .exp, .sqrt, .pow,
        .ratio, .zscore,
        .haversine,
        .bucket,
        .hour, .dayOfWeek,
        .isMissing, .coalesce,
    ])
}

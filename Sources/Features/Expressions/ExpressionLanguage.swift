public import Diagnostics

/// What an expression is for, which decides the types that it may have.
public struct ExpressionPurpose: Hashable, Sendable {
    /// With its article, for messages: `a feature`.
    public let phrase: String
    /// Where a number is accepted, a bool is too.
    public let accepts: Set<ExpressionType>

    public init(_ phrase: String, accepts: Set<ExpressionType>) {
        self.phrase = phrase
        self.accepts = accepts
    }

    public static let feature = ExpressionPurpose("a feature", accepts: [.number, .bool])
    /// An event is taken only where it is true: neither false nor missing.
    public static let filter = ExpressionPurpose("a filter", accepts: [.bool])
    /// What several models say, as one number.
    public static let score = ExpressionPurpose("a score", accepts: [.number])
    /// A decision matches only where it is true: neither false nor missing.
    public static let rule = ExpressionPurpose("a rule", accepts: [.bool])
    /// Something is done where it is true: neither false nor missing.
    public static let condition = ExpressionPurpose("a condition", accepts: [.bool])
}

/// A constant behind an aggregate's argument: p of `quantile(x, p)`.
public struct AggregateParameter: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case number(ClosedRange<Double>)
        /// In microseconds; written with a unit, as `7d`.
        case duration(ClosedRange<Int64>)
    }

    public let name: String
    public let kind: Kind

    public init(_ name: String, _ kind: Kind) {
        self.name = name
        self.kind = kind
    }

    /// `0 to 1`, `1s to 400d`.
    public var bounds: String {
        switch kind {
        case .number(let range): "\(Self.text(range.lowerBound)) to \(Self.text(range.upperBound))"
        case .duration(let range):
            "\(DurationUnit.text(range.lowerBound)) to \(DurationUnit.text(range.upperBound))"
        }
    }

    private static func text(_ number: Double) -> String {
        number == number.rounded() && number.magnitude < 1e15 ? "\(Int64(number))" : "\(number)"
    }
}

/// An aggregate as expressions know it: what may stand in its parentheses.
public struct AggregateSignature: Hashable, Sendable {
    public let name: String
    /// The types of the first argument; empty: it takes none, as `count()`.
    public let accepts: Set<ExpressionType>
    /// The constants behind the argument, as in `quantile(x, p)`.
    public let parameters: [AggregateParameter]

    public init(_ name: String, accepts: Set<ExpressionType>, parameters: [AggregateParameter] = []) {
        self.name = name
        self.accepts = accepts
        self.parameters = parameters
    }

    /// `quantile(x, p)`.
    public var signature: String {
        "\(name)(" + ((accepts.isEmpty ? [] : ["x"]) + parameters.map(\.name)).joined(separator: ", ") + ")"
    }

    var argumentCount: Int { (accepts.isEmpty ? 0 : 1) + parameters.count }
}

/// Riffle's expression language: the functions, aggregates and limits with which expressions are read.
///
/// Reading has two steps, because the names of a text are needed to put features in order before they can be given a
/// meaning: `parse`, then `compile` with the scope in which the names stand.
///
/// Types are number, bool, text and time. A bool is accepted where a number is, as 0 or 1, never the other way round.
/// `x or y` is the logical "or" of two bools; where `x` is a number, or `y` a constant number, it is `x` with the
/// default `y` where `x` is missing.
public struct ExpressionLanguage: Sendable {
    public let functions: FunctionCatalogue
    public let aggregates: [AggregateSignature]
    public let limits: ExpressionLimits

    public init(
        functions: FunctionCatalogue = .standard, aggregates: [AggregateSignature] = [],
        limits: ExpressionLimits = ExpressionLimits()
    ) {
        self.functions = functions
        self.aggregates = aggregates
        self.limits = limits
    }

    /// Parses `text`, whose first character stands at `position` in the file; at a syntax error it appends one
    /// diagnostic and returns `nil`.
    ///
    /// Lines of `text` after the first are taken to start in the column of `position`.
    /// Complexity: O(length); the stack is bounded by `limits.depthMax`.
    public func parse(
        _ text: String, at position: SourcePosition, diagnostics: inout [Diagnostic]
    ) -> ParsedExpression? {
        ExpressionParser.parse(text, at: position, limits: limits, diagnostics: &diagnostics)
    }

    /// Checks names and types and makes a program; appends every error, and returns `nil` if there was one. Warnings
    /// leave a program.
    public func compile(
        _ expression: ParsedExpression, for purpose: ExpressionPurpose, in scope: ExpressionScope,
        diagnostics: inout [Diagnostic]
    ) -> CompiledExpression? {
        compile(expression, root: expression.nodes.count - 1, for: purpose, in: scope, diagnostics: &diagnostics)
    }

    /// The same for the part of `expression` whose last node is `root`.
    func compile(
        _ expression: ParsedExpression, root: NodeIndex, for purpose: ExpressionPurpose, in scope: ExpressionScope,
        diagnostics: inout [Diagnostic]
    ) -> CompiledExpression? {
        var compiler = ExpressionCompiler(expression, language: self, scope: scope)
        let program = compiler.compile(root, for: purpose)
        diagnostics += compiler.diagnostics
        return program
    }
}

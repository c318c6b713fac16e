public import Diagnostics

/// An expression whose syntax is right and whose names and types are not judged yet.
///
/// The nodes stand in one array, children before parents and the root last, so that every later pass is a loop: no
/// expression, however it nests, can exhaust the stack there.
public struct ParsedExpression: Hashable, Sendable {
    /// A name as it is written, and where.
    public struct Name: Hashable, Sendable {
        public let name: String
        public let range: SourceRange
    }

    let text: ExpressionText
    let nodes: [ExpressionNode]

    /// Where the expression stands in the file.
    public var range: SourceRange { text.range(nodes[nodes.count - 1].offsets) }

    /// Every name that is read, in the order of the text, repeated where it repeats. Functions are not among them.
    public var names: [Name] {
        nodes.compactMap { node in
            guard case .name(let name) = node.kind else { return nil }
            return Name(name: name, range: text.range(node.offsets))
        }
    }

    /// The words that can never be names.
    public static var reservedWords: [String] { ExpressionToken.Keyword.allCases.map(\.rawValue) }

    /// Whether expressions can refer to `name`: letters, digits and `_`, no digit first, and no reserved word.
    ///
    /// Whoever declares a field or a feature asks this, so that no name is declared that can never be read.
    public static func isName(_ name: String) -> Bool {
        guard let first = name.unicodeScalars.first, ExpressionLexer.startsName(first) else { return false }
        return name.unicodeScalars.allSatisfy(ExpressionLexer.continuesName)
            && ExpressionToken.Keyword(rawValue: name) == nil
    }
}

/// A place in `ParsedExpression.nodes`.
typealias NodeIndex = Int

struct ExpressionNode: Hashable, Sendable {
    indirect enum Kind: Hashable, Sendable {
        case number(Double)
        /// In microseconds.
        case duration(Int64)
        case bool(Bool)
        case text(String)
        case name(String)
        case negate(NodeIndex)
        case not(NodeIndex)
        case binary(BinaryOperator, NodeIndex, NodeIndex)
        /// `x in [a, b]`; the list's elements are literals.
        case member(NodeIndex, of: [NodeIndex], negated: Bool)
        /// `if … then … else …`.
        case choose(NodeIndex, NodeIndex, NodeIndex)
        case call(String, at: Range<Int>, arguments: [NodeIndex])
    }

    let kind: Kind
    /// In Unicode scalars from the text's start.
    let offsets: Range<Int>
    /// The first node of this node's subtree, which ends with the node itself.
    let first: NodeIndex
}

/// An operator between two values, as it is written.
enum BinaryOperator: String, Hashable, Sendable, CaseIterable {
    case or
    case and
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case equal = "=="
    case notEqual = "!="
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case remainder = "%"

    var precedence: Precedence {
        switch self {
        case .or: .or
        case .and: .and
        case .less, .lessOrEqual, .greater, .greaterOrEqual, .equal, .notEqual: .comparison
        case .add, .subtract: .additive
        case .multiply, .divide, .remainder: .multiplicative
        }
    }
}

/// How tightly an operator binds, loosest first.
enum Precedence: Int, Comparable, Sendable {
    case or
    case and
    case not
    case comparison
    case additive
    case multiplicative
    case unary

    static func < (left: Precedence, right: Precedence) -> Bool { left.rawValue < right.rawValue }
}

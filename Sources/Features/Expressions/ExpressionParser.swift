import Diagnostics

/// Reads an expression's text.
///
/// ```
/// expression := if expression then expression else expression | operation
/// precedence, loosest first:  or   and   not   < <= > >= == != in   + -   * / %   unary -   call
/// ```
/// All operators associate to the left; comparisons do not associate.
struct ExpressionParser {
    private let text: ExpressionText
    private let tokens: [ExpressionToken]
    private let limits: ExpressionLimits
    private var index = 0
    private var depth = 0
    private var nodes: [ExpressionNode] = []

    /// Parses `text`, whose first character stands at `position` in the file; at a syntax error it appends one
    /// diagnostic and returns `nil`.
    ///
    /// Lines of `text` after the first are taken to start in the column of `position`.
    /// Complexity: O(length); the stack is bounded by `limits.depthMax`.
    static func parse(
        _ text: String, at position: SourcePosition, limits: ExpressionLimits,
        diagnostics: inout [Diagnostic]
    ) -> ParsedExpression? {
        do throws(SyntaxFailure) {
            // UTF-8 first: it is known without a walk over the text.
            guard text.utf8.count <= limits.charactersMax * 4, text.unicodeScalars.count <= limits.charactersMax else {
                throw SyntaxFailure(
                    diagnostic: ExpressionDiagnostic.tooLong(
                        "expression is longer than \(limits.charactersMax) characters",
                        at: SourceRange(start: position),
                        suggestion: "divide it into several features"))
            }
            let text = ExpressionText(text, at: position)
            var parser = ExpressionParser(
                text: text, tokens: try ExpressionLexer.tokens(of: text), limits: limits)
            return try parser.whole()
        } catch {
            diagnostics.append(error.diagnostic)
            return nil
        }
    }

    private init(text: ExpressionText, tokens: [ExpressionToken], limits: ExpressionLimits) {
        self.text = text
        self.tokens = tokens
        self.limits = limits
    }

    // MARK: Tokens

    private var token: ExpressionToken { tokens[index] }

    /// The end token is never passed.
    private mutating func advance() { index = min(index + 1, tokens.count - 1) }

    private mutating func take(_ symbol: ExpressionToken.Symbol) -> Bool {
        guard token.kind == .symbol(symbol) else { return false }
        advance()
        return true
    }

    private func failure(
        _ code: ExpressionDiagnostic, _ message: String, at offsets: Range<Int>, suggestion: String? = nil,
        notes: [Diagnostic.Note] = []
    ) -> SyntaxFailure {
        SyntaxFailure(diagnostic: code(message, at: text.range(offsets), suggestion: suggestion, notes: notes))
    }

    private func unexpected(wanted: String, suggestion: String? = nil, notes: [Diagnostic.Note] = []) -> SyntaxFailure {
        let found = token.kind == .end ? "the end of the expression" : quoted(text.slice(token.offsets))
        return failure(
            .syntax, "expected \(wanted), found \(found)", at: token.offsets, suggestion: suggestion, notes: notes)
    }

    // MARK: Nodes

    private mutating func append(
        _ kind: ExpressionNode.Kind, _ offsets: Range<Int>, first: NodeIndex? = nil
    ) -> NodeIndex {
        nodes.append(ExpressionNode(kind: kind, offsets: offsets, first: first ?? nodes.count))
        return nodes.count - 1
    }

    // MARK: Grammar

    private mutating func whole() throws(SyntaxFailure) -> ParsedExpression {
        if token.kind == .end {
            throw failure(.syntax, "expression is empty", at: 0..<1, suggestion: "write a name, a number or a formula")
        }
        _ = try expression()
        if token.kind != .end { throw unexpected(wanted: "an operator", suggestion: suggestionForStrayToken()) }
        return ParsedExpression(text: text, nodes: nodes)
    }

    private func suggestionForStrayToken() -> String? {
        switch token.kind {
        case .name(let name):
            // `AND`, `Or`: keywords are lower-case.
            return ExpressionToken.Keyword(rawValue: name.lowercased()).map { "write \"\($0.rawValue)\"" }
        case .symbol(.close): return "there is no \"(\" to close"
        case .symbol(.openList): return "a list stands only behind \"in\""
        default: return nil
        }
    }

    private func tooDeep() -> SyntaxFailure {
        failure(
            .tooDeep, "expression is nested deeper than \(limits.depthMax) levels", at: token.offsets,
            suggestion: "divide it into several features")
    }

    private mutating func expression() throws(SyntaxFailure) -> NodeIndex {
        guard depth < limits.depthMax else { throw tooDeep() }
        depth += 1
        let node = token.kind == .keyword(.if) ? try conditional() : try operation()
        depth -= 1
        return node
    }

    private mutating func conditional() throws(SyntaxFailure) -> NodeIndex {
        let start = token.offsets
        let first = nodes.count
        advance()
        let condition = try expression()
        try expect(.then, of: start)
        let positive = try expression()
        try expect(.else, of: start)
        let negative = try expression()
        return append(
            .choose(condition, positive, negative), start.lowerBound..<tokens[index - 1].offsets.upperBound,
            first: first)
    }

    private mutating func expect(_ keyword: ExpressionToken.Keyword, of start: Range<Int>) throws(SyntaxFailure) {
        guard token.kind == .keyword(keyword) else {
            throw unexpected(
                wanted: "\"\(keyword.rawValue)\"", suggestion: "write \"if … then … else …\"",
                notes: [Diagnostic.Note("\"if\" is here", at: text.range(start))])
        }
        advance()
    }

    /// An operator whose right operand is being read.
    private struct Pending {
        enum Kind {
            case not
            case negate
            case binary(BinaryOperator, left: NodeIndex)
        }

        let kind: Kind
        let place: Range<Int>

        var precedence: Precedence {
            switch kind {
            case .not: .not
            case .negate: .unary
            case .binary(let written, _): written.precedence
            }
        }
    }

    private enum Step {
        case binary(BinaryOperator)
        case member(negated: Bool)

        var precedence: Precedence {
            switch self {
            case .binary(let written): written.precedence
            case .member: .comparison
            }
        }
    }

    /// Operands and the operators between them, by the shunting-yard method (Dijkstra, 1961): the operators wait in an
    /// array, so that the call stack grows with parentheses only.
    private mutating func operation() throws(SyntaxFailure) -> NodeIndex {
        var pending: [Pending] = []
        while true {
            try takePrefixes(&pending)
            var operand = try primary()
            if try takeOperator(&pending, behind: &operand) { continue }
            while let last = pending.popLast() { operand = append(last, on: operand) }
            return operand
        }
    }

    /// `not` and `-` before an operand.
    private mutating func takePrefixes(_ pending: inout [Pending]) throws(SyntaxFailure) {
        while true {
            let place = token.offsets
            if token.kind == .keyword(.not) {
                if let last = pending.last, last.precedence > .not {
                    throw unexpected(wanted: "a value", suggestion: "put parentheses around \"not …\"")
                }
                advance()
                pending.append(Pending(kind: .not, place: place))
            } else if take(.minus) {
                pending.append(Pending(kind: .negate, place: place))
            } else {
                return
            }
        }
    }

    /// Takes the operators behind an operand up to one that needs another operand; returns whether there was one.
    private mutating func takeOperator(
        _ pending: inout [Pending], behind operand: inout NodeIndex
    ) throws(SyntaxFailure) -> Bool {
        var listed: Range<Int>?
        while let step = operatorHere() {
            let place = token.offsets
            while let last = pending.last, last.precedence > step.precedence {
                operand = append(last, on: operand)
                pending.removeLast()
            }
            if step.precedence == .comparison {
                let earlier = pending.last?.precedence == .comparison ? pending.last?.place : listed
                if let earlier { throw chained(at: place, after: earlier) }
            } else if let listed, step.precedence > .comparison {
                throw unexpected(
                    wanted: "\"and\" or \"or\" behind a list", suggestion: "put parentheses around \"… in […]\"",
                    notes: [Diagnostic.Note("\"in\" is here", at: text.range(listed))])
            }
            // Equal operators associate to the left.
            while let last = pending.last, last.precedence == step.precedence {
                operand = append(last, on: operand)
                pending.removeLast()
            }
            advance()
            switch step {
            case .binary(let written):
                pending.append(Pending(kind: .binary(written, left: operand), place: place))
                return true
            case .member(let negated):
                if negated { advance() }
                let elements = try list()
                let start = nodes[operand]
                operand = append(
                    .member(operand, of: elements, negated: negated),
                    start.offsets.lowerBound..<tokens[index - 1].offsets.upperBound, first: start.first)
                listed = place
            }
        }
        return false
    }

    private mutating func append(_ pending: Pending, on operand: NodeIndex) -> NodeIndex {
        let end = nodes[operand].offsets.upperBound
        switch pending.kind {
        case .not: return append(.not(operand), pending.place.lowerBound..<end, first: nodes[operand].first)
        case .negate: return append(.negate(operand), pending.place.lowerBound..<end, first: nodes[operand].first)
        case .binary(let written, let left):
            let start = nodes[left]
            return append(
                .binary(written, left, operand), start.offsets.lowerBound..<end, first: start.first)
        }
    }

    private func operatorHere() -> Step? {
        switch token.kind {
        case .symbol(let symbol): return BinaryOperator(rawValue: symbol.rawValue).map { .binary($0) }
        case .keyword(.and): return .binary(.and)
        case .keyword(.or): return .binary(.or)
        case .keyword(.in): return .member(negated: false)
        case .keyword(.not):
            // The token behind `not` is there: the last one is `end`.
            return tokens[index + 1].kind == .keyword(.in) ? .member(negated: true) : nil
        default: return nil
        }
    }

    private func chained(at place: Range<Int>, after earlier: Range<Int>) -> SyntaxFailure {
        failure(
            .chainedComparison, "comparison \(quoted(text.slice(place))) follows another one", at: place,
            suggestion: "write \"a < b and b < c\"",
            notes: [Diagnostic.Note("the first comparison is here", at: text.range(earlier))])
    }

    private mutating func primary() throws(SyntaxFailure) -> NodeIndex {
        let start = token
        switch start.kind {
        case .number(let value):
            advance()
            return append(.number(value), start.offsets)
        case .duration(let microseconds):
            advance()
            return append(.duration(microseconds), start.offsets)
        case .text(let value):
            advance()
            return append(.text(value), start.offsets)
        case .keyword(.true), .keyword(.false):
            advance()
            return append(.bool(start.kind == .keyword(.true)), start.offsets)
        case .name(let name):
            advance()
            return token.kind == .symbol(.open) ? try call(name, at: start.offsets) : append(.name(name), start.offsets)
        case .symbol(.open):
            return try parenthesised()
        default: throw noOperand()
        }
    }

    /// Apart from `primary`, whose frames pile up.
    private func noOperand() -> SyntaxFailure {
        let suggestion: String? =
            switch token.kind {
            case .keyword(.if): "put parentheses around \"if … then … else …\""
            case .symbol(.plus): "leave the sign out"
            case .symbol(.openList): "a list stands only behind \"in\""
            default: nil
            }
        return unexpected(wanted: "a value", suggestion: suggestion)
    }

    private mutating func parenthesised() throws(SyntaxFailure) -> NodeIndex {
        let start = token.offsets
        advance()
        let inner = try expression()
        try close(.close, openedAt: start)
        // The node takes the parentheses into its place, so that a caret covers what the reader sees as one thing.
        let node = nodes[inner]
        nodes[inner] = ExpressionNode(
            kind: node.kind, offsets: start.lowerBound..<tokens[index - 1].offsets.upperBound, first: node.first)
        return inner
    }

    private mutating func close(_ symbol: ExpressionToken.Symbol, openedAt start: Range<Int>) throws(SyntaxFailure) {
        guard take(symbol) else {
            throw unexpected(
                wanted: "\"\(symbol.rawValue)\"", suggestion: suggestionForStrayToken(),
                notes: [Diagnostic.Note("opened here", at: text.range(start))])
        }
    }

    private mutating func call(_ name: String, at place: Range<Int>) throws(SyntaxFailure) -> NodeIndex {
        let first = nodes.count
        let opening = token.offsets
        advance()
        var arguments: [NodeIndex] = []
        if token.kind != .symbol(.close) {
            repeat { arguments.append(try expression()) } while take(.comma)
        }
        try close(.close, openedAt: opening)
        return append(
            .call(name, at: place, arguments: arguments), place.lowerBound..<tokens[index - 1].offsets.upperBound,
            first: first)
    }

    /// `[1, -2, "a"]`: literals only, so that a list never depends on the event.
    private mutating func list() throws(SyntaxFailure) -> [NodeIndex] {
        let opening = token.offsets
        guard take(.openList) else { throw unexpected(wanted: "\"[\"", suggestion: "write \"x in [1, 2]\"") }
        var elements: [NodeIndex] = []
        repeat {
            let first = nodes.count
            let start = token.offsets
            let isNegative = take(.minus)
            let literal: ExpressionNode.Kind
            switch token.kind {
            case .number(let value): literal = .number(isNegative ? -value : value)
            case .text(let value) where !isNegative: literal = .text(value)
            case .keyword(.true) where !isNegative: literal = .bool(true)
            case .keyword(.false) where !isNegative: literal = .bool(false)
            default:
                throw unexpected(wanted: "a number or a text", suggestion: "a list holds only literals")
            }
            advance()
            elements.append(append(literal, start.lowerBound..<tokens[index - 1].offsets.upperBound, first: first))
        } while take(.comma)
        try close(.closeList, openedAt: opening)
        return elements
    }
}

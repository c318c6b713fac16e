import Diagnostics
import Events

extension ExpressionCompiler {
    // MARK: Types

    /// The node's number, or `nil` with a diagnostic; `user` is what needs it. A bool counts as 0 or 1.
    mutating func number(_ index: NodeIndex, for user: String) -> Operand? {
        guard let value = value(index) else { return nil }
        if value.type == .number || value.type == .bool { return value.operand }
        reportMismatch([.number], value, at: index, for: user)
        return nil
    }

    mutating func bool(_ index: NodeIndex, for user: String) -> Operand? {
        guard let value = value(index) else { return nil }
        if value.type == .bool { return value.operand }
        reportMismatch([.bool], value, at: index, for: user)
        return nil
    }

    mutating func reportMismatch(_ wanted: Set<ExpressionType>, _ value: Value, at index: NodeIndex, for user: String) {
        let phrases = ExpressionType.allCases.filter { wanted.contains($0) }.map(\.phrase)
        report(
            .typeMismatch, "\(user) needs \(phrases.joined(separator: " or ")), found \(value.type.phrase)", at: index,
            suggestion: suggestion(wanted: wanted, for: value, at: index))
    }

    /// How to turn what is there into what is wanted.
    func suggestion(wanted: Set<ExpressionType>, for value: Value, at index: NodeIndex) -> String? {
        switch value.type {
        case .number:
            if wanted == [.bool] { return "compare it, as in \"\(shown(index)) > 0\"" }
            if wanted.contains(.text), case .constant = value.operand { return "write it as a text: '\(shown(index))'" }
            return nil
        case .bool: return nil
        case .text:
            if case .literal(let text) = value.operand {
                if wanted.contains(.number), Double(text) != nil { return "write it without quotes" }
                return nil
            }
            return wanted.contains(.bool)
                ? "compare it, as in \"\(shown(index)) == 'a'\"" : "a text can be compared only"
        case .time:
            return wanted.contains(.number) ? "take hour(\(shown(index))) or day_of_week(\(shown(index)))" : nil
        }
    }

    /// The node's text if it is short enough to stand in a suggestion.
    private func shown(_ index: NodeIndex) -> String {
        let text = source(of: index)
        return text.unicodeScalars.count <= 40 && !text.unicodeScalars.contains("\n") ? text : "…"
    }

    // MARK: Operators

    mutating func checkBinary(
        _ written: BinaryOperator, _ x: NodeIndex, _ y: NodeIndex, at index: NodeIndex
    ) -> Value? {
        let user = "\"\(written.rawValue)\""
        let operands: (Operand?, Operand?)
        switch written.precedence {
        case .or: return checkOr(x, y, at: index)
        case .comparison: return checkComparison(written, x, y, at: index)
        case .and: operands = (bool(x, for: user), bool(y, for: user))
        default: operands = (number(x, for: user), number(y, for: user))
        }
        guard let left = operands.0, let right = operands.1 else { return nil }
        return emit(written == .and ? .bool : .number, [left, right], at: index) {
            .binary(.written(written), $0[0], $0[1], into: $1)
        }
    }

    /// Two bools: the logical "or". A number, or a bool with a constant number: the left with a default.
    ///
    /// A number that depends on the event is no default of a bool: `a > 5 or amount` lacks a comparison far more often
    /// than it means a default.
    private mutating func checkOr(_ x: NodeIndex, _ y: NodeIndex, at index: NodeIndex) -> Value? {
        guard let left = value(x), let right = value(y) else { return nil }
        switch (left.type, right.type) {
        case (.bool, .bool):
            return emit(.bool, [left.operand, right.operand], at: index) {
                .binary(.written(.or), $0[0], $0[1], into: $1)
            }
        case (.number, .number):
            return emit(.number, [left.operand, right.operand], at: index) {
                .binary(.otherwise, $0[0], $0[1], into: $1)
            }
        case (.bool, .number):
            if case .constant = right.operand {
                return emit(.number, [left.operand, right.operand], at: index) {
                    .binary(.otherwise, $0[0], $0[1], into: $1)
                }
            }
            reportMismatch([.bool], right, at: y, for: "\"or\" behind true or false")
        case (.number, .bool):
            report(
                .typeMismatch, "\"or\" behind a number needs a number as its default, found true or false", at: y,
                suggestion: "compare the number, or put parentheses around it and its default")
        case (.text, _), (.time, _): reportMismatch([.number, .bool], left, at: x, for: "\"or\"")
        default: reportMismatch([.number, .bool], right, at: y, for: "\"or\"")
        }
        return nil
    }

    private mutating func checkComparison(
        _ written: BinaryOperator, _ x: NodeIndex, _ y: NodeIndex, at index: NodeIndex
    ) -> Value? {
        guard let left = value(x), let right = value(y) else { return nil }
        switch (left.type, right.type) {
        case (.text, .text):
            guard written == .equal || written == .notEqual else {
                report(
                    .typeMismatch, "\"\(written.rawValue)\" cannot compare texts", at: x,
                    suggestion: "write \"==\", \"!=\" or \"in\"")
                return nil
            }
            return compareTexts(left.operand, right.operand, negated: written == .notEqual)
        case (.time, .time):
            return emit(columns: [left.operand, right.operand], .bool) { operands, output in
                guard case .time(let x) = operands[0], case .time(let y) = operands[1] else {
                    preconditionFailure("times that are no times")
                }
                return .times(written, x, y, into: output)
            }
        case (.number, .number), (.number, .bool), (.bool, .number), (.bool, .bool):
            return emit(.bool, [left.operand, right.operand], at: index) {
                .binary(.written(written), $0[0], $0[1], into: $1)
            }
        default:
            // A literal is easier to mend than a field, and the right one is read last.
            let isLeftToBlame = isLiteral(left) && !isLiteral(right)
            let (blamed, value, other) = isLeftToBlame ? (x, left, right) : (y, right, left)
            report(
                .typeMismatch, "\"\(written.rawValue)\" compares \(left.type.phrase) with \(right.type.phrase)",
                at: blamed,
                suggestion: suggestion(wanted: [other.type], for: value, at: blamed))
            return nil
        }
    }

    private func isLiteral(_ value: Value) -> Bool {
        switch value.operand {
        case .constant, .literal: true
        case .register, .text, .time: false
        }
    }

    private mutating func compareTexts(_ x: Operand, _ y: Operand, negated: Bool) -> Value? {
        switch (x, y) {
        case (.text(let left), .text(let right)):
            return emit(columns: [x, y], .bool) { .textsEqual(left, right, negated: negated, into: $1) }
        case (.text(let field), .literal(let literal)), (.literal(let literal), .text(let field)):
            return emit(columns: [.text(field)], .bool) {
                .textIn(field, [Array(literal.utf8)], negated: negated, into: $1)
            }
        case (.literal(let left), .literal(let right)):
            // By bytes, as in columns: Swift's own comparison takes canonically equivalent texts for equal.
            return Value(type: .bool, operand: .constant(left.utf8.elementsEqual(right.utf8) != negated ? 1 : 0))
        default: preconditionFailure("texts that are no texts")
        }
    }

    /// `x in [...]` and `x not in [...]`.
    mutating func checkMember(_ x: NodeIndex, of list: [NodeIndex], negated: Bool, at index: NodeIndex) -> Value? {
        guard let subject = value(x) else { return nil }
        let user = negated ? "\"not in\"" : "\"in\""
        guard subject.type != .time else {
            reportMismatch([.number, .text], subject, at: x, for: user)
            return nil
        }
        let wanted: ExpressionType = subject.type == .text ? .text : .number
        var numbers: [Double] = []
        var texts: [String] = []
        for element in list {
            guard let value = value(element) else { return nil }
            switch value.operand {
            case .constant(let number) where wanted == .number: numbers.append(number)
            case .literal(let text) where wanted == .text: texts.append(text)
            default:
                reportMismatch([wanted], value, at: element, for: "\(user) behind \(subject.type.phrase)")
                return nil
            }
        }
        switch subject.operand {
        case .text(let field):
            let list = texts.map { Array($0.utf8) }
            return emit(columns: [subject.operand], .bool) { .textIn(field, list, negated: negated, into: $1) }
        case .literal(let text):
            let isThere = texts.contains { $0.utf8.elementsEqual(text.utf8) }
            return Value(type: .bool, operand: .constant(isThere != negated ? 1 : 0))
        default:
            return emit(.bool, [subject.operand], at: index) { .numberIn($0[0], numbers, negated: negated, into: $1) }
        }
    }
}

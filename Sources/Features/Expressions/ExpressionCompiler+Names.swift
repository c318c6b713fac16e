import Diagnostics
import Events

extension ExpressionCompiler {
    mutating func read(_ name: String, at index: NodeIndex) -> Value? {
        let range = range(of: index)
        if let binding = scope.resolve(name) {
            return emit(reference: ExpressionReference(name: name, binding: binding, range: range))
        }
        if let reason = scope.reason(withholding: name) {
            report(.unavailableName, "name \(quoted(name)) cannot be read here: \(reason)", at: range)
            return nil
        }
        let suggestion: String?
        if let function = language.functions.function(named: name) {
            suggestion = "it is a function: \(function.signature)"
        } else if let keyword = ExpressionToken.Keyword(rawValue: name.lowercased()) {
            suggestion = "write \"\(keyword.rawValue)\""
        } else {
            // What cannot be read may have been meant, and is none of what can be chosen.
            suggestion =
                Suggestion.nearest(to: name, among: scope.suggestions).map { "did you mean \(quoted($0))?" }
                ?? Suggestion.text(for: name, among: scope.names)
        }
        report(.unknownName, "name \(quoted(name)) is not known", at: range, suggestion: suggestion)
        return nil
    }

    mutating func checkCall(
        _ name: String, _ place: Range<Int>, _ arguments: [NodeIndex], at index: NodeIndex
    ) -> Value? {
        guard let function = language.functions.function(named: name) else {
            reportUnknownFunction(name, at: expression.text.range(place))
            return nil
        }
        guard function.accepts(argumentCount: arguments.count) else {
            let count = function.parameters.count
            let wanted = "\(function.repeatsLast ? "at least " : "")\(count) argument\(count == 1 ? "" : "s")"
            report(
                .wrongArgumentCount, "function \(quoted(name)) takes \(wanted), found \(arguments.count)", at: index,
                suggestion: "write \(function.signature)")
            return nil
        }
        var operands: [Operand] = []
        for (position, argument) in arguments.enumerated() {
            let parameter = function.parameters[min(position, function.parameters.count - 1)]
            if let operand = operand(argument, of: parameter, function: name) { operands.append(operand) }
        }
        guard operands.count == arguments.count else { return nil }
        let type: ExpressionType =
            switch function.result {
            case .number: .number
            case .bool: .bool
            case .common: arguments.allSatisfy { self.type(of: $0) == .bool } ? .bool : .number
            }
        let kernel = function.kernel
        let readsColumns = operands.contains {
            switch $0 {
            case .text, .time: true
            default: false
            }
        }
        if readsColumns || operands.isEmpty { return emit(columns: operands, type) { .call(kernel, $0, into: $1) } }
        return emit(type, operands, at: index) { .call(kernel, $0.map { .register($0) }, into: $1) }
    }

    private mutating func operand(
        _ argument: NodeIndex, of parameter: FunctionSpec.Parameter, function: String
    ) -> Operand? {
        guard let value = value(argument) else { return nil }
        let user = "\(quoted(parameter.name)) of function \(quoted(function))"
        let isAccepted =
            parameter.accepts.contains(value.type) || (value.type == .bool && parameter.accepts.contains(.number))
        guard isAccepted else {
            reportMismatch(parameter.accepts, value, at: argument, for: user)
            return nil
        }
        if case .literal = value.operand {
            report(.typeMismatch, "\(user) needs a field, found a text literal", at: argument)
            return nil
        }
        return value.operand
    }

    private mutating func reportUnknownFunction(_ name: String, at range: SourceRange) {
        if let aggregate = language.aggregates.first(where: { $0.name == name }) {
            report(
                .unknownFunction, "function \(quoted(name)) is an aggregate, which stands only under \"aggregates\"",
                at: range,
                suggestion: "name \(aggregate.signature) under \"aggregates\" and use that name here")
        } else if scope.resolve(name) != nil {
            report(
                .unknownFunction, "\(quoted(name)) is a value, not a function", at: range,
                suggestion: "leave the parentheses out")
        } else {
            report(
                .unknownFunction, "function \(quoted(name)) is not known", at: range,
                suggestion: Suggestion.text(for: name, among: language.functions.names))
        }
    }
}

public import Diagnostics

/// One aggregate call with an optional default: `mean(tx_amount)`, `sum(labels.tx_fraud) or 0`.
public struct AggregateExpression: Sendable {
    /// A name of `ExpressionLanguage.aggregates`.
    public let function: String
    public let functionRange: SourceRange
    /// What is aggregated; `nil` where the aggregate takes nothing, as `count()`.
    public let argument: CompiledExpression?
    /// The constants behind the argument, as many as the signature names; durations in microseconds.
    public let parameters: [Double]
    public let parameterRanges: [SourceRange]
    /// The value of an empty window; `nil`: missing.
    public let defaultValue: Double?
    public let defaultRange: SourceRange?
    public let range: SourceRange
}

extension ExpressionLanguage {
    /// Checks an expression that stands under `aggregates`: a call of one of them, with `or` and a constant behind it
    /// or not.
    ///
    /// The scope is that of the argument: the fields of the source that is aggregated.
    /// Appends every error, and returns `nil` if there was one.
    public func compileAggregate(
        _ expression: ParsedExpression, in scope: ExpressionScope, diagnostics: inout [Diagnostic]
    ) -> AggregateExpression? {
        let nodes = expression.nodes
        var callIndex = nodes.count - 1
        var defaultIndex: NodeIndex?
        if case .binary(.or, let left, let right) = nodes[callIndex].kind { (callIndex, defaultIndex) = (left, right) }
        guard case .call(let name, let place, let arguments) = nodes[callIndex].kind else {
            diagnostics.append(shapeDiagnostic(expression))
            return nil
        }
        let errorsBefore = diagnostics.count { $0.severity == .error }
        let functionRange = expression.text.range(place)
        guard let signature = aggregates.first(where: { $0.name == name }) else {
            diagnostics.append(
                ExpressionDiagnostic.unknownAggregate(
                    "aggregate \(quoted(name)) is not known", at: functionRange,
                    suggestion: suggestion(forAggregate: name)))
            return nil
        }
        var argument: CompiledExpression?
        var parameters: [Double] = []
        if arguments.count == signature.argumentCount {
            if !signature.accepts.isEmpty {
                argument = compile(
                    expression, root: arguments[0],
                    for: ExpressionPurpose("the argument of aggregate \(quoted(name))", accepts: signature.accepts),
                    in: scope, diagnostics: &diagnostics)
            }
            for (index, parameter) in zip(arguments.suffix(signature.parameters.count), signature.parameters) {
                let value = self.parameter(parameter, of: name, expression, index, in: scope, &diagnostics)
                if let value { parameters.append(value) }
            }
        } else {
            let count = signature.argumentCount
            diagnostics.append(
                ExpressionDiagnostic.wrongArgumentCount(
                    "aggregate \(quoted(name)) takes \(count == 0 ? "no" : "\(count)") "
                        + "argument\(count == 1 ? "" : "s"), found \(arguments.count)",
                    at: expression.text.range(nodes[callIndex].offsets), suggestion: "write \(signature.signature)"))
        }
        let phrase = "the default of aggregate \(quoted(name))"
        let defaultValue = defaultIndex.flatMap { constant(expression, $0, phrase, in: scope, &diagnostics) }
        guard diagnostics.count(where: { $0.severity == .error }) == errorsBefore else { return nil }
        return AggregateExpression(
            function: name, functionRange: functionRange, argument: argument, parameters: parameters,
            parameterRanges: arguments.suffix(signature.parameters.count).map {
                expression.text.range(nodes[$0].offsets)
            },
            defaultValue: defaultValue, defaultRange: defaultIndex.map { expression.text.range(nodes[$0].offsets) },
            range: expression.range)
    }

    /// What other tools call an aggregate, and how it is called here.
    private static let otherNames: [String: String] = [
        "avg": "mean", "average": "mean", "std": "stddev", "sd": "stddev", "stdev": "stddev", "var": "stddev",
        "variance": "stddev", "median": "quantile", "percentile": "quantile", "nunique": "distinct",
        "unique": "distinct", "count_distinct": "distinct", "cardinality": "distinct", "lag": "previous",
        "prev": "previous", "ema": "ewma", "ewm": "ewma", "minimum": "min", "maximum": "max", "total": "sum",
        "frequency": "rate", "recency": "time_since_last",
    ]

    /// The name that was meant, else all that there are.
    private func suggestion(forAggregate name: String) -> String? {
        let names = aggregates.map(\.name)
        if let other = Self.otherNames[name.lowercased()], let meant = aggregates.first(where: { $0.name == other }) {
            return "write \(meant.signature)"
        }
        return Suggestion.text(for: name, among: names) ?? "the aggregates are \(names.joined(separator: ", "))"
    }

    private func shapeDiagnostic(_ expression: ParsedExpression) -> Diagnostic {
        let names = aggregates.map(\.name)
        let call = expression.nodes.first { node in
            if case .call(let name, _, _) = node.kind { return names.contains(name) }
            return false
        }
        guard let call else {
            let whole = expression.text.slice(expression.nodes[expression.nodes.count - 1].offsets)
            return ExpressionDiagnostic.aggregateShape(
                "\(quoted(whole)) is not an aggregate", at: expression.range,
                suggestion: aggregates.first.map { "write a call, such as \"\($0.signature)\"" })
        }
        let callText = expression.text.slice(call.offsets)
        return ExpressionDiagnostic.aggregateShape(
            "an aggregate stands alone, with an \"or\" and a default at most", at: expression.range,
            suggestion: "name \(quoted(callText)) alone, and compute with that name in a feature")
    }

    private func parameter(
        _ parameter: AggregateParameter, of aggregate: String, _ expression: ParsedExpression, _ index: NodeIndex,
        in scope: ExpressionScope, _ diagnostics: inout [Diagnostic]
    ) -> Double? {
        let phrase = "\(quoted(parameter.name)) of aggregate \(quoted(aggregate))"
        let range = expression.text.range(expression.nodes[index].offsets)
        let isWithin: Bool
        let value: Double
        switch (parameter.kind, expression.nodes[index].kind) {
        case (.duration(let bounds), .duration(let microseconds)):
            isWithin = bounds.contains(microseconds)
            value = Double(microseconds)
        case (.duration, _):
            diagnostics.append(
                ExpressionDiagnostic.typeMismatch(
                    "\(phrase) needs a duration", at: range, suggestion: "write a whole number and a unit, such as 7d"))
            return nil
        case (.number, .duration):
            diagnostics.append(
                ExpressionDiagnostic.typeMismatch("\(phrase) needs a number, found a duration", at: range))
            return nil
        case (.number(let bounds), _):
            guard let number = constant(expression, index, phrase, in: scope, &diagnostics) else { return nil }
            isWithin = bounds.contains(number)
            value = number
        }
        guard isWithin else {
            let written = quoted(expression.text.slice(expression.nodes[index].offsets))
            diagnostics.append(
                ExpressionDiagnostic.parameterOutOfRange(
                    "\(phrase) cannot be \(written)", at: range, suggestion: "allowed: \(parameter.bounds)"))
            return nil
        }
        return value
    }

    private func constant(
        _ expression: ParsedExpression, _ index: NodeIndex, _ phrase: String, in scope: ExpressionScope,
        _ diagnostics: inout [Diagnostic]
    ) -> Double? {
        let program = compile(
            expression, root: index, for: ExpressionPurpose(phrase, accepts: [.number]), in: scope,
            diagnostics: &diagnostics)
        guard let program else { return nil }
        if program.constant == nil {
            diagnostics.append(
                ExpressionDiagnostic.notConstant(
                    "\(phrase) has to be a constant", at: program.range, suggestion: "write a number"))
        }
        return program.constant.flatMap { $0.isNaN ? nil : $0 }
    }
}

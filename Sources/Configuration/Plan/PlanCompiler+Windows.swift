import Diagnostics
import Events
import Features

/// The windows of one entity while they are gathered from several groups.
struct EntityDraft {
    let keyField: FieldIndex
    var windows: [WindowPlan] = []
    var valueColumns: [ValueColumnPlan] = []
    var aggregates: [AggregatePlan] = []
    /// Value columns by the field or the text that they hold, so that equal ones are kept once.
    var columnNames: [String] = []

    func plan(late: LateSpec) -> EntityPlan {
        EntityPlan(
            keyField: keyField, windows: windows, valueColumns: valueColumns, aggregates: aggregates,
            lateMicroseconds: late.afterMicroseconds)
    }

    mutating func window(_ plan: WindowPlan) -> Int {
        if let known = windows.firstIndex(of: plan) { return known }
        windows.append(plan)
        return windows.count - 1
    }

    mutating func column(_ name: String, _ plan: ValueColumnPlan) -> Int {
        if let known = columnNames.firstIndex(of: name) { return known }
        columnNames.append(name)
        valueColumns.append(plan)
        return valueColumns.count - 1
    }
}

extension PlanCompiler {
    /// Compiles every aggregate of every group, and gathers the windows of each entity in one store.
    mutating func compileWindows() {
        struct Place: Hashable {
            let group: Int
            let aggregate: Int
        }
        var outputs: [Place: [(feature: Int, window: Int)]] = [:]
        for (feature, name) in spec.featureNames.enumerated() {
            guard let aggregate = name.aggregateIndex, let window = name.windowIndex else { continue }
            outputs[Place(group: name.featureIndex, aggregate: aggregate), default: []].append((feature, window))
        }
        for (groupIndex, feature) in spec.features.enumerated() {
            guard case .group(let group) = feature else { continue }
            for (aggregateIndex, aggregate) in group.aggregates.enumerated() {
                guard let call = compileCall(aggregate, of: group) else { continue }
                for output in outputs[Place(group: groupIndex, aggregate: aggregateIndex)] ?? [] {
                    let length = group.over[output.window].value
                    add(call, of: aggregate.call.value, over: length, in: group, to: FeatureIndex(output.feature))
                    bind(spec.featureNames[output.feature].name, to: .feature(slot: output.feature))
                }
            }
        }
    }

    private mutating func compileCall(_ aggregate: AggregateSpec, of group: WindowGroupSpec) -> AggregateExpression? {
        guard let parsed = parse(aggregate.call) else { return nil }
        let isFaulty = parsed.names.contains { name in
            fieldScope.resolve(name.name) == nil && spec.faultyNames.mayHold(name.name)
        }
        if isFaulty { return nil }
        var found: [Diagnostic] = []
        let call = language.compileAggregate(parsed, in: fieldScope, diagnostics: &found)
        add(found, in: aggregate.call)
        if let argument = call?.argument { checkLabels(argument, in: aggregate.call, group: group) }
        return call
    }

    private mutating func add(
        _ call: AggregateExpression, of text: String, over length: TimeSpan, in group: WindowGroupSpec,
        to feature: FeatureIndex
    ) {
        guard let function = aggregates[call.function]?.function else { return }
        let place = entities.firstIndex { $0.keyField == group.byField } ?? entities.count
        if place == entities.count { entities.append(EntityDraft(keyField: group.byField)) }
        let window = entities[place].window(
            WindowPlan(
                delayMicroseconds: group.delay?.value.microseconds ?? 0, lengthMicroseconds: length.microseconds))
        var column: Int?
        if let argument = call.argument {
            column = entities[place].column(Self.columnName(argument, in: text), valueColumn(argument))
        }
        entities[place].aggregates.append(
            AggregatePlan(
                function: function, window: window, valueColumn: column, defaultValue: call.defaultValue,
                feature: feature))
    }

    /// Equal for arguments that are written alike; of a text over several lines the whole.
    private static func columnName(_ argument: CompiledExpression, in text: String) -> String {
        if let field = argument.plainField { return "field \(field.rawValue)" }
        if text.unicodeScalars.contains("\n") { return "text \(text)" }
        let start = argument.range.start.column - 1
        let written = text.unicodeScalars.dropFirst(start).prefix(argument.range.length)
        return "argument \(String(String.UnicodeScalarView(written)))"
    }

    private func valueColumn(_ argument: CompiledExpression) -> ValueColumnPlan {
        guard let field = argument.plainField else { return .doubles(argument) }
        let plan = source.schema.fields[field.rawValue]
        var scale = 0
        if case .decimal(let digits) = plan.type { scale = digits }
        return .integers(field: field, scale: scale, mayBeMissing: plan.isOptional || plan.isNullable)
    }
}

extension Features.AggregateSpec {
    /// What may stand in its parentheses.
    var signature: AggregateSignature { AggregateSignature(name, accepts: takesArgument ? [.number, .bool] : []) }
}

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
        for (index, feature) in spec.features.enumerated() {
            guard case .group(let group) = feature else { continue }
            for (aggregateIndex, aggregate) in group.aggregates.enumerated() {
                guard let call = compileCall(aggregate, of: group) else { continue }
                for (feature, name) in spec.featureNames.enumerated()
                where name.featureIndex == index && name.aggregateIndex == aggregateIndex {
                    guard let window = name.windowIndex else { continue }
                    add(call, text: aggregate.call.value, over: group.over[window].value, of: group, to: FeatureIndex(feature))
                    bindings[name.name] = .feature(slot: feature)
                }
            }
        }
    }

    private mutating func compileCall(_ aggregate: AggregateSpec, of group: WindowGroupSpec) -> AggregateExpression? {
        guard let parsed = parse(aggregate.call) else { return nil }
        if readsFaultyName(parsed, fieldScope) { return nil }
        var found: [Diagnostic] = []
        let call = language.compileAggregate(parsed, in: fieldScope, diagnostics: &found)
        diagnostics += found.map(aggregate.call.placed)
        if let argument = call?.argument { checkLabels(argument, in: aggregate.call, delay: group.delay) }
        return call
    }

    private mutating func add(
        _ call: AggregateExpression, text: String, over length: TimeSpan, of group: WindowGroupSpec, to feature: FeatureIndex
    ) {
        guard let function = aggregates[call.function]?.function, length.microseconds > 0 else { return }
        let place = entities.firstIndex { $0.keyField == group.byField } ?? entities.count
        if place == entities.count { entities.append(EntityDraft(keyField: group.byField)) }
        let window = entities[place].window(
            WindowPlan(
                delayMicroseconds: group.delay?.value.microseconds ?? 0, lengthMicroseconds: length.microseconds))
        var column: Int?
        if let argument = call.argument {
            let name = argument.plainField.map { "field \($0.rawValue)" } ?? "text \(text)"
            let plan = valueColumn(argument)
            column = entities[place].column(name, plan)
        }
        entities[place].aggregates.append(
            AggregatePlan(
                function: function, window: window, valueColumn: column, defaultValue: call.defaultValue, feature: feature))
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

import Configuration
import Events
import Features

/// The windows of a plan as text, for goldens and for eyes.
struct PlanText: CustomStringConvertible {
    let plan: PipelinePlan

    var description: String { plan.features.entities.map(text).joined() }

    private func text(_ entity: EntityPlan) -> String {
        var lines = ["\(name(entity.keyField)) of \(plan.sources[entity.source].name)"]
        if entity.queryKeyField != entity.keyField { lines[0] += ", asked for by \(name(entity.queryKeyField))" }
        lines[0] += ", late \(span(entity.lateMicroseconds))"
        for (index, window) in entity.windows.enumerated() {
            let delay = window.delayMicroseconds > 0 ? " delayed by \(span(window.delayMicroseconds))" : ""
            let tiles = window.isTiled ? " in tiles of \(span(window.tileMicroseconds))" : ""
            let itself = window.includesCurrent ? "" : " without the event itself"
            lines.append("  window \(index): \(span(window.lengthMicroseconds))\(tiles)\(delay)\(itself)")
        }
        for (index, column) in entity.valueColumns.enumerated() {
            let filter = column.filter.map { " where \($0.canonicalText)" } ?? ""
            lines.append("  column \(index): \(text(column.content))\(filter)")
        }
        for aggregate in entity.aggregates {
            var line = "  \(plan.features.names[aggregate.feature.rawValue]): \(aggregate.function)"
            if let column = aggregate.valueColumn { line += " of column \(column)" }
            line += " in window \(aggregate.window)"
            if let parameter = aggregate.parameter { line += " with \(parameter)" }
            if let standard = aggregate.defaultValue { line += " or \(standard)" }
            lines.append(line)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func text(_ content: ValueColumnPlan.Content) -> String {
        switch content {
        case .integers(let field, let scale, let mayBeMissing):
            "integers \(name(field)) of scale \(scale)\(mayBeMissing ? " or missing" : "")"
        case .hashes(let field, let mayBeMissing): "hashes \(name(field))\(mayBeMissing ? " or missing" : "")"
        case .doubles(let expression): "doubles \(expression.canonicalText)"
        case .ones: "ones"
        }
    }

    private func name(_ field: FieldIndex) -> String { plan.schema.fields[field.rawValue].name }

    private func span(_ microseconds: Int64) -> String {
        microseconds == WindowPlan.unbounded ? "all" : DurationUnit.text(microseconds)
    }
}

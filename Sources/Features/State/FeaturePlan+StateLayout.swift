public import Events

extension FeaturePlan {
    /// Everything that decides how keyed state is laid out and what it means, as text: two plans whose texts are equal
    /// may use each other's state.
    ///
    /// It names entities, their keys, windows, lateness, sums with the expressions behind them and the limits that
    /// decide what is forgotten; not features, models or rules, which may change over the same state. Of the source it
    /// names the fields that are read: where events come from and which are refused is for the caller to add.
    public func stateLayout(schema: EventSchema, limits: FeatureLimits) -> String {
        var lines = [
            "riffle-state 1",
            "shards \(limits.shardCount) keys \(limits.keysPerEntity) events \(limits.eventsPerKeyMax)",
        ]
        for entity in entities { lines += Self.lines(entity, schema) }
        return lines.joined(separator: "\n")
    }

    private static func lines(_ entity: EntityPlan, _ schema: EventSchema) -> [String] {
        var lines = ["entity \(text(schema, entity.keyField)) late \(entity.lateMicroseconds)"]
        if entity.source != 0 {
            lines.append("source \(entity.source) asked by \(text(schema, entity.queryKeyField))")
        }
        for window in entity.windows {
            let tiles = window.isTiled ? " tiles \(window.tileMicroseconds)" : ""
            lines.append("window \(window.delayMicroseconds) \(window.lengthMicroseconds)\(tiles)")
        }
        for column in entity.valueColumns {
            switch column.content {
            case .integers(let field, let scale, let mayBeMissing):
                lines.append("integers \(text(schema, field)) scale \(scale) \(mayBeMissing ? "or none" : "")")
            case .doubles(let expression): lines += text("doubles", expression, schema)
            case .hashes(let field, let mayBeMissing):
                lines.append("hashes \(text(schema, field)) \(mayBeMissing ? "or none" : "")")
            case .ones: lines.append("ones")
            }
            if let filter = column.filter { lines += text("where", filter, schema) }
        }
        // Sums and tracks stand in the record in the order in which aggregates first need them.
        var seen: Set<String> = []
        for aggregate in entity.aggregates {
            guard let line = state(aggregate, entity), seen.insert(line).inserted else { continue }
            lines.append(line)
        }
        return lines
    }

    /// What is kept for an aggregate besides the events and the edges of its window.
    private static func state(_ aggregate: AggregatePlan, _ entity: EntityPlan) -> String? {
        let isUnbounded = entity.windows[aggregate.window].isUnbounded
        if entity.windows[aggregate.window].isTiled { return tileState(aggregate, entity) }
        let column = aggregate.valueColumn.map { "\($0)" } ?? "none"
        let place = "\(aggregate.window) \(column)"
        if !isUnbounded, aggregate.function.needsSum { return aggregate.valueColumn == nil ? nil : "sum \(place)" }
        let shape = aggregate.valueColumn.map { ColumnLayout.Shape(entity.valueColumns[$0]) }
        guard let kind = TrackKind(aggregate.function, shape, isUnbounded: isUnbounded) else { return nil }
        let parameter = kind == .decayedMean ? " \((aggregate.parameter ?? .nan).bitPattern)" : ""
        return "track \(kind) \(place)\(parameter)"
    }

    /// The part of each tile that an aggregate needs, and the count of values beside it.
    private static func tileState(_ aggregate: AggregatePlan, _ entity: EntityPlan) -> String {
        let shape = aggregate.valueColumn.map { ColumnLayout.Shape(entity.valueColumns[$0]) } ?? .always
        let column = aggregate.valueColumn.map { "\($0)" } ?? "none"
        return "tile \(TilePart.Kind(aggregate.function, shape)) \(aggregate.window) \(column)"
    }

    private static func text(_ name: String, _ expression: CompiledExpression, _ schema: EventSchema) -> [String] {
        ["\(name) \(expression.canonicalText)"] + expression.fields.map { "reads \(text(schema, $0))" }
    }

    private static func text(_ schema: EventSchema, _ index: FieldIndex) -> String {
        let field = schema.fields[index.rawValue]
        // Lengths keep two paths from joining to the same text.
        let path = field.path.map { "\($0.utf8.count):\($0)" }.joined()
        let type: String =
            switch field.type {
            case .int: "int"
            case .float: "float"
            case .bool: "bool"
            case .string: "string"
            case .decimal(let scale): "decimal \(scale)"
            case .time(let format): "time \(format.rawValue)"
            }
        return "\(field.name.utf8.count):\(field.name) \(path) \(type)"
    }
}

extension CompiledExpression {
    /// The fields that are read, each once.
    fileprivate var fields: [FieldIndex] {
        var found: [FieldIndex] = []
        for reference in references {
            guard case .field(let index, _) = reference.binding.place, !found.contains(index) else { continue }
            found.append(index)
        }
        return found
    }
}

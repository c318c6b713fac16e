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
        for entity in entities {
            lines.append("entity \(Self.text(schema, entity.keyField)) late \(entity.lateMicroseconds)")
            for window in entity.windows {
                lines.append("window \(window.delayMicroseconds) \(window.lengthMicroseconds)")
            }
            for column in entity.valueColumns {
                switch column.content {
                case .integers(let field, let scale, let mayBeMissing):
                    lines.append("integers \(Self.text(schema, field)) scale \(scale) \(mayBeMissing ? "or none" : "")")
                case .doubles(let expression):
                    lines.append("doubles \(expression.canonicalText)")
                    lines += expression.fields.map { "reads \(Self.text(schema, $0))" }
                case .hashes(let field, let mayBeMissing):
                    lines.append("hashes \(Self.text(schema, field)) \(mayBeMissing ? "or none" : "")")
                case .ones: lines.append("ones")
                }
            }
            // The sums stand in the record in the order in which aggregates first need them.
            var sums: [[Int]] = []
            for aggregate in entity.aggregates {
                guard let column = aggregate.valueColumn, !sums.contains([aggregate.window, column]) else { continue }
                sums.append([aggregate.window, column])
                lines.append("sum \(aggregate.window) \(column)")
            }
        }
        return lines.joined(separator: "\n")
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

import Events

extension PipelineSpec {
    /// The sources with their places in a batch, the scored one first; at least one is there.
    var sourcePlans: [SourcePlan] {
        var plans: [SourcePlan] = []
        var firstColumn = 0
        for source in sources {
            let action: LatePolicy.Action =
                switch source.late.action {
                case .score: .score
                case .drop: .drop
                case .deadLetter: .deadLetter
                }
            let columns = firstColumn..<firstColumn + source.schema.fields.count
            firstColumn = columns.upperBound
            plans.append(
                SourcePlan(
                    name: source.name.value, topic: source.topic.value, schema: source.schema, columns: columns,
                    available: source.available,
                    late: LatePolicy(afterMicroseconds: source.late.afterMicroseconds, action: action),
                    key: source.key?.index, id: source.id?.index))
        }
        return plans
    }
}

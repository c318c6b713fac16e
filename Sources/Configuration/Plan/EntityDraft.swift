import Events
import Features

/// The windows of one entity over one source while they are gathered from several groups.
struct EntityDraft {
    let source: Int
    /// The field of that source, and the one of the scored source that asks.
    let keyField: FieldIndex
    let queryKeyField: FieldIndex
    private var windows: [WindowPlan] = []
    private var valueColumns: [ValueColumnPlan] = []
    private var aggregates: [AggregatePlan] = []
    /// The place of each value column by what it holds, so that equal ones are kept once.
    private var columnPlaces: [String: Int] = [:]

    init(source: Int, keyField: FieldIndex, queryKeyField: FieldIndex) {
        self.source = source
        self.keyField = keyField
        self.queryKeyField = queryKeyField
    }

    func plan(of sources: [SourcePlan]) -> EntityPlan {
        EntityPlan(
            source: source, keyField: keyField, queryKeyField: queryKeyField, windows: windows,
            valueColumns: valueColumns, aggregates: aggregates, lateMicroseconds: sources[source].late.afterMicroseconds
        )
    }

    mutating func window(_ plan: WindowPlan) -> Int {
        if let known = windows.firstIndex(of: plan) { return known }
        windows.append(plan)
        return windows.count - 1
    }

    mutating func column(_ plan: ValueColumnPlan) -> Int {
        let name = Self.name(of: plan)
        if let known = columnPlaces[name] { return known }
        columnPlaces[name] = valueColumns.count
        valueColumns.append(plan)
        return valueColumns.count - 1
    }

    mutating func add(_ aggregate: AggregatePlan) { aggregates.append(aggregate) }

    /// Equal for columns that hold the same, however they are written.
    private static func name(of plan: ValueColumnPlan) -> String {
        let content: String =
            switch plan.content {
            case .integers(let field, _, _): "integers \(field.rawValue)"
            case .hashes(let field, _): "hashes \(field.rawValue)"
            case .doubles(let expression): "doubles \(expression.canonicalText)"
            case .ones: "ones"
            }
        // A length keeps a content from running into its filter.
        return "\(content.utf8.count) \(content) where \(plan.filter?.canonicalText ?? "")"
    }
}

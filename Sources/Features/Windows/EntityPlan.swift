public import Events

/// What a window remembers of each event, one 64-bit word: the input of sums.
public enum ValueColumnPlan: Sendable {
    /// An `int`, `bool` or `decimal` field as it is: summed as exact integers of 10^-scale units.
    case integers(field: FieldIndex, scale: Int, mayBeMissing: Bool)
    /// An expression over the event: summed as doubles with a compensated sum.
    case doubles(CompiledExpression)
}

/// One output of an entity: an aggregate over one of its windows, written to one feature.
public struct AggregatePlan: Sendable {
    public let function: AggregateFunction
    /// Index into `EntityPlan.windows`.
    public let window: Int
    /// Index into `EntityPlan.valueColumns`; `nil` where the aggregate takes no argument.
    public let valueColumn: Int?
    /// Stands in where the aggregate is missing: `mean(x) or 0`.
    public let defaultValue: Double?
    public let feature: FeatureIndex

    public init(
        function: AggregateFunction, window: Int, valueColumn: Int?, defaultValue: Double?, feature: FeatureIndex
    ) {
        self.function = function
        self.window = window
        self.valueColumn = valueColumn
        self.defaultValue = defaultValue
        self.feature = feature
    }
}

/// All windows of one entity over one source: one event store a key, shared by every window.
public struct EntityPlan: Sendable {
    /// The field whose value is the key; a `string` or an `int`.
    public let keyField: FieldIndex
    public let windows: [WindowPlan]
    public let valueColumns: [ValueColumnPlan]
    public let aggregates: [AggregatePlan]
    /// How late an event may be and still see, and enter, complete windows.
    public let lateMicroseconds: Int64

    public init(
        keyField: FieldIndex, windows: [WindowPlan], valueColumns: [ValueColumnPlan], aggregates: [AggregatePlan],
        lateMicroseconds: Int64
    ) {
        precondition(
            (0...WindowPlan.spanMicrosecondsMax).contains(lateMicroseconds), "lateness of \(lateMicroseconds)")
        for aggregate in aggregates {
            precondition(windows.indices.contains(aggregate.window), "window \(aggregate.window) of \(windows.count)")
            precondition(
                aggregate.valueColumn.map(valueColumns.indices.contains) ?? true,
                "value column \(aggregate.valueColumn ?? -1) of \(valueColumns.count)")
            precondition(
                (aggregate.function == .count) == (aggregate.valueColumn == nil),
                "\(aggregate.function) of value column \(aggregate.valueColumn ?? -1)")
        }
        self.keyField = keyField
        self.windows = windows
        self.valueColumns = valueColumns
        self.aggregates = aggregates
        self.lateMicroseconds = lateMicroseconds
    }

    /// How far back from the watermark this state depends on events (delay + window + lateness): what is older is
    /// forgotten, and a rebuild needs no more.
    public var horizonMicroseconds: Int64 {
        (windows.map(\.reachMicroseconds).max() ?? 0) + lateMicroseconds
    }
}

public import Events

/// What a window remembers of each event: the input of aggregates.
public struct ValueColumnPlan: Sendable {
    public enum Content: Sendable {
        /// An `int`, `bool` or `decimal` field as it is: summed as exact integers of 10^-scale units.
        case integers(field: FieldIndex, scale: Int, mayBeMissing: Bool)
        /// An expression over the event: summed as doubles with a compensated sum.
        case doubles(CompiledExpression)
        /// The hash of a `string` field, for `distinct`.
        case hashes(field: FieldIndex, mayBeMissing: Bool)
        /// 1 for every event: with a filter, what `count` and `rate` count.
        case ones
    }

    public let content: Content
    /// Where it is not true, the event has no value in this column.
    public let filter: CompiledExpression?

    public init(_ content: Content, filter: CompiledExpression? = nil) {
        self.content = content
        self.filter = filter
    }

    public static func integers(field: FieldIndex, scale: Int, mayBeMissing: Bool) -> ValueColumnPlan {
        ValueColumnPlan(.integers(field: field, scale: scale, mayBeMissing: mayBeMissing))
    }

    public static func doubles(_ expression: CompiledExpression) -> ValueColumnPlan {
        ValueColumnPlan(.doubles(expression))
    }
}

/// One output of an entity: an aggregate over one of its windows, written to one feature.
public struct AggregatePlan: Sendable {
    public let function: AggregateFunction
    /// Index into `EntityPlan.windows`.
    public let window: Int
    /// Index into `EntityPlan.valueColumns`; `nil` where the aggregate takes no argument.
    public let valueColumn: Int?
    /// The constant behind the argument: p of `quantile`, the half-life of `ewma` and the unit of `rate` in
    /// microseconds.
    public let parameter: Double?
    /// Stands in where the aggregate is missing: `mean(x) or 0`.
    public let defaultValue: Double?
    public let feature: FeatureIndex

    public init(
        function: AggregateFunction, window: Int, valueColumn: Int?, parameter: Double? = nil, defaultValue: Double?,
        feature: FeatureIndex
    ) {
        self.function = function
        self.window = window
        self.valueColumn = valueColumn
        self.parameter = parameter
        self.defaultValue = defaultValue
        self.feature = feature
    }

    /// Whether its value depends on all events since the beginning.
    public func isUnbounded(in entity: EntityPlan) -> Bool { entity.windows[window].isUnbounded }
}

/// All windows of one entity over one source: one event store a key, shared by every window.
public struct EntityPlan: Sendable {
    /// The source whose events enter the windows, as `EventBatch.sources` numbers them; 0 is the one that is scored.
    public let source: Int
    /// The field of that source whose value is the key; a `string` or an `int`.
    public let keyField: FieldIndex
    /// The field of the scored source whose value is the key that its events ask for; the same as `keyField` where they
    /// enter the windows themselves.
    public let queryKeyField: FieldIndex
    public let windows: [WindowPlan]
    public let valueColumns: [ValueColumnPlan]
    public let aggregates: [AggregatePlan]
    /// How late an event may be and still see, and enter, complete windows.
    public let lateMicroseconds: Int64

    public init(
        source: Int = 0, keyField: FieldIndex, queryKeyField: FieldIndex? = nil, windows: [WindowPlan],
        valueColumns: [ValueColumnPlan], aggregates: [AggregatePlan], lateMicroseconds: Int64
    ) {
        precondition(
            (0...WindowPlan.spanMicrosecondsMax).contains(lateMicroseconds), "lateness of \(lateMicroseconds)")
        for aggregate in aggregates {
            precondition(windows.indices.contains(aggregate.window), "window \(aggregate.window) of \(windows.count)")
            precondition(
                aggregate.valueColumn.map(valueColumns.indices.contains) ?? true,
                "value column \(aggregate.valueColumn ?? -1) of \(valueColumns.count)")
            precondition(
                aggregate.valueColumn != nil || aggregate.function.countsEvents,
                "\(aggregate.function) of value column \(aggregate.valueColumn ?? -1)")
        }
        self.source = source
        self.keyField = keyField
        self.queryKeyField = queryKeyField ?? keyField
        self.windows = windows
        self.valueColumns = valueColumns
        self.aggregates = aggregates
        self.lateMicroseconds = lateMicroseconds
    }

    /// Whether something is known of all events since the beginning: a rebuild then needs a snapshot, or the whole log.
    public var isUnbounded: Bool { aggregates.contains { $0.isUnbounded(in: self) } }

    /// How far back from the watermark this state depends on events (delay + window + lateness): what is older is
    /// forgotten, and a rebuild needs no more.
    public var horizonMicroseconds: Int64 {
        (windows.map(\.horizonMicroseconds).max() ?? 0) + lateMicroseconds
    }
}

extension AggregateSpec {
    /// Events in the window, whether or not their fields have values.
    static let count = AggregateSpec(
        .count, named: "count", summary: "The number of events in the window.", missingRule: countsAll, error: exact,
        emptyValue: "0", example: "count()")
}

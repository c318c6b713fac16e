extension AggregateSpec {
    /// Events in the window, whether or not their fields have values.
    static let count = AggregateSpec(
        name: "count", function: .count, takesArgument: false,
        summary: "The number of events in the window.", emptyValue: "0", example: "count()")
}

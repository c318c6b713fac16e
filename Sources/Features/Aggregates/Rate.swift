extension AggregateSpec {
    /// The window's whole length divides, also where the key is younger than it.
    static let rate = AggregateSpec(
        .rate, named: "rate", parameter: AggregateParameter("unit", .duration(spans)), windows: .lengths,
        summary: "The number of events in the window for each `unit` of its length.", missingRule: countsAll,
        error: "rounded once", emptyValue: "0", example: "rate(1h)")
}

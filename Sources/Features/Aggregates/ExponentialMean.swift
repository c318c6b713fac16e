extension AggregateSpec {
    /// The weight of a value halves with each `half_life` between its time and the newest one's.
    static let ewma = AggregateSpec(
        .ewma, named: "ewma", accepts: [.number], parameter: AggregateParameter("half_life", .duration(spans)),
        windows: .all,
        summary: "The mean of all values so far, each weighted by 2 to the power -age / `half_life`.",
        missingRule: leavesOutMissing, error: "below 1e-9 relative", example: "ewma(tx_amount, 7d)")
}

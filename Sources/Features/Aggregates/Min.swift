extension AggregateSpec {
    static let min = AggregateSpec(
        .min, named: "min", accepts: [.number], summary: "The least of the values in the window.",
        missingRule: leavesOutMissing, error: exact, example: "min(tx_amount)")
}

extension AggregateSpec {
    static let max = AggregateSpec(
        .max, named: "max", accepts: [.number], summary: "The greatest of the values in the window.",
        missingRule: leavesOutMissing, error: exact, example: "max(tx_amount)")
}

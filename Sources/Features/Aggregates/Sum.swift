extension AggregateSpec {
    /// Integers and decimals are summed exactly; doubles by a compensated sum (see `CompensatedSum`).
    static let sum = AggregateSpec(
        .sum, named: "sum", accepts: [.number], summary: "The sum of the values in the window.",
        missingRule: leavesOutMissing,
        error: "rounded once for fields of type `int`, `decimal` and `bool`; below 1e-12 relative else",
        emptyValue: "0", example: "sum(tx_amount)")
}

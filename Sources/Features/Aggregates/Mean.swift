extension AggregateSpec {
    /// The exact sum divided once by the number of values, so that the result is correctly rounded for integers and
    /// decimals whose sum stays below 2^53 units.
    static let mean = AggregateSpec(
        .mean, named: "mean", accepts: [.number], summary: "The mean of the values in the window.",
        missingRule: leavesOutMissing,
        error: "rounded once for fields of type `int`, `decimal` and `bool`; below 1e-12 relative else",
        example: "mean(tx_amount)")
}

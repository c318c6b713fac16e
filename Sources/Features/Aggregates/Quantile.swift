extension AggregateSpec {
    /// DDSketch (Masson, Rim, Lee, VLDB 2019): it depends on the values in the window alone, not on their order.
    static let quantile = AggregateSpec(
        .quantile, named: "quantile", accepts: [.number], parameter: AggregateParameter("p", .number(0...1)),
        summary: "The value below which a part `p` of the values in the window lies: the one of rank "
            + "floor(p * (n - 1)), counted from 0.",
        missingRule: leavesOutMissing,
        error: "at most 1 % of the value at that rank (DDSketch)", example: "quantile(tx_amount, 0.95)")
}

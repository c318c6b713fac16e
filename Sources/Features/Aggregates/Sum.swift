extension AggregateSpec {
    /// Integers and decimals are summed exactly; doubles by a compensated sum (see `CompensatedSum`).
    static let sum = AggregateSpec(
        name: "sum", function: .sum, takesArgument: true,
        summary: "The sum of the values in the window; missing values are left out.", emptyValue: "0",
        example: "sum(tx_amount)")
}

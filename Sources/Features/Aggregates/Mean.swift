extension AggregateSpec {
    /// The exact sum divided once by the number of values, so that the result is correctly rounded for integers and
    /// decimals whose sum stays below 2^53 units.
    static let mean = AggregateSpec(
        name: "mean", function: .mean, takesArgument: true,
        summary: "The mean of the values in the window; missing values are left out.", emptyValue: "missing",
        example: "mean(tx_amount)")
}

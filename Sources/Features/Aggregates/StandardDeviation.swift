extension AggregateSpec {
    /// Of a sample: the squares' sum is divided by one less than their number.
    static let stddev = AggregateSpec(
        .stddev, named: "stddev", accepts: [.number],
        summary: "The standard deviation of a sample (n - 1); missing for fewer than two values.",
        missingRule: leavesOutMissing, error: "below 1e-12 relative", example: "stddev(tx_amount)")
}

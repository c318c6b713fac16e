extension AggregateSpec {
    /// Texts count by a 64-bit hash of their bytes.
    static let distinct = AggregateSpec(
        .distinct, named: "distinct", accepts: [.number, .text],
        summary: "How many different values of a text or a number there are in the window.",
        missingRule: leavesOutMissing,
        error: "none; over `all` none up to 1,024 values of a key, then a standard error of 1.6 % (HyperLogLog)",
        emptyValue: "0", example: "distinct(terminal_id)")
}

extension AggregateSpec {
    static let last = AggregateSpec(
        .last, named: "last", accepts: [.number],
        summary: "The value of the newest event in the window that has one; of several at one time the last in order.",
        missingRule: leavesOutMissing, error: exact, example: "last(tx_amount)")
}

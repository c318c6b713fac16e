extension AggregateSpec {
    static let first = AggregateSpec(
        .first, named: "first", accepts: [.number],
        summary: "The value of the oldest event in the window that has one; of several at one time the first in order.",
        missingRule: leavesOutMissing, error: exact, example: "first(tx_amount)")
}

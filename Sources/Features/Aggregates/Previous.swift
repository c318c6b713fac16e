extension AggregateSpec {
    static let previous = AggregateSpec(
        .previous, named: "previous", accepts: [.number],
        summary: "As `last`, but never the value of the event itself.", missingRule: leavesOutMissing, error: exact,
        example: "previous(tx_amount)")
}

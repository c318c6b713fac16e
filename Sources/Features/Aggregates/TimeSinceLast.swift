extension AggregateSpec {
    static let timeSinceLast = AggregateSpec(
        .timeSinceLast, named: "time_since_last",
        summary: "Seconds since the newest event in the window, the event itself left out.", missingRule: countsAll,
        error: "rounded once", example: "time_since_last()")
}

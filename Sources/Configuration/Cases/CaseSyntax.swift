import Events

/// The syntax of a file of pipeline tests as one value: the reader and the JSON Schema follow it.
public enum CaseSyntax {
    /// The whole file.
    public static let root = SectionSpec(
        "file of tests",
        [
            KeySpec("tests", .list(.section(test)), "The tests, each on a pipeline of its own.", isRequired: true),
            KeySpec(
                "defaults", .map(.identifier, .event),
                "By source, fields that every `event` has unless it says otherwise."),
            tolerance,
        ])

    static let test = SectionSpec(
        "test",
        [
            KeySpec("name", .text, "What the test shows.", isRequired: true),
            KeySpec("steps", .list(.section(step)), "What happens, in this order.", isRequired: true),
            KeySpec("expect", .list(.section(expectationByID)), "What has to come of events, by their ids."),
            tolerance,
        ])

    private static let tolerance = KeySpec(
        "tolerance", .number, "By what part of itself a number with a fraction may be off.",
        standard: "0.000001")

    static let step = SectionSpec(
        "step",
        [
            KeySpec("event", .event, "An event comes; its fields, as the pipeline names their places."),
            KeySpec("json", .text, "An event comes, as these very bytes."),
            KeySpec(
                "files", .map(.identifier, .text),
                "Events of files come, by source, merged as live: .ndjson or .csv, also .gz, relative to this file."),
            KeySpec(
                "restart", .choice(["snapshot", "log"]),
                "The pipeline stops and starts again, its state from a snapshot, or from the log."),
            KeySpec("ask", .section(ask), "The features of a key are looked at, without an event."),
            KeySpec(
                "source", .name(.identifier), "With `event` or `json`: the source.",
                standard: "the first, which is scored"
            ),
            KeySpec("record_time", .text, "With `event` or `json`: the record's own timestamp, as ISO 8601."),
            KeySpec("expect", .section(expectation), "What has to come of the event, or of what was asked."),
        ])

    static let ask = SectionSpec(
        "ask",
        [
            KeySpec("by", .name(.identifier), "The field that windows are kept by.", isRequired: true),
            KeySpec("key", .text, "One value of it.", isRequired: true),
            KeySpec("at", .text, "The time, as ISO 8601.", isRequired: true),
        ])

    public static let outcomes = ["scored", "absorbed", "dead-letter", "dropped"]
    static let faults = FaultCode.allCases.filter { $0 != .none }.map(\.name)

    private static let expectationKeys = [
        KeySpec(
            "outcome", .choice(outcomes),
            "What becomes of the event: a score, nothing but a place in windows, a dead letter, or nothing since it is late."
        ),
        KeySpec("fault", .choice(faults), "Why it is a dead letter."),
        KeySpec("field", .text, "The field that the fault is of."),
        KeySpec("late", .boolean, "Whether it is late."),
        KeySpec(
            "features", .map(.identifier, .text),
            "Values of features: a number, `N +- TOLERANCE`, `A..B`, `> N`, `<= N` and the like, true, false or missing."
        ),
        KeySpec("score", .text, "The score, as a feature."),
        KeySpec("models", .map(.identifier, .text), "The scores of several models, by their names."),
        KeySpec("decision", .name(.label), "The decision; `none` where no rule holds."),
        KeySpec("reasons", .list(.name(.identifier)), "The features that are given as reasons, in their order."),
    ]

    static let expectation = SectionSpec("expectation", expectationKeys)

    static let expectationByID = SectionSpec(
        "expectation by id", [KeySpec("id", .text, "The event's id.", isRequired: true)] + expectationKeys)
}

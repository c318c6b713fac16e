extension PipelineSyntax {
    private static let second: Int64 = 1_000_000
    static let hour: Int64 = 3_600 * second

    static let monitor = SectionSpec(
        "monitor",
        [
            KeySpec("topic", .name(.topic), "Where alerts go.", isRequired: true),
            KeySpec(
                "reference", .text, "What was normal, relative to this file; `riffle baseline` makes it.",
                isRequired: true),
            KeySpec(
                "false_alarms", .text, "The budget of false alarms: `1 per N events`.",
                standard: FalseAlarmBudget.standard),
            KeySpec(
                "watch", .singleOrList(.choice(["all"]), .list(.name(.label))),
                "What is watched: `score`, `decisions`, `quality`, features and fields that a score carries.",
                standard: "all"),
            KeySpec(
                "segments", .list(.name(.identifier)),
                "Fields of `output.fields`: what is watched is watched for each of their values, too."),
            KeySpec(
                "segment_values_max", .integer(1...1_000), "The most values of a field that are segments.",
                standard: "20"),
            KeySpec(
                "bucket", .duration(second...hour),
                "Evidence is gathered in spans of event time of this length, which divides an hour.", standard: "1m"),
            KeySpec(
                "late", .duration(0...7 * day), "How far behind its partition a score is no evidence.", standard: "1m"),
            KeySpec(
                "idle_after", .duration(second...day),
                "How long the others wait for a partition without records, by the wall clock.", standard: "30s"),
            KeySpec(
                "closings", .name(.topic), "Where it is recorded that a partition was not waited for.",
                standard: "TOPIC.closings"),
            KeySpec(
                "window", .duration(second...30 * day),
                "The span that the describing statistics are of, a multiple of the bucket.", standard: "1h"),
            KeySpec("labels", .section(labels), "Where labels come from: performance is watched, too."),
            KeySpec(
                "resolve_after", .integer(1...1_000_000_000), "Events without a sign of a change that end an alert.",
                standard: "10_000"),
            KeySpec(
                "cooldown", .duration(0...7 * day),
                "How long an alert that has ended does not begin again, by event time.", standard: "10m"),
            KeySpec(
                "tolerance", .number, "The odds ratio up to which a change is none, 1 to 100.", standard: "1.25"),
            KeySpec(
                "freshness", .duration(second...30 * day), "Without a score for longer than this there is an alert."),
            KeySpec(
                "lag", .duration(second...30 * day),
                "Where a score's record is later than its event by more than this there is an alert."),
            KeySpec("rate", .section(rate), "How many scores there have to be, and may be."),
            KeySpec("runbook_url", .text, "What an alert links to."),
        ])

    static let labels = SectionSpec(
        "labels",
        [
            KeySpec("source", .name(.identifier), "The source of labels.", isRequired: true),
            KeySpec(
                "join", .name(.identifier), "Its field that holds the id of the event which it is about.",
                standard: "the name of the scored source's id"),
            KeySpec("positive", .name(.identifier), "Its field that is the label.", standard: "its only label"),
            KeySpec("within", .duration(second...spanMax), "How long a label may take.", standard: "30d"),
            KeySpec(
                "pending_max", .integer(1_000...50_000_000), "The most scores that wait for their labels.",
                standard: "1_000_000"),
            KeySpec(
                "window", .duration(60 * second...90 * day),
                "The span of event time that performance is measured of, a multiple of the bucket.", standard: "1d"),
            KeySpec(
                "card", .name(.identifier),
                "A field of `output.fields` that names an event's card: card precision is measured, too."),
            KeySpec("topic", .name(.topic), "Where each window's performance goes; without one it is only logged."),
        ])

    static let rate = SectionSpec(
        "rate",
        [
            KeySpec("below", .text, "Fewer scores raise an alert: `100 per 1m`."),
            KeySpec("above", .text, "More scores raise an alert: `50_000 per 1m`."),
        ])
}

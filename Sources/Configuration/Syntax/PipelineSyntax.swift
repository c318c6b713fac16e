import Features

/// The syntax of a pipeline file as one value: sections, keys, kinds, defaults, ranges.
///
/// The parser, the JSON Schema and the reference page follow it.
public enum PipelineSyntax {
    static let day: Int64 = 86_400_000_000
    /// The longest delay or lateness: ten years.
    static let spanMax = 3_653 * day
    static let spans: ClosedRange<Int64> = 1_000...spanMax
    static let spansFromZero: ClosedRange<Int64> = 0...spanMax

    /// The whole file.
    public static let root = SectionSpec(
        "pipeline",
        [
            KeySpec("pipeline", .name(.pipeline), "The pipeline's name.", isRequired: true),
            KeySpec("kafka", .section(kafka), "The cluster, and how it is read.", isRequired: true),
            KeySpec(
                "sources", .map(.identifier, .section(source)),
                "The topics that are read; the first one's events are scored, those of the others only enter windows.",
                isRequired: true),
            KeySpec("features", .list(.feature(group)), "The model's inputs, in its order.", isRequired: true),
            KeySpec("model", .section(model), "The model that scores; without one only features are computed."),
            KeySpec(
                "models", .map(.identifier, .section(namedModel)),
                "Several models side by side, by names that `score` and rules read; instead of `model`."),
            KeySpec(
                "score", .expression, "The score of `models`: an expression over their names, features and fields.",
                standard: "the score of the only one"),
            KeySpec("decide", .list(.namedExpression(.label)), "Rules; the first that holds gives the decision."),
            KeySpec("output", .section(output), "Where scores go.", isRequired: true),
            KeySpec("dead_letter", .section(deadLetter), "Where unusable events go.", isRequired: true),
            KeySpec("monitor", .section(monitor), "What is watched for drift."),
            KeySpec("merge", .section(merge), "How partitions are put into one order."),
            KeySpec(
                "order", .section(order), "Where the order taken is recorded, one partition.",
                standard: "topic PIPELINE.order, where an entity is not the topic's key"),
            KeySpec(
                "workers", .choiceOr(["auto"], .integer(1...1024)), "Threads that work on a batch; auto: one per core.",
                standard: "auto"),
            KeySpec("limits", .section(limits), "Bounds on memory."),
            KeySpec("state", .section(state), "Where state is kept."),
        ])

    static let kafka = SectionSpec(
        "kafka",
        [
            KeySpec("brokers", .text, "HOST:PORT, several with commas, or embedded.", isRequired: true),
            KeySpec("group", .text, "The consumer group.", standard: "the pipeline's name"),
            KeySpec(
                "delivery", .choice(["at-least-once", "exactly-once"]), "What a crash may repeat.",
                standard: "at-least-once"),
            KeySpec(
                "instance", .name(.label),
                "This instance's lasting name in its group: a restart within the session time-out moves no partition, and "
                    + "transactions are named after it.", standard: "the host's name, for transactions alone"),
            KeySpec(
                "commit_every", .duration(10_000...60_000_000), "How often offsets are committed.", standard: "100ms"),
            KeySpec(
                "start", .choiceOr(["earliest", "latest"], .duration(spans)), "Where a new group begins.",
                standard: "earliest"),
            KeySpec("properties", .map(.property, .text), "Settings for librdkafka."),
            KeySpec(
                "properties_file", .text,
                "More of them from a file of `name=value` lines, relative to this file: for secrets."
            ),
        ])

    static let source = SectionSpec(
        "source",
        [
            KeySpec("topic", .name(.topic), "The topic.", isRequired: true),
            KeySpec("format", .choice(["json"]), "How events are written.", standard: "json"),
            KeySpec("key", .name(.identifier), "The field that the topic is partitioned by."),
            KeySpec(
                "id", .name(.identifier),
                "The field that names an event in its score; the scored source has to have one."),
            KeySpec("time", .shortOr(.choice(["record"]), time), "Places an event in windows.", isRequired: true),
            KeySpec(
                "available", .shortOr(.choice(["record"]), time), "Orders events among all sources.", standard: "time"),
            KeySpec(
                "fields", .map(.identifier, .shortOr(.choice(FieldTypes.names), field)), "What an event holds.",
                isRequired: true),
            KeySpec("late", .section(late), "What is done with events that come late."),
            KeySpec(
                "ahead", .duration(spansFromZero), "How far an event may be in its record's future.", standard: "1h"),
        ])

    static let time = SectionSpec(
        "time",
        [
            KeySpec("field", .name(.identifier), "The field that holds the time."),
            KeySpec("format", .choice(FieldTypes.timeFormats + ["record"]), "How it is written.", isRequired: true),
        ])

    static let field = SectionSpec(
        "field",
        [
            KeySpec("type", .choice(FieldTypes.names), "The field's type.", isRequired: true),
            KeySpec("scale", .integer(0...18), "Digits behind the point of a decimal."),
            KeySpec("format", .choice(FieldTypes.timeFormats), "How a time is written."),
            KeySpec("min", .number, "The least value that is accepted."),
            KeySpec("max", .number, "The greatest value that is accepted."),
            KeySpec("optional", .boolean, "Whether an event may lack the field.", standard: "false"),
            KeySpec("nullable", .boolean, "Whether the field may be null.", standard: "false"),
            KeySpec("label", .boolean, "Whether it is only known later.", standard: "false"),
            KeySpec("path", .singleOrList(.text, .list(.text)), "Where it stands in the event.", standard: "its name"),
        ], shortKey: "type")

    static let late = SectionSpec(
        "late",
        [
            KeySpec("after", .duration(spansFromZero), "How far behind the watermark is late.", standard: "10m"),
            KeySpec("then", .choice(LateAction.allCases.map(\.rawValue)), "What becomes of it.", standard: "score"),
        ])

    static let group = SectionSpec(
        "feature group",
        [
            KeySpec("by", .name(.identifier), "The field whose values have windows of their own.", isRequired: true),
            KeySpec(
                "over", .singleOrList(window, .list(window)), "The windows' lengths; all: since the beginning.",
                isRequired: true),
            KeySpec("delay", .duration(spansFromZero), "How far back the windows end.", standard: "0s"),
            KeySpec("include_current", .boolean, "Whether an event counts in its own windows.", standard: "true"),
            KeySpec("where", .expression, "Which events are in the windows: those for which it is true."),
            KeySpec("accuracy", .accuracy, "Exact, or bounded memory.", standard: "exact"),
            KeySpec(
                "aggregates", .map(.identifier, .shortOr(.aggregate, aggregate)),
                "Names and aggregates, such as mean(amount).", isRequired: true),
        ])

    /// A length, or since the beginning.
    private static let window = ValueKind.choiceOr(["all"], .duration(Features.AggregateSpec.spans))

    static let aggregate = SectionSpec(
        "aggregate",
        [
            KeySpec("value", .aggregate, "The aggregate, such as mean(amount).", isRequired: true),
            KeySpec("where", .expression, "Which of the group's events it takes: those for which it is true."),
        ])

    static let model = SectionSpec(
        "model",
        [KeySpec("name", .name(.label), "The model's name in scores.", isRequired: true)] + modelKeys
            + halfSpaceTreesKeys)

    /// Of `models`, where the key is the name.
    static let namedModel = SectionSpec("named model", modelKeys + halfSpaceTreesKeys)

    private static let modelKeys = [
        KeySpec("file", .text, "The model, relative to this file.", isRequired: true, unless: "kind"),
        KeySpec("inputs", .list(.name(.identifier)), "Features in the model's order.", standard: "all features"),
        KeySpec("iterations", .choice(["best", "all"]), "Rounds of an early-stopped model.", standard: "best"),
        KeySpec("missing", .number, "A value that counts as missing, as in training.", standard: "none"),
        KeySpec("output", .integer(0...4_095), "Which of the model's outputs is the score, counted from 0."),
        KeySpec(
            "reload", .choice(ModelSpec.Reload.allCases.map(\.rawValue)),
            "When another file takes the model's place in a run: when it changes, on SIGHUP alone, or never.",
            standard: "on-change"),
        KeySpec("explain", .section(explain), "Reasons beside a score."),
    ]

    static let explain = SectionSpec(
        "explain",
        [
            KeySpec("top", .integer(1...64), "The most reasons of a score.", standard: "3"),
            KeySpec(
                "when", .expression,
                "Which scores come with reasons: those for which it is true, such as score >= 0.5.",
                standard: "all scores"),
            KeySpec(
                "direction", .choice(ExplainSpec.Direction.allCases.map(\.rawValue)),
                "What is a reason: with up what raised the score, with down what lowered it, with both all that moved it.",
                standard: "up"),
            KeySpec("reasons", .map(.identifier, .text), "What the reasons say in words, by feature."),
            KeySpec("budget", .section(budget), "How many events are explained at most.", standard: "all of them"),
        ])

    static let budget = SectionSpec(
        "budget",
        [
            KeySpec("events", .integer(1...1_000_000_000), "The most events in each span.", isRequired: true),
            KeySpec("per", .duration(spans), "The span, of event time.", isRequired: true),
        ])

    static let output = SectionSpec(
        "output",
        [
            KeySpec("topic", .name(.topic), "The topic.", isRequired: true),
            KeySpec(
                "features", .singleOrList(.choice(["none", "all"]), .list(.name(.identifier))),
                "Features that a score carries.", standard: "none"),
            KeySpec(
                "fields", .list(.name(.identifier)), "Fields of the scored event that a score carries.",
                standard: "none"),
        ])

    static let deadLetter = SectionSpec(
        "dead_letter", [KeySpec("topic", .name(.topic), "The topic.", isRequired: true)])
    static let order = SectionSpec("order", [KeySpec("topic", .name(.topic), "The topic.", isRequired: true)])

    static let merge = SectionSpec(
        "merge",
        [
            KeySpec(
                "wait", .duration(0...60_000_000), "How long to wait for a partition that is not at its end.",
                standard: "200ms")
        ])

    static let limits = SectionSpec(
        "limits",
        [
            KeySpec("batch_events", .integer(1...65_536), "The most events in a batch.", standard: "4096"),
            KeySpec("in_flight_batches", .integer(1...64), "The most batches at work at once.", standard: "2"),
            KeySpec(
                "keys_per_entity", .integer(1...1_000_000_000), "The most keys kept for one entity.",
                standard: "5_000_000"),
            KeySpec("event_bytes", .size(64...67_108_864), "The longest event.", standard: "256 KiB"),
            KeySpec("string_bytes", .size(1...1_048_576), "The longest string in an event.", standard: "4 KiB"),
            KeySpec("event_depth", .integer(1...256), "The deepest nesting in an event.", standard: "64"),
        ])

    static let state = SectionSpec(
        "state",
        [
            KeySpec(
                "directory", .text,
                "Where snapshots are kept, relative to this file; without one a restart reads the log."),
            KeySpec(
                "snapshot_every", .text, "How often state is saved: `5m`, `1_000_000 events`, or both with `or`.",
                standard: "5m or 1_000_000 events"),
            KeySpec("keep", .integer(1...100), "How many snapshots are kept.", standard: "3"),
            KeySpec(
                "incomplete", .choice(["refuse", "score"]),
                "What is done after a restart where the log no longer holds all that the windows need.",
                standard: "refuse"),
        ])
}

/// The names of field types and time formats.
enum FieldTypes {
    static let names = ["int", "float", "bool", "string", "decimal", "time"]
    static let timeFormats = ["iso8601", "epoch-s", "epoch-ms", "epoch-us"]
}

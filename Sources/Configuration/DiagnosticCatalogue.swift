public import Diagnostics
import Features

/// The codes of diagnostics by who gives them; the reference page is made from them.
public enum DiagnosticCatalogue {
    /// Every code that checking a pipeline can give, each once.
    public static let all: [DiagnosticEntry] =
        configuration + expressions + plan + meaning + models
        + properties + cluster + monitor

    /// Every code that reading a pipeline file can give.
    public static let configuration: [DiagnosticEntry] = syntax + shape + names + values + references

    /// What compiling its expressions and reading its model can give beyond the codes of expressions and models.
    public static let plan: [DiagnosticEntry] = [
        .init(
            "label-leakage", "A label is read where it is not, or may not be, known yet.",
            remedy: "Read it in a window with a `delay:` as long as labels take, or from a source with `available:`."),
        .init(
            "window-not-allowed",
            "An aggregate is asked of a window that it does not know: `rate` of `all`, or `ewma` of a length.",
            remedy: "Put it into a group of its own."),
        .init(
            "too-many-tiles",
            "A window in tiles is delayed by so many times its length, or takes so late events, that a key would need too "
                + "many tiles.",
            remedy: "Use larger tiles, or `accuracy: exact`."),
        .init(
            "mixed-sources", "An aggregate and its filters read fields of several sources.",
            remedy: "Aggregate each source by itself, and compute with their names in another feature."),
        .init("feature-cycle", "Two features need each other.", remedy: "Compute one from fields or windows alone."),
        .init(
            "model-unreadable", "The model file cannot be read.",
            remedy: "Check the path, relative to the pipeline file."),
        .init(
            "model-input-count", "The model has another number of inputs than the pipeline gives it.",
            remedy: "List the model's inputs under its `inputs`."),
        .init(
            "model-input-order", "The model's inputs have other names than the features in their places.",
            remedy: "List the model's inputs in its order under its `inputs`."),
        .init(
            "model-input-names", "The model calls its inputs otherwise than the pipeline; only the order decides.",
            remedy: "Check the order, or name the features as the model does."),
    ]

    /// What is wrong with an expression by itself.
    public static let expressions: [DiagnosticEntry] = ExpressionDiagnostic.allCases.map(\.entry)

    /// What librdkafka says of `kafka.properties`, which is asked where a cluster is to be used.
    public static let properties: [DiagnosticEntry] = [
        .init(
            "kafka-property", "librdkafka does not take a property, or Riffle sets it itself.",
            remedy: "Follow the message; librdkafka's CONFIGURATION.md lists every property.")
    ]

    /// What a file of pipeline tests can give beyond the codes of syntax, shape and values.
    public static let tests: [DiagnosticEntry] = [
        .init(
            "no-expectation", "A test, or an `expect`, expects nothing, so that nothing can be wrong.",
            remedy: "Say what has to come of an event."),
        .init(
            "invalid-expectation", "A value is nothing that a number can be.",
            remedy: "Write a number, `N +- TOLERANCE`, `A..B`, `> N` and the like, `true`, `false` or `missing`."),
        .init("invalid-time", "A text is not a time.", remedy: "Write it as `2018-09-30T23:59:57Z`."),
        .init("unknown-id", "No event of the test has the id.", remedy: "Correct it."),
        .init("ambiguous-id", "Several events of the test have the id.", remedy: "Expect it at the event's own step."),
        .init("unknown-decision", "No rule of the pipeline has the name.", remedy: "Correct it, or write `none`."),
        .init("unknown-model", "The pipeline has no model of the name.", remedy: "Correct it."),
        .init("unknown-entity", "No window of the pipeline is kept by the field.", remedy: "Name one that is."),
        .init(
            "unreadable-events", "A file of events cannot be read, or is too large for a test.",
            remedy: "Check the path, relative to the file of tests."),
    ]

    private static let syntax: [DiagnosticEntry] = [
        .init("unreadable-file", "The file cannot be read.", remedy: "Check the path and its permissions."),
        .init("file-too-large", "The file is larger than 1 MiB.", remedy: "Give the pipeline file, not its data."),
        .init("invalid-utf8", "The file is not UTF-8 text.", remedy: "Save it as UTF-8."),
        .init(
            "invalid-character", "A control, private-use, reordering or line-breaking character stands in the file.",
            remedy: "Remove it; in double quotes an escape such as \\t says what is meant."),
        .init("yaml-syntax", "The text is not YAML.", remedy: "Mend the line; quote values that hold `: ` or ` #`."),
        .init("yaml-tab", "A line is indented with a tab.", remedy: "Indent with spaces."),
        .init(
            "yaml-indentation", "A line is indented like none of the lines it could belong to.",
            remedy: "Align it with its neighbours."),
        .init("yaml-anchor", "YAML anchors and aliases are not supported.", remedy: "Write the value out."),
        .init("yaml-tag", "YAML tags are not supported.", remedy: "Remove the tag."),
        .init("yaml-complex-key", "A key is not a single value.", remedy: "Write `key: value`."),
        .init("yaml-documents", "The file holds more than one YAML document.", remedy: "Keep one pipeline per file."),
        .init("nesting-too-deep", "Lists and mappings are nested too deep.", remedy: "Flatten them."),
        .init("empty-file", "The file holds no pipeline.", remedy: "Begin with `pipeline: NAME`."),
        .init("duplicate-key", "A key is given more than once in one mapping.", remedy: "Keep one of them."),
        .init("too-many-problems", "There are more problems than are shown.", remedy: "Mend those first."),
        .init("unset-variable", "An environment variable is not set.", remedy: "Set it, or write `${NAME:-default}`."),
        .init("invalid-variable", "A `${…}` is misspelt.", remedy: "Write `${NAME}` or `${NAME:-default}`."),
        .init(
            "unreadable-properties",
            "The file that `kafka.properties_file` names cannot be read, or is larger than 64 KiB.",
            remedy: "Check the path, relative to the pipeline file, and its permissions."),
        .init(
            "open-properties", "Others than its owner may read or change the file with the properties.",
            remedy: "`chmod 600` it."),
        .init(
            "invalid-property-line", "A line of the file with the properties is no `name=value`.",
            remedy: "Write it so; a comment begins with `#`."),
    ]

    private static let shape: [DiagnosticEntry] = [
        .init("unknown-key", "A key has no meaning where it stands.", remedy: "Correct or remove it."),
        .init("missing-key", "A required key is missing.", remedy: "Add it."),
        .init("missing-value", "A key has no value.", remedy: "Write one, or remove the key."),
        .init(
            "wrong-kind", "A list, mapping or single value stands where another is wanted.",
            remedy: "Change its form."),
        .init("several-in-item", "One list item holds several names.", remedy: "Begin each with `- `."),
        .init("empty-value", "A list or mapping that needs an entry has none.", remedy: "Add one."),
        .init("inapplicable-key", "A key does not go with another.", remedy: "Remove it."),
    ]

    private static let names: [DiagnosticEntry] = [
        .init("invalid-name", "A name holds characters that it may not.", remedy: "Use those that the message names."),
        .init("reserved-name", "A name has a meaning in expressions.", remedy: "Choose another."),
        .init(
            "duplicate-name", "A feature is defined or named twice, or a model has its name.",
            remedy: "Rename or remove one."),
        .init("duplicate-window", "A window is given twice in one group.", remedy: "Keep one of them."),
        .init("invalid-topic", "Kafka allows no topic of this name.", remedy: "Use letters, digits, `.`, `_`, `-`."),
        .init("duplicate-topic", "One topic is used for two purposes.", remedy: "Give each its own."),
        .init("invalid-broker", "A broker is not `HOST:PORT`.", remedy: "Write `HOST:PORT`, or `embedded`."),
    ]

    private static let values: [DiagnosticEntry] = [
        .init(
            "invalid-interval", "A text that does not say how often state is saved.",
            remedy: "Write a duration, a number of events, or both: `5m or 1_000_000 events`."),
        .init(
            "invalid-budget", "A text that is no budget of false alarms.",
            remedy: "Write `1 per 1_000_000 events`, with the number of events that there are between two of them."),
        .init(
            "invalid-bucket", "A bucket does not divide an hour, or not the window.",
            remedy: "Choose one that does, such as `1m`."),
        .init("invalid-rate", "A text that is no rate of events.", remedy: "Write it as `100 per 1m`."),
        .init("unknown-value", "A value is none of those that the key takes.", remedy: "Choose one of them."),
        .init("reason-too-long", "The text of a reason takes more than 1,000 bytes.", remedy: "Say it shorter."),
        .init("invalid-boolean", "A value is neither true nor false.", remedy: "Write `true` or `false`."),
        .init("invalid-duration", "A value is not a whole number with a unit of time.", remedy: "Write it as `10m`."),
        .init("invalid-size", "A value is not a whole number with a unit of size.", remedy: "Write it as `1 MiB`."),
        .init(
            "invalid-number", "A value is not a number of the kind wanted.",
            remedy: "Write digits; `_` may divide them."),
        .init("out-of-range", "A number is outside what the key allows.", remedy: "Choose one inside."),
        .init("too-precise", "A bound has more digits behind the point than its field.", remedy: "Drop digits."),
        .init("empty-range", "`min` is greater than `max`.", remedy: "Swap them."),
        .init("invalid-path", "A path is empty in places or too deep.", remedy: "Write names with `.` between them."),
        .init("limits-conflict", "Two limits allow more together than there is room for.", remedy: "Lower one."),
        .init("too-many-sources", "There are more than 16 sources.", remedy: "Divide the pipeline."),
        .init("too-many-models", "There are more than 16 models.", remedy: "Divide the pipeline."),
        .init("too-many-features", "Groups expand to more features than are allowed.", remedy: "Use fewer."),
    ]

    private static let references: [DiagnosticEntry] = [
        .init("unknown-field", "A field is not declared.", remedy: "Declare it, or correct its name."),
        .init("wrong-field", "A field cannot serve here, by its type or by being a label.", remedy: "Choose another."),
        .init("unknown-source", "A source is not declared.", remedy: "Declare it, or correct its name."),
        .init(
            "wrong-source", "A source cannot give labels: it is the scored one, or has none.",
            remedy: "Name another one, or mark the field that is the label with `label: true`."),
        .init(
            "missing-reference", "The file that `monitor.reference` names is not there.",
            remedy: "Make it with `riffle baseline`, or correct the path, relative to the pipeline file."),
        .init(
            "unknown-series", "A name is nothing that can be watched.",
            remedy: "Watch `score`, `decisions`, `quality`, features and fields of `output`."),
        .init(
            "not-in-output", "A feature or a field is watched, or divides the stream, and scores do not carry it.",
            remedy: "Add it to `output.features` or `output.fields`."),
        .init("path-conflict", "Two fields read the same place of an event.", remedy: "Keep one of them."),
        .init("unknown-feature", "A feature is not defined.", remedy: "Define it, or correct its name."),
        .init(
            "reason-without-input", "A text is given for reasons of a feature that the model does not read.",
            remedy: "Remove it, or add the feature to `model.inputs`."),
        .init(
            "exactly-once-embedded", "The embedded cluster keeps no transactions.",
            remedy: "Use at-least-once, or real brokers."),
    ]
}

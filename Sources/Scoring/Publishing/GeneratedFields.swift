import Configuration
import Engine
import Events
public import Generation

/// The fields of the events that the generator makes, and whether a pipeline can read them.
public enum GeneratedFields {
    private static let unlabelled: [(name: String, type: String)] = [
        ("transaction_id", "int"), ("tx_datetime", "iso8601"), ("customer_id", "string"), ("terminal_id", "string"),
        ("tx_amount", "decimal with a scale of 2 or more, or float"),
    ]
    /// Made only for sources that read them.
    private static let onRequest: [(name: String, type: String)] = [
        (channelField, "string: web, pos or atm"), (regionField, "string: the quarter where the terminal stands"),
    ]
    /// An event says what it is where no other source does.
    private static let labelled: [(name: String, type: String)] = [("tx_fraud", "bool")]
    private static let labels: [(name: String, type: String)] = [
        ("transaction_id", "int"), ("terminal_id", "string"), ("tx_datetime", "iso8601"), ("labelled_at", "iso8601"),
        ("tx_fraud", "bool"),
    ]
    /// What records are keyed by.
    static let keyField = "customer_id"
    static let labelKeyField = "terminal_id"
    private static let channelField = "channel"
    private static let regionField = "region"

    /// What keeps a pipeline's source from reading generated events, one sentence each; empty if nothing does.
    ///
    /// A field that the source takes as optional may be one that is not made.
    public static func problems(of assembly: PipelineAssembly) -> [String] {
        let sources = assembly.scoring.sources
        if sources.count > 2 { return ["there are \(sources.count) sources; generated are events and their labels"] }
        let made = unlabelled + onRequest
        if sources.count == 1 { return problems(of: sources[0], made: made + labelled, "events", key: keyField) }
        return problems(of: sources[0], made: made, "events", key: keyField)
            + problems(of: sources[1], made: labels, "labels", key: labelKeyField)
    }

    /// Whether labels go to a source of their own.
    public static func hasLabelSource(_ assembly: PipelineAssembly) -> Bool { assembly.scoring.sources.count > 1 }

    /// Adds what a pipeline's scored source reads beyond what all generated events have: nothing, for most.
    public static func add(to options: inout CardTransactionOptions, for assembly: PipelineAssembly) {
        options.hasChannels = reads(channelField, assembly)
        options.hasRegions = reads(regionField, assembly)
    }

    private static func reads(_ name: String, _ assembly: PipelineAssembly) -> Bool {
        assembly.scoring.sources[0].schema.fields.contains { $0.path == [name] && $0.type == .string }
    }

    private static func problems(
        of source: SourcePlan, made: [(name: String, type: String)], _ kind: String, key keyField: String
    ) -> [String] {
        var problems: [String] = []
        for field in source.schema.fields where !field.isOptional {
            let name = field.path.joined(separator: ".")
            guard let made = made.first(where: { $0.name == name }) else {
                problems.append("the source reads a field \"\(name)\", which generated \(kind) do not have")
                continue
            }
            if !isReadable(name, as: field.type) {
                problems.append("the source's field \"\(name)\" must be \(made.type) to read generated \(kind)")
            }
        }
        if let key = source.key.map({ source.schema.fields[$0.rawValue].name }), key != keyField {
            problems.append("the source's key is \"\(key)\"; generated \(kind) are keyed by \"\(keyField)\"")
        }
        return problems
    }

    /// The fields and their types, for a message.
    public static func summary(of assembly: PipelineAssembly) -> String {
        func text(_ made: [(name: String, type: String)]) -> String {
            made.map { "\($0.name) (\($0.type))" }.joined(separator: ", ")
        }
        let asked = "; where they are read: \(text(onRequest))"
        return hasLabelSource(assembly)
            ? "\(text(unlabelled))\(asked); labels have \(text(labels))" : "\(text(unlabelled + labelled))\(asked)"
    }

    private static func isReadable(_ name: String, as type: FieldType) -> Bool {
        switch (name, type) {
        case ("transaction_id", .int), ("tx_datetime", .time(.iso8601)), ("customer_id", .string),
            ("terminal_id", .string), (channelField, .string), (regionField, .string), ("labelled_at", .time(.iso8601)),
            ("tx_amount", .float), ("tx_fraud", .bool):
            true
        case ("tx_amount", .decimal(let scale)): scale >= 2
        default: false
        }
    }
}

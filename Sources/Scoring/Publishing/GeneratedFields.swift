import Configuration
import Events

/// The fields of the events that the generator makes, and whether a pipeline can read them.
public enum GeneratedFields {
    private static let made: [(name: String, type: String)] = [
        ("transaction_id", "int"), ("tx_datetime", "iso8601"), ("customer_id", "string"), ("terminal_id", "string"),
        ("tx_amount", "decimal with a scale of 2 or more, or float"), ("tx_fraud", "bool"),
    ]
    /// What records are keyed by.
    static let keyField = "customer_id"

    /// What keeps a pipeline's source from reading generated events, one sentence each; empty if nothing does.
    ///
    /// A field that the source takes as optional may be one that is not made.
    public static func problems(of assembly: PipelineAssembly) -> [String] {
        let source = assembly.spec.sources[0]
        var problems: [String] = []
        for field in source.schema.fields where !field.isOptional {
            let name = field.path.joined(separator: ".")
            guard let made = made.first(where: { $0.name == name }) else {
                problems.append("the source reads a field \"\(name)\", which generated events do not have")
                continue
            }
            if !isReadable(name, as: field.type) {
                problems.append("the source's field \"\(name)\" must be \(made.type) to read generated events")
            }
        }
        if let key = source.key, key.name.value != keyField {
            problems.append("the source's key is \"\(key.name.value)\"; generated events are keyed by \"\(keyField)\"")
        }
        return problems
    }

    /// The fields and their types, for a message.
    public static var summary: String { made.map { "\($0.name) (\($0.type))" }.joined(separator: ", ") }

    private static func isReadable(_ name: String, as type: FieldType) -> Bool {
        switch (name, type) {
        case ("transaction_id", .int), ("tx_datetime", .time(.iso8601)), ("customer_id", .string),
            ("terminal_id", .string), ("tx_amount", .float), ("tx_fraud", .bool):
            true
        case ("tx_amount", .decimal(let scale)): scale >= 2
        default: false
        }
    }
}

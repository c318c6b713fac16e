import Events

/// The events of a source, as JSON Schema: what a producer may send.
enum EventDescription {
    /// An object with the source's fields, nested as their paths are.
    static func schema(of events: EventSchema) -> JSONContent {
        var root = Node()
        for (index, field) in events.fields.enumerated() {
            let isTime = events.time == .field(FieldIndex(index))
            root.add(field, path: field.path[...], isRequired: isTime || !field.isOptional)
        }
        var members = root.members
        members.append(
            JSONContent.Member("description", "An event as a producer would send it. Other members are passed over."))
        return .object(members)
    }

    /// An object of the event, or one of its values.
    private struct Node {
        var value: JSONContent?
        var isRequired = false
        var names: [String] = []
        var nodes: [String: Node] = [:]

        mutating func add(_ field: FieldPlan, path: ArraySlice<String>, isRequired: Bool) {
            // An object is required where something in it is.
            if isRequired { self.isRequired = true }
            guard let name = path.first else {
                value = EventDescription.value(of: field)
                return
            }
            if nodes[name] == nil { names.append(name) }
            nodes[name, default: Node()].add(field, path: path.dropFirst(), isRequired: isRequired)
        }

        var members: [JSONContent.Member] {
            let required = names.filter { nodes[$0]?.isRequired == true }
            var members: [JSONContent.Member] = [.init("type", "object")]
            if !required.isEmpty { members.append(.init("required", .array(required.map { .string($0) }))) }
            members.append(
                .init("properties", .object(names.map { .init($0, nodes[$0]?.content ?? .null) })))
            return members
        }

        var content: JSONContent { value ?? .object(members) }
    }

    private static func value(of field: FieldPlan) -> JSONContent {
        var (types, members) = form(of: field)
        if field.isNullable { types.append("null") }
        let type: JSONContent = types.count == 1 ? .string(types[0]) : .array(types.map { .string($0) })
        members.insert(.init("type", type), at: 0)
        return .object(members)
    }

    /// The JSON types of a field's values, and what else is to be said of them.
    private static func form(of field: FieldPlan) -> (types: [String], members: [JSONContent.Member]) {
        switch field.type {
        case .int:
            var members: [JSONContent.Member] = []
            if let range = field.integerRange {
                if range.lowerBound > .min { members.append(.init("minimum", .integer(range.lowerBound))) }
                if range.upperBound < .max { members.append(.init("maximum", .integer(range.upperBound))) }
            }
            return (["integer"], members)
        case .float:
            var members: [JSONContent.Member] = []
            if let range = field.floatRange {
                if range.lowerBound.isFinite { members.append(.init("minimum", .number(range.lowerBound))) }
                if range.upperBound.isFinite { members.append(.init("maximum", .number(range.upperBound))) }
            }
            return (["number"], members)
        case .bool: return (["boolean"], [])
        case .string: return (["string"], [])
        case .decimal(let scale):
            return (
                ["number", "string"],
                [
                    .init(
                        "description",
                        .string("A number, or a string that holds one, with at most \(scale) digits behind the point."))
                ]
            )
        case .time(.iso8601), .time(.record):
            return (["string"], [.init("description", "ISO 8601; without an offset it is UTC.")])
        case .time(let format):
            let unit: String =
                switch format {
                case .epochSeconds: "seconds"
                case .epochMilliseconds: "milliseconds"
                default: "microseconds"
                }
            return (
                ["number", "string"],
                [.init("description", .string("\(unit) since 1970-01-01T00:00:00Z, or a string that holds them."))]
            )
        }
    }
}

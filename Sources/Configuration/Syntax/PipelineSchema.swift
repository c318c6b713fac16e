import Features

/// The JSON Schema of pipeline files, for editors: made from the syntax that the program itself reads by.
///
/// It is looser than `riffle check`: it knows neither expressions nor what refers to what. It is never stricter.
public struct PipelineSchema {
    /// JSON with its keys in order.
    indirect enum JSON {
        case text(String)
        case number(Int64)
        case flag(Bool)
        case list([JSON])
        case object([(String, JSON)])
    }

    /// The schemas of sections, each once.
    private var definitions: [(name: String, schema: JSON)] = []

    /// `schemas/pipeline.schema.json`, with a line feed at the end.
    public static var text: String { text(PipelineSyntax.root, id: "urn:riffle:pipeline:v1", title: "Riffle pipeline") }

    /// `schemas/pipeline-tests.schema.json`, the same.
    public static var ofTests: String {
        text(CaseSyntax.root, id: "urn:riffle:pipeline-tests:v1", title: "Tests of a Riffle pipeline")
    }

    private static func text(_ spec: SectionSpec, id: String, title: String) -> String {
        var schema = PipelineSchema()
        guard case .object(let root) = schema.section(spec) else { return "" }
        let head: [(String, JSON)] = [
            ("$schema", .text("https://json-schema.org/draft/2020-12/schema")),
            ("$id", .text(id)),
            ("title", .text(title)),
            (
                "$comment",
                .text("Made from the program's tables: UPDATE_GOLDENS=1 swift test --filter ReferenceTests")
            ),
        ]
        let definitions = schema.definitions.sorted { $0.name < $1.name }.map { ($0.name, $0.schema) }
        let placeholder = pattern("\\$\\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\\}")
        let all = JSON.object(head + root + [("$defs", .object(definitions + [("variable", placeholder)]))])
        return all.written(indent: 0) + "\n"
    }

    private static func pattern(_ text: String) -> JSON {
        .object([("type", .text("string")), ("pattern", .text(text))])
    }

    private static func reference(_ name: String) -> JSON { .object([("$ref", .text("#/$defs/\(name)"))]) }

    private static func any(_ choices: [JSON]) -> JSON { .object([("anyOf", .list(choices))]) }

    /// Any single value: what an environment variable stands in is one, too.
    private static let scalar = JSON.object([("type", .list([.text("string"), .text("number"), .text("boolean")]))])

    /// A single value of some form, or one with a variable in it.
    private static func single(_ form: JSON) -> JSON { any([form, reference("variable")]) }

    // MARK: - Sections

    private mutating func section(_ spec: SectionSpec) -> JSON {
        let keys = spec.keys
        var properties: [(String, JSON)] = []
        for key in keys {
            guard case .object(let schema) = schema(of: key.kind, isRequired: key.isRequired) else { continue }
            let standard = key.standard.map { " Default: \($0)." } ?? ""
            properties.append((key.name, .object([("description", .text(key.summary + standard))] + schema)))
        }
        let required = keys.filter { $0.isRequired && $0.unless == nil }.map { JSON.text($0.name) }
        return .object(
            [("type", .text("object")), ("additionalProperties", .flag(false))]
                + (required.isEmpty ? [] : [("required", .list(required))]) + [("properties", .object(properties))])
    }

    private mutating func define(_ spec: SectionSpec) -> JSON {
        let name = spec.name.replacing(" ", with: "-")
        if !definitions.contains(where: { $0.name == name }) {
            // Before it is filled, so that a section inside of itself would end.
            definitions.append((name, .flag(true)))
            let schema = section(spec)
            definitions.removeAll { $0.name == name }
            definitions.append((name, schema))
        }
        return Self.reference(name)
    }

    // MARK: - Kinds

    private mutating func schema(of kind: ValueKind, isRequired: Bool = false) -> JSON {
        switch kind {
        case .text, .expression: return Self.scalar
        case .aggregate: return Self.aggregate
        case .name(.identifier): return Self.single(Self.pattern(Self.pattern(of: .identifier)))
        // YAML takes `2024` for a number, and it is a name.
        case .name(let rule):
            return Self.any([
                Self.pattern(Self.pattern(of: rule)), .object([("type", .text("number"))]), Self.reference("variable"),
            ])
        case .boolean:
            return Self.any([
                .object([("type", .text("boolean"))]), Self.pattern("^(true|false)$"), Self.reference("variable"),
            ])
        case .choice(let choices): return Self.single(.object([("enum", .list(choices.map { .text($0) }))]))
        case .integer(let range):
            let number: [(String, JSON)] = [
                ("type", .text("integer")), ("minimum", .number(range.lowerBound)),
                ("maximum", .number(range.upperBound)),
            ]
            return Self.any([.object(number), Self.pattern("^[0-9][0-9_]*$"), Self.reference("variable")])
        case .number: return Self.scalar
        case .size: return Self.single(Self.pattern(Self.pattern(of: UnitLiteral.sizes, blank: " *")))
        case .duration: return Self.single(Self.pattern(Self.pattern(of: UnitLiteral.durations, blank: "")))
        case .accuracy: return Self.single(Self.pattern("^(exact|tiled\\([0-9_.]+%\\))$"))
        case .choiceOr(let choices, let other):
            return Self.any([.object([("enum", .list(choices.map { .text($0) }))]), schema(of: other)])
        case .section(let spec): return define(spec)
        case .shortOr(let short, let spec): return Self.any([schema(of: short), define(spec)])
        case .list(let item):
            return .object(
                [("type", .text("array")), ("items", schema(of: item))] + (isRequired ? [("minItems", .number(1))] : [])
            )
        case .singleOrList(let one, let list):
            return Self.any([schema(of: one), schema(of: list, isRequired: isRequired)])
        case .map(let rule, let item):
            return .object(
                [
                    ("type", .text("object")), ("propertyNames", Self.pattern(Self.pattern(of: rule))),
                    ("additionalProperties", schema(of: item)),
                ] + (isRequired ? [("minProperties", .number(1))] : []))
        case .event: return .object([("type", .text("object"))])
        case .namedExpression(let rule): return Self.named(rule)
        case .feature(let group): return Self.any([define(group), Self.named(.identifier)])
        }
    }

    /// `name: expression`, one of them.
    private static func named(_ rule: NameRule) -> JSON {
        .object([
            ("type", .text("object")), ("minProperties", .number(1)), ("maxProperties", .number(1)),
            ("propertyNames", pattern(pattern(of: rule))), ("additionalProperties", scalar),
        ])
    }

    /// A call of one of the catalogue's aggregates, each with its example.
    private static let aggregate: JSON = {
        let specs = AggregateCatalogue.standard.specs
        let names = specs.map(\.name).joined(separator: "|")
        let call = JSON.object([
            ("type", .text("string")), ("pattern", .text("^[\\s(]*(\(names))\\s*\\(")),
            ("examples", .list(specs.map { .text($0.example) })),
        ])
        return single(call)
    }()

    private static func pattern(of rule: NameRule) -> String {
        switch rule {
        case .pipeline: "^[a-z0-9-]{1,\(NameRule.lengthMax)}$"
        case .identifier: "^[A-Za-z_][A-Za-z0-9_]{0,\(NameRule.lengthMax - 1)}$"
        case .label: "^[A-Za-z0-9._-]{1,\(NameRule.lengthMax)}$"
        case .topic: "^[A-Za-z0-9._-]{1,\(NameRule.topicLengthMax)}$"
        case .property: "^[!-~]+$"
        }
    }

    private static func pattern(of system: UnitLiteral.System, blank: String) -> String {
        "^[0-9][0-9_]*\(blank)(\(system.units.map(\.name).joined(separator: "|")))$"
    }
}

extension PipelineSchema.JSON {
    func written(indent: Int) -> String {
        let inner = String(repeating: "  ", count: indent + 1)
        let outer = String(repeating: "  ", count: indent)
        switch self {
        case .text(let text): return Self.quoted(text)
        case .number(let number): return "\(number)"
        case .flag(let flag): return "\(flag)"
        case .list(let items):
            let short = "[\(items.map { $0.written(indent: 0) }.joined(separator: ", "))]"
            if short.count <= 100 - indent * 2, !short.contains("\n") { return short }
            return "[\n" + items.map { inner + $0.written(indent: indent + 1) }.joined(separator: ",\n") + "\n\(outer)]"
        case .object(let members):
            if members.isEmpty { return "{}" }
            let lines = members.map { "\(inner)\(Self.quoted($0.0)): \($0.1.written(indent: indent + 1))" }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(outer)}"
        }
    }

    /// The tables hold no control characters.
    private static func quoted(_ text: String) -> String {
        "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
    }
}

import Foundation

@testable import Configuration

/// Holds YAML against the part of JSON Schema that `PipelineSchema` uses; what it does not know it refuses loudly.
struct SchemaValidator {
    private let root: [String: Any]
    private let definitions: [String: Any]

    struct UnknownKeyword: Error {
        let keyword: String
    }

    init(text: String) throws {
        root = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
        definitions = root["$defs"] as? [String: Any] ?? [:]
    }

    func accepts(_ node: YAMLNode) throws -> Bool { try accepts(node, root) }

    private func accepts(_ node: YAMLNode, _ schema: Any) throws -> Bool {
        guard let schema = schema as? [String: Any] else { return schema as? Bool ?? false }
        for (keyword, value) in schema {
            guard try holds(node, keyword, value, schema) else { return false }
        }
        return true
    }

    private func holds(_ node: YAMLNode, _ keyword: String, _ value: Any, _ schema: [String: Any]) throws -> Bool {
        switch keyword {
        case "$schema", "$id", "$comment", "$defs", "title", "description", "examples": return true
        case "$ref":
            let name = (value as? String)?.split(separator: "/").last.map(String.init) ?? ""
            guard let definition = definitions[name] else { throw UnknownKeyword(keyword: "$ref \(name)") }
            return try accepts(node, definition)
        case "anyOf":
            for choice in value as? [Any] ?? [] where try accepts(node, choice) { return true }
            return false
        case "type":
            let names = value as? [String] ?? [value as? String ?? ""]
            return names.contains { Self.isOf($0, node) }
        case "enum": return (value as? [String] ?? []).contains(Self.scalar(node)?.text ?? "\0")
        case "pattern": return try Self.matches(Self.scalar(node)?.text ?? "\0", value)
        case "minimum": return Self.number(node).map { $0 >= Self.number(value) } ?? false
        case "maximum": return Self.number(node).map { $0 <= Self.number(value) } ?? false
        case "minItems", "minProperties": return Self.count(node) >= Int(Self.number(value))
        case "maxProperties": return Self.count(node) <= Int(Self.number(value))
        case "items": return try Self.items(node).allSatisfy { try accepts($0, value) }
        case "required":
            let keys = Set(Self.entries(node).map(\.key.value))
            return (value as? [String] ?? []).allSatisfy(keys.contains)
        case "properties":
            let known = value as? [String: Any] ?? [:]
            return try Self.entries(node).allSatisfy { entry in
                guard let schema = known[entry.key.value] else { return true }
                return try accepts(entry.value, schema)
            }
        case "additionalProperties":
            let known = schema["properties"] as? [String: Any] ?? [:]
            let others = Self.entries(node).filter { known[$0.key.value] == nil }
            return try others.allSatisfy { try accepts($0.value, value) }
        case "propertyNames":
            let pattern = (value as? [String: Any])?["pattern"] ?? ""
            return try Self.entries(node).allSatisfy { try Self.matches($0.key.value, pattern) }
        default: throw UnknownKeyword(keyword: keyword)
        }
    }

    // MARK: - YAML's own types

    private static func isOf(_ type: String, _ node: YAMLNode) -> Bool {
        switch (type, node.content) {
        case ("object", .mapping), ("array", .sequence): return true
        case (_, .scalar(let scalar)):
            let isNumber = scalar.isPlain && Double(scalar.text) != nil
            let isFlag = scalar.isPlain && (scalar.text == "true" || scalar.text == "false")
            switch type {
            case "string": return !isNumber && !isFlag && !scalar.isNull
            case "number": return isNumber
            case "integer": return isNumber && Int64(scalar.text) != nil
            case "boolean": return isFlag
            default: return false
            }
        default: return false
        }
    }

    private static func scalar(_ node: YAMLNode) -> YAMLScalar? {
        if case .scalar(let scalar) = node.content { scalar } else { nil }
    }

    private static func items(_ node: YAMLNode) -> [YAMLNode] {
        if case .sequence(let items) = node.content { items } else { [] }
    }

    private static func entries(_ node: YAMLNode) -> [YAMLEntry] {
        if case .mapping(let entries) = node.content { entries } else { [] }
    }

    private static func count(_ node: YAMLNode) -> Int { max(items(node).count, entries(node).count) }

    private static func number(_ node: YAMLNode) -> Double? { scalar(node).flatMap { Double($0.text) } }

    private static func number(_ value: Any) -> Double { (value as? NSNumber)?.doubleValue ?? .nan }

    private static func matches(_ text: String, _ pattern: Any) throws -> Bool {
        let expression = try NSRegularExpression(pattern: pattern as? String ?? "")
        return expression.firstMatch(in: text, range: NSRange(text.startIndex..., in: text)) != nil
    }
}

public import Diagnostics

/// An event as a test writes it down: YAML, which becomes the JSON that a producer would send.
public indirect enum EventValue: Sendable {
    /// - Parameter isPlain: it stands without quotes.
    case scalar(Located<String>, isPlain: Bool)
    case list([EventValue], SourceRange)
    case mapping([(key: Located<String>, value: EventValue)], SourceRange)

    public var range: SourceRange {
        switch self {
        case .scalar(let text, _): text.range
        case .list(_, let range), .mapping(_, let range): range
        }
    }

    /// The same with the entries of another one that it does not have itself.
    public func merged(over other: EventValue?) -> EventValue {
        guard case .mapping(let own, let range) = self, case .mapping(let standard, _)? = other else { return self }
        let names = Set(own.map(\.key.value))
        return .mapping(standard.filter { !names.contains($0.key.value) } + own, range)
    }
}

extension SpecReader {
    /// Reads an event whatever it holds; `nil` where something in it was reported.
    func event(_ node: YAMLNode, at place: Place) -> SpecValue? {
        guard case .mapping = node.content else {
            if case .refused = node.content { return nil }
            wrongKind(node, expected: "a mapping of fields", at: place, suggestion: "write {field: value, …}")
            return nil
        }
        return value(node).map(SpecValue.event)
    }

    private func value(_ node: YAMLNode) -> EventValue? {
        switch node.content {
        case .refused: return nil
        case .scalar(let scalar):
            guard let expanded = expansion.expand(scalar, at: node.range, into: problems) else { return nil }
            let text = Located(
                expanded.text, at: node.range, written: scalar.text, isFromEnvironment: expanded.isFromEnvironment,
                places: expanded.places)
            return .scalar(text, isPlain: scalar.isPlain)
        case .sequence(let items):
            let values = items.map(value)
            return values.contains { $0 == nil } ? nil : .list(values.compactMap(\.self), node.range)
        case .mapping(let entries):
            let values = entries.map { (key: $0.key, value: value($0.value)) }
            var read: [(key: Located<String>, value: EventValue)] = []
            for (key, value) in values {
                guard let value else { return nil }
                read.append((key, value))
            }
            return .mapping(read, node.range)
        }
    }
}

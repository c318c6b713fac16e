import Diagnostics

/// Reads nodes as the syntax says: unknown, missing and misplaced keys, kinds, words, numbers and ranges.
///
/// It reports and reads on: what could not be read is absent from the result, and later checks pass over it.
struct SpecReader {
    let problems: DiagnosticGathering
    let expansion: EnvironmentExpansion

    /// What is being read, for messages.
    struct Place {
        /// The key or what the item belongs to: `over`.
        var name: String
        /// Of the key, or of the node where there is none.
        var range: SourceRange
        /// What a section here is called.
        var title: String
        var isRequired = false
    }

    /// Reads a value of any kind; `nil` where it was reported.
    func value(_ node: YAMLNode, _ kind: ValueKind, at place: Place) -> SpecValue? {
        if case .refused = node.content { return nil }
        if case .scalar(let scalar) = node.content, scalar.isNull {
            problems.error(
                "missing-value", "\(place.name.quoted) has no value", at: place.range,
                suggestion: "write a value, or remove the key")
            return nil
        }
        switch kind {
        case .section(let spec): return section(node, spec, at: place).map(SpecValue.section)
        case .shortOr(let short, let spec):
            if case .scalar = node.content {
                let name = spec.shortKey ?? place.name
                return scalar(node, short, at: Place(name: name, range: place.range, title: place.title))
            }
            return section(node, spec, at: place).map(SpecValue.section)
        case .list(let item): return list(node, item, at: place)
        case .singleOrList(let single, let list):
            switch node.content {
            case .sequence: return value(node, list, at: place)
            case .mapping:
                wrongKind(node, expected: "a single value or a list", at: place, suggestion: nil)
                return nil
            default: return scalar(node, single, at: place)
            }
        case .map(let rule, let item): return map(node, rule, item, at: place)
        case .namedExpression(let rule): return namedExpression(node, rule, at: place)
        case .feature(let group): return feature(node, group, at: place)
        case .event: return event(node, at: place)
        default: return scalar(node, kind, at: place)
        }
    }

    // MARK: - Sections

    func section(_ node: YAMLNode, _ spec: SectionSpec, at place: Place) -> SectionValue? {
        guard case .mapping(let entries) = node.content else {
            let keys = spec.keys.prefix(3).map(\.name.quoted).joined(separator: ", ")
            wrongKind(node, expected: "a mapping", at: place, suggestion: "expected keys such as \(keys)")
            return nil
        }
        var result = SectionValue(spec: spec, title: place.title, range: place.range)
        var meant: Set<String> = []
        let unused = spec.keys.map(\.name).filter { name in !entries.contains { $0.key.value == name } }
        for entry in entries {
            guard let key = spec[entry.key.value] else {
                meant.formUnion(unknownKey(entry.key, among: unused, at: place))
                continue
            }
            result.keyRanges[key.name] = entry.key.range
            let inside = Place(
                name: key.name, range: entry.key.range, title: key.name.quoted, isRequired: key.isRequired)
            result.values[key.name] = value(entry.value, key.kind, at: inside)
        }
        // A required key that was only misspelt is not missing as well.
        for key in spec.keys where key.isRequired && result.keyRanges[key.name] == nil && !meant.contains(key.name) {
            if let other = key.unless, result.keyRanges[other] != nil { continue }
            missing(key.name, in: result)
        }
        return result
    }

    /// Reports a key; returns the one that was probably meant.
    private func unknownKey(_ key: Located<String>, among choices: [String], at place: Place) -> [String] {
        let nearest = problems.isFull ? nil : Suggestion.nearest(to: key.value, among: choices)
        problems.error(
            "unknown-key", "\(key.value.quoted) is not a key of \(place.title)", at: key.range,
            suggestion: problems.isFull ? nil : Suggestion.text(for: key.value, among: choices))
        return nearest.map { [$0] } ?? []
    }

    func missing(_ key: String, in section: SectionValue) {
        problems.error(
            "missing-key", "\(section.title) has no \(key.quoted)", at: section.range,
            suggestion: "add \"\(key): …\"")
    }

    // MARK: - Lists and maps

    private func list(_ node: YAMLNode, _ kind: ValueKind, at place: Place) -> SpecValue? {
        guard case .sequence(let items) = node.content else {
            let suggestion: String? =
                switch node.content {
                case .scalar(let scalar): "write [\(scalar.text)]"
                case .mapping: "begin each item with \"- \""
                default: nil
                }
            wrongKind(node, expected: "a list", at: place, suggestion: suggestion)
            return nil
        }
        guard !items.isEmpty || !place.isRequired else {
            empty(place)
            return nil
        }
        return .list(
            items.map { value($0, kind, at: Place(name: place.name, range: $0.range, title: place.title)) })
    }

    private func map(_ node: YAMLNode, _ rule: NameRule, _ kind: ValueKind, at place: Place) -> SpecValue? {
        guard case .mapping(let entries) = node.content else {
            let isList = if case .sequence = node.content { true } else { false }
            wrongKind(
                node, expected: "a mapping of names", at: place,
                suggestion: isList ? "write \"name: …\" without \"- \"" : "write \"name: …\" below it")
            return nil
        }
        guard !entries.isEmpty || !place.isRequired else {
            empty(place)
            return nil
        }
        let kindName: String? = if case .section(let spec) = kind { spec.name } else { nil }
        return .map(
            entries.map { entry in
                let isLegal = check(entry.key, rule)
                let quoted = entry.key.value.quoted
                let title = kindName.map { "\($0) \(quoted)" } ?? quoted
                let inside = Place(name: entry.key.value, range: entry.key.range, title: title)
                let read = value(entry.value, kind, at: inside)
                return MapEntry(name: entry.key, value: isLegal ? read : nil)
            })
    }

    private func empty(_ place: Place) {
        problems.error("empty-value", "\(place.name.quoted) is empty", at: place.range, suggestion: "name at least one")
    }

    // MARK: - Named expressions and features

    private func namedExpression(_ node: YAMLNode, _ rule: NameRule, at place: Place) -> SpecValue? {
        guard case .mapping(let entries) = node.content, let entry = entries.first else {
            var suggestion = "write \"- name: expression\""
            if case .scalar(let scalar) = node.content, rule.allows(scalar.text), scalar.isPlain {
                suggestion = "write \"- \(scalar.text): expression\""
            }
            problems.error(
                "wrong-kind", "an item of \(place.name.quoted) must be \"name: expression\", not \(node.kindName)",
                at: node.range, suggestion: suggestion)
            return nil
        }
        guard entries.count == 1 else {
            problems.error(
                "several-in-item", "an item of \(place.name.quoted) holds one name, and here are \(entries.count)",
                at: entries[1].key.range, suggestion: "begin it with \"- \"",
                notes: [.init("the item begins here", at: entry.key.range)])
            return nil
        }
        let isLegal = check(entry.key, rule)
        let inside = Place(name: entry.key.value, range: entry.key.range, title: entry.key.value.quoted)
        guard case .text(let expression) = value(entry.value, .expression, at: inside), isLegal else {
            return .named(entry.key, nil)
        }
        return .named(entry.key, expression)
    }

    private func feature(_ node: YAMLNode, _ group: SectionSpec, at place: Place) -> SpecValue? {
        if case .mapping(let entries) = node.content, entries.contains(where: { group[$0.key.value] != nil }) {
            let range = entries[0].key.range
            let inside = Place(name: place.name, range: range, title: "the feature group")
            return section(node, group, at: inside).map(SpecValue.section)
        }
        return namedExpression(node, .identifier, at: place)
    }

    // MARK: - Complaints

    /// Whether a name is spelt as it must be.
    func check(_ name: Located<String>, _ rule: NameRule) -> Bool {
        let isReserved = NameRule.reserved.contains(name.value)
        if case .identifier = rule, isReserved {
            problems.error(
                "reserved-name", "\(name.written.quoted) has a meaning in expressions and cannot be a name",
                at: name.range, suggestion: "try \"\(name.value)_value\"")
            return false
        }
        guard !rule.allows(name.value) else { return true }
        let mended = name.isFromEnvironment ? nil : rule.mended(name.value)
        problems.error(
            rule.noun == "topic" ? "invalid-topic" : "invalid-name", "\(name.written.quoted) is not a \(rule.noun)",
            at: name.range, suggestion: mended.map { "try \($0.quoted)" } ?? "use \(rule.description)")
        return false
    }

    func wrongKind(_ node: YAMLNode, expected: String, at place: Place, suggestion: String?) {
        problems.error(
            "wrong-kind", "\(place.name.quoted) must be \(expected), not \(node.kindName)", at: node.range,
            suggestion: suggestion)
    }
}

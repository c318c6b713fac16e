import Diagnostics
import Events

/// Reads `watch` and `segments` of a monitor, and holds their names against what score records carry.
struct WatchReader {
    let monitor: SectionValue
    let carried: ScoreFields
    let problems: DiagnosticGathering
    /// Whether the pipeline has a model, and rules.
    let hasScore: Bool
    let hasDecisions: Bool

    private static let words = ["score", "decisions", "quality"]

    func readWatch() -> MonitorSpec.Watch {
        guard let written = monitor.texts("watch") else {
            let features = carried.features
            return MonitorSpec.Watch(
                isAll: true, includesScore: hasScore, includesDecisions: hasDecisions, includesQuality: true,
                features: features,
                fields: carried.output.fields.map(\.name.value).filter { name in
                    !features.contains(name) && isWatchedByDefault(name)
                })
        }
        let names = unique(written, "watched")
        let chosen = Set(names.map(\.value))
        for name in names where Self.words.contains(name.value) { checkWord(name) }
        let others = names.filter { !Self.words.contains($0.value) }
        let missing = others.filter { carried.isFeature($0.value) && !carried.features.contains($0.value) }
        // A name that is a feature's and a field's is the feature's, unless only the field is carried.
        let features = others.filter { carried.features.contains($0.value) }
        let fields = others.filter { !carried.features.contains($0.value) && carried.type(of: $0.value) != nil }
        for name in others where !features.contains(name) && !fields.contains(name) {
            check(name, missing: missing, others: others)
        }
        for name in fields { checkType(name, .watched) }
        return MonitorSpec.Watch(
            isAll: false, includesScore: chosen.contains("score"), includesDecisions: chosen.contains("decisions"),
            includesQuality: chosen.contains("quality"),
            features: carried.features.filter(chosen.contains),
            fields: carried.output.fields.map(\.name.value).filter { name in fields.contains { $0.value == name } })
    }

    func readSegments() -> [Located<String>] {
        let names = unique(monitor.texts("segments") ?? [], "given")
        checkCarried(names)
        for name in names { checkType(name, .segment) }
        return names.filter { carried.type(of: $0.value) != nil }
    }

    /// The field that names an event's card; `nil` where something is wrong with it, which is reported.
    func readCard(_ name: Located<String>) -> String? {
        checkCarried([name])
        checkType(name, .card)
        return carried.type(of: name.value) == nil ? nil : name.value
    }

    // MARK: - Names

    /// Each is a field that scores carry.
    private func checkCarried(_ names: [Located<String>]) {
        let missing = names.filter { carried.isField($0.value) && carried.type(of: $0.value) == nil }
        for name in names where carried.type(of: name.value) == nil && !carried.isFaulty(name.value) {
            if carried.isField(name.value) {
                notCarried("field", name, carried.line(addingFields: missing))
            } else if carried.isLabel(name.value) {
                label(name)
            } else {
                let choices = carried.source?.fields.filter { !$0.isLabel }.map(\.name.written) ?? []
                problems.error(
                    "unknown-field", "field \(name.written.quoted) is not declared", at: name.range,
                    suggestion: suggestion(for: name, among: choices))
            }
        }
    }

    private func unique(_ names: [Located<String>], _ what: String) -> [Located<String>] {
        var first: [String: SourceRange] = [:]
        return names.filter { name in
            guard let earlier = first[name.value] else {
                first[name.value] = name.range
                return true
            }
            problems.error(
                "duplicate-name", "\(name.written.quoted) is \(what) twice", at: name.range,
                suggestion: "keep one of them", notes: [.init("first given here", at: earlier)])
            return false
        }
    }

    private func checkWord(_ name: Located<String>) {
        if name.value == "score" && !hasScore || name.value == "decisions" && !hasDecisions {
            let section = name.value == "score" ? "model" : "decide"
            problems.error(
                "unknown-series", "\(name.written.quoted) cannot be watched: there is no \(section.quoted)",
                at: name.range, suggestion: "remove it")
        }
    }

    /// Of a name that scores do not carry: what it is, and what to write.
    private func check(_ name: Located<String>, missing: [Located<String>], others: [Located<String>]) {
        if carried.isFaulty(name.value) || problems.isFull { return }
        if carried.isFeature(name.value) {
            notCarried("feature", name, carried.line(addingFeatures: missing))
        } else if carried.isField(name.value) {
            let fields = others.filter {
                !carried.isFeature($0.value) && carried.isField($0.value) && carried.type(of: $0.value) == nil
            }
            notCarried("field", name, carried.line(addingFields: fields))
        } else if carried.isLabel(name.value) {
            label(name)
        } else {
            let fields = carried.source?.fields.filter { !$0.isLabel } ?? []
            let choices = Self.words + carried.names.map(\.written) + fields.map(\.name.written)
            problems.error(
                "unknown-series", "nothing that is called \(name.written.quoted) can be watched", at: name.range,
                suggestion: suggestion(for: name, among: choices))
        }
    }

    private func label(_ name: Located<String>) {
        problems.error(
            "wrong-field", "field \(name.written.quoted) is a label, which is not known when an event is scored",
            at: name.range, suggestion: "remove it; \("labels".quoted) says where labels come from")
    }

    private func notCarried(_ what: String, _ name: Located<String>, _ line: String) {
        problems.error(
            "not-in-output", "\(what) \(name.written.quoted) is not in score records, which the monitor reads",
            at: name.range, suggestion: line)
    }

    private func suggestion(for name: Located<String>, among choices: [String]) -> String? {
        name.isFromEnvironment ? nil : Suggestion.text(for: name.value, among: choices)
    }

    // MARK: - Types

    /// Strings and bools are categories, the rest but times are numbers. What is everybody's own is not watched unless it
    /// is named: ids, the topic's key, and ints, which are mostly ids as well.
    private func isWatchedByDefault(_ name: String) -> Bool {
        guard let type = carried.type(of: name), type != .int, !type.isTime else { return false }
        return name != carried.source?.id?.name.value && name != carried.source?.key?.name.value
    }

    private func checkType(_ name: Located<String>, _ role: Role) {
        guard let type = carried.type(of: name.value), !role.takes(type) else { return }
        problems.error(
            "wrong-field", "field \(name.written.quoted) is \(type.phrase) and cannot be \(role.rawValue)",
            at: name.range, suggestion: role.suggestion)
    }

    private enum Role: String {
        case watched
        case segment = "a segment"
        case card = "a card"

        func takes(_ type: FieldType) -> Bool {
            switch type {
            case .string, .int: true
            case .bool: self != .card
            case .float, .decimal: self == .watched
            case .time: false
            }
        }

        var suggestion: String {
            switch self {
            case .watched: "watch a feature of it, such as hour(event_time)"
            case .segment: "choose a field of type string, bool or int"
            case .card: "choose a field of type string or int"
            }
        }
    }
}

extension FieldType {
    fileprivate var isTime: Bool {
        if case .time = self { true } else { false }
    }
}

@testable import Configuration

/// The page of every key: one table for each section of `PipelineSyntax`.
struct KeyReference {
    private struct Chapter {
        let place: String
        let section: SectionSpec
    }

    /// Each section once, where it is first met.
    private let chapters: [Chapter]

    init() {
        var chapters: [Chapter] = []
        func add(_ section: SectionSpec, at place: String) {
            guard !chapters.contains(where: { $0.section.name == section.name }) else { return }
            chapters.append(Chapter(place: place, section: section))
            for key in section.keys {
                let below = place.isEmpty ? key.name : "\(place).\(key.name)"
                for (inner, suffix) in Self.sections(in: key.kind) { add(inner, at: below + suffix) }
            }
        }
        add(PipelineSyntax.root, at: "")
        self.chapters = chapters
    }

    private static func sections(in kind: ValueKind, _ suffix: String = "") -> [(SectionSpec, String)] {
        switch kind {
        case .section(let section), .shortOr(_, let section), .feature(let section): [(section, suffix)]
        case .list(let item): sections(in: item, suffix + "[]")
        case .map(_, let item): sections(in: item, suffix + ".NAME")
        case .choiceOr(_, let item): sections(in: item, suffix)
        case .singleOrList(let single, let list): sections(in: single, suffix) + sections(in: list, suffix)
        default: []
        }
    }

    var text: String {
        let body = chapters.map { chapter in
            let title = chapter.place.isEmpty ? "The file" : "`\(chapter.place)`"
            let rows = chapter.section.keys.map { row(of: $0) }
            return "\n## \(title)\n\n" + ReferencePages.table(["key", "value", "default", "meaning"], rows)
        }
        let names = [NameRule.pipeline, .identifier, .label, .topic, .property].map { rule in
            [Self.title(of: rule), rule.description]
        }
        let units = [UnitLiteral.durations, UnitLiteral.sizes].map { system in
            [
                system.allowsBlank ? "size" : "duration", system.units.map { "`\($0.name)`" }.joined(separator: ", "),
                "`\(system.example)`",
            ]
        }
        return """
            # Keys of a pipeline file

            \(ReferencePages.origin)
            What they mean together: [PIPELINE.md](../PIPELINE.md). A key that is not listed is an error. A key
            with *required* as its default has to be there if its section is.

            """ + body.joined() + "\n## Names\n\n" + ReferencePages.table(["kind", "made of"], names)
                + "\nNo field, feature or aggregate is called "
                + NameRule.reserved.map { "`\($0)`" }.joined(separator: ", ")
                + ".\n\n## Units\n\nA whole number and a unit; `_` may divide digits.\n\n"
                + ReferencePages.table(["kind", "units", "example"], units)
    }

    private func row(of key: KeySpec) -> [String] {
        let required = "*required*" + (key.unless.map { " without `\($0)`" } ?? "")
        let standard = key.isRequired ? required : key.standard.map { Self.standard($0, of: key) } ?? "–"
        return ["`\(key.name)`", Self.type(key.kind), standard, key.summary]
    }

    /// A value as it is written, or words.
    private static func standard(_ text: String, of key: KeySpec) -> String {
        let isWords = text.contains(" ") && !text.contains { $0.isNumber } || text == "time"
        return isWords ? (text == "time" ? "as `time`" : text) : "`\(text)`"
    }

    private static func title(of rule: NameRule) -> String {
        switch rule {
        case .pipeline: "pipeline name"
        case .identifier: "name"
        case .label: "label"
        case .topic: "topic"
        case .property: "property"
        }
    }

    private static func type(_ kind: ValueKind) -> String {
        switch kind {
        case .text: "text"
        case .name(let rule): "[\(title(of: rule))](#names)"
        case .boolean: "`true` or `false`"
        case .choice(let choices): words(choices)
        case .integer(let range):
            "whole number, \(NumberLiteral.text(range.lowerBound)) to \(NumberLiteral.text(range.upperBound))"
        case .number: "number"
        case .size(let range): "[size](#units), \(bounds(range, in: UnitLiteral.sizes))"
        case .duration(let range): "[duration](#units), \(bounds(range, in: UnitLiteral.durations))"
        case .aggregate: "[aggregate](aggregates.md)"
        case .accuracy: "`exact`, or `\(AccuracySpec.example)` with a part of 0.1% to 10%"
        case .expression: "[expression](../PIPELINE.md#expressions)"
        case .choiceOr(let choices, let other): "\(words(choices)) or \(type(other))"
        case .section: "mapping, see below"
        case .shortOr(let short, _): "\(type(short)), or a mapping, see below"
        case .list(let item): "list of: \(type(item))"
        case .singleOrList(let single, let list): "\(type(single)), or a \(type(list))"
        case .map(let rule, let item): "mapping of a [\(title(of: rule))](#names) each to: \(type(item))"
        case .event: "mapping of fields"
        case .namedExpression(let rule): "`NAME: EXPRESSION` with a [\(title(of: rule))](#names)"
        case .feature: "`NAME: EXPRESSION`, or a group of windows, see below"
        }
    }

    private static func words(_ choices: [String]) -> String { choices.map { "`\($0)`" }.joined(separator: ", ") }

    private static func bounds(_ range: ClosedRange<Int64>, in system: UnitLiteral.System) -> String {
        let least = range.lowerBound == 0 && !system.allowsBlank ? "0s" : UnitLiteral.text(range.lowerBound, in: system)
        return "\(least) to \(UnitLiteral.text(range.upperBound, in: system))"
    }
}

import Diagnostics
import Events

/// Reads a file of tests: every problem of its form at once. What names refer to is for whoever has the pipeline.
struct CaseReader {
    /// More steps of one test are refused: what is longer belongs into a file of events.
    static let stepsMax = 10_000

    let problems: DiagnosticGathering
    private let tolerance: Double

    init(_ root: SectionValue, _ problems: DiagnosticGathering) {
        self.problems = problems
        tolerance = Self.tolerance(root, CaseSyntax.root, problems) ?? 0.000_001
    }

    func read(_ root: SectionValue) -> [CaseSpec] {
        var names: [String: SourceRange] = [:]
        return (root.list("tests") ?? []).compactMap { item in
            guard case .section(let section)? = item, let name = section.text("name") else { return nil }
            if let first = names[name.value] {
                problems.error(
                    "duplicate-name", "test \(name.written.quoted) is there twice", at: name.range,
                    suggestion: "say what is different", notes: [.init("first named here", at: first)])
            }
            names[name.value] = name.range
            return test(section, name)
        }
    }

    private func test(_ section: SectionValue, _ name: Located<String>) -> CaseSpec? {
        let items = section.list("steps") ?? []
        if items.count > Self.stepsMax {
            problems.error(
                "out-of-range", "test \(name.written.quoted) has more than \(Self.stepsMax) steps", at: name.range,
                suggestion: "put events into a file: \("files".quoted)")
            return nil
        }
        let steps = items.compactMap { item in
            if case .section(let step)? = item { self.step(step) } else { nil }
        }
        let expectations = (section.list("expect") ?? []).compactMap { item in
            if case .section(let section)? = item { expectation(section) } else { nil }
        }
        // What was reported may have been the expectation.
        let isWhole = steps.count == items.count && !section.isFaulty("steps") && !section.isFaulty("expect")
        if isWhole && !problems.hasErrors && expectations.isEmpty && !steps.contains(where: { $0.expectation != nil }) {
            problems.error(
                "no-expectation", "test \(name.written.quoted) expects nothing, so that nothing can be wrong",
                at: name.range, suggestion: "add \("expect".quoted) to a step")
        }
        return CaseSpec(
            name: name, steps: steps, expectations: expectations,
            tolerance: Self.tolerance(section, CaseSyntax.test, problems) ?? tolerance)
    }

    private static func tolerance(
        _ section: SectionValue, _ spec: SectionSpec, _ problems: DiagnosticGathering
    ) -> Double? {
        guard let text = section.text("tolerance") else { return nil }
        if let value = try? NumberLiteral.double(text.value), (0...1).contains(value) { return value }
        problems.error(
            "out-of-range", "\("tolerance".quoted) cannot be \(text.written.quoted)", at: text.range,
            suggestion: "allowed: 0 to 1")
        return nil
    }

    // MARK: - Steps

    private static let actions = ["event", "json", "files", "restart", "ask"]

    private func step(_ section: SectionValue) -> CaseStep? {
        let written = Self.actions.filter { section.keyRanges[$0] != nil }
        guard written.count == 1 else {
            problems.error(
                "several-in-item",
                written.isEmpty
                    ? "a step has to say what happens"
                    : "a step is one thing, and here are \(written.map(\.quoted).joined(separator: " and "))",
                at: written.count > 1 ? section.keyRanges[written[1]] : section.range,
                suggestion: "give it one of \(Self.actions.map(\.quoted).joined(separator: ", "))")
            return nil
        }
        let isEvent = written[0] == "event" || written[0] == "json"
        for key in ["source", "record_time"] {
            guard !isEvent, let range = section.keyRanges[key] else { continue }
            problems.error(
                "inapplicable-key", "\(key.quoted) is of a step with \("event".quoted) or \("json".quoted)", at: range,
                suggestion: "remove it")
        }
        if !isEvent, written[0] != "ask", let range = section.keyRanges["expect"] {
            problems.error(
                "inapplicable-key", "nothing comes of \(written[0].quoted) by itself", at: range,
                suggestion: "expect it of an event, by its id")
        }
        guard let action = action(section) else { return nil }
        return CaseStep(
            action: action, range: section.keyRanges[written[0]] ?? section.range, source: section.text("source"),
            recordTime: section.text("record_time").flatMap(time),
            expectation: section.section("expect").map(expectation)
        )
    }

    private func action(_ section: SectionValue) -> CaseStep.Action? {
        if case .event(let event)? = section.values["event"] { return .event(event) }
        if let json = section.text("json") { return .json(json) }
        if let files = section.map("files") {
            return .files(
                files.compactMap { entry in
                    if case .text(let path)? = entry.value { (entry.name, path) } else { nil }
                })
        }
        if let restart = section.text("restart") { return .restart(restart) }
        guard let ask = section.section("ask"), let by = ask.text("by"), let key = ask.text("key"),
            let at = ask.text("at").flatMap(time)
        else { return nil }
        return .ask(CaseQuestion(by: by, key: key, at: at))
    }

    private func time(_ text: Located<String>) -> Located<EventTime>? {
        if let time = TimeText.parse(text.value) { return text.map { _ in time } }
        problems.error(
            "invalid-time", "\(text.written.quoted) is not a time", at: text.range,
            suggestion: "write it as 2018-09-30T23:59:57Z")
        return nil
    }

    // MARK: - Expectations

    private func expectation(_ section: SectionValue) -> CaseExpectation {
        let isFaulty = section.keyRanges.keys.contains { section.isFaulty($0) }
        let found = CaseExpectation(
            range: section.range, id: section.text("id"), outcome: section.text("outcome"),
            fault: section.text("fault"), field: section.text("field"), isLate: section.boolean("late"),
            features: values(section, "features"), score: section.text("score").flatMap { value($0, named: $0) },
            models: values(section, "models"), decision: section.text("decision"), reasons: section.texts("reasons"),
            reasonsRange: section.keyRanges["reasons"])
        if found.isEmpty && !isFaulty && !problems.hasErrors {
            problems.error(
                "no-expectation", "nothing is expected here", at: section.range,
                suggestion: "add an outcome, features, a score or a decision")
        }
        return found
    }

    private func values(_ section: SectionValue, _ key: String) -> [CaseExpectation.Value] {
        (section.map(key) ?? []).compactMap { entry in
            if case .text(let text)? = entry.value { value(text, named: entry.name) } else { nil }
        }
    }

    private func value(_ text: Located<String>, named name: Located<String>) -> CaseExpectation.Value? {
        if let expected = ExpectedValue(text.value) {
            return CaseExpectation.Value(name: name, expected: expected, written: text)
        }
        problems.error(
            "invalid-expectation", "\(text.written.quoted) is nothing that a number can be", at: text.range,
            suggestion: "write \(ExpectedValue.forms)")
        return nil
    }
}

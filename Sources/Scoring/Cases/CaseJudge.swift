import Configuration
import Diagnostics
import Engine
import Events
import Features
import Foundation

/// Holds what came of a test against what it expects.
struct CaseJudge {
    let program: CaseProgram
    let plan: ScoringPlan
    private let texts: FeatureTexts
    private let answers: [[Double]]
    /// By record.
    private let rows: [Int: TrialRow]
    /// What an event of a source and a time is called; `nil`: there are several.
    private let names: [EventPlace: String?]
    private(set) var differences: [CaseDifference] = []
    private(set) var compared = 0

    private struct EventPlace: Hashable {
        let source: String
        let time: Int64
    }

    init(program: CaseProgram, result: TrialResult, plan: ScoringPlan, texts: FeatureTexts) {
        self.program = program
        self.plan = plan
        self.texts = texts
        answers = result.answers
        rows = Dictionary(result.rows.map { ($0.record, $0) }, uniquingKeysWith: { first, _ in first })
        names = Dictionary(
            result.rows.filter { $0.fault.code == .none }.map { row in
                let place = EventPlace(source: plan.sources[row.source].name, time: row.time.microseconds)
                return (place, Self.name(row.record, program))
            }, uniquingKeysWith: { _, _ in nil })
    }

    /// `event 17`; without an id by its line in the file of tests.
    private static func name(_ record: Int, _ program: CaseProgram) -> String {
        program.ids[record].map { "event \(DeadLetterText.shown($0))" }
            ?? "the event of line \(program.ranges[record].start.line)"
    }

    private func name(_ record: Int) -> String { Self.name(record, program) }

    mutating func judge() {
        for check in program.checks {
            switch check.subject {
            case .record(let record): judge(record, check.expectation)
            case .question(let number): judgeAnswer(number, check.expectation)
            }
        }
    }

    // MARK: - An event

    private mutating func judge(_ record: Int, _ expectation: CaseExpectation) {
        let subject = name(record)
        guard let row = rows[record] else {
            add(expectation.range, subject, "outcome", "one", "none: it was not taken", [])
            return
        }
        let time = row.fault.code == .none ? " at \(TimeText.string(row.time))" : ""
        judge(row, expectation, subject + time)
    }

    private mutating func judge(_ row: TrialRow, _ expectation: CaseExpectation, _ subject: String) {
        if !judgeOutcome(row, expectation, subject) { return }
        if let late = expectation.isLate {
            compare(row.isLate == late.value, late.range, subject, "late", "\(late.value)", "\(row.isLate)", [])
        }
        let still = self
        for value in expectation.features {
            guard let feature = plan.features.names.firstIndex(of: value.name.value) else { continue }
            compare(value, row.features[feature], "feature \(value.name.value)", subject) {
                still.details(feature, row)
            }
        }
        if let score = expectation.score { compare(score, row.score ?? .nan, "score", subject) { [] } }
        for value in expectation.models {
            guard let model = plan.models.models.firstIndex(where: { $0.name == value.name.value }) else { continue }
            compare(value, row.modelScores[model], "score of model \(value.name.value)", subject) { [] }
        }
        if let decision = expectation.decision {
            let got = row.rule.map { plan.rules[$0].decision } ?? "none"
            compare(
                got == decision.value, decision.range, subject, "decision", decision.value, got,
                row.score.map { ["the score is \(CaseText.number($0))"] } ?? [])
        }
        if let reasons = expectation.reasons {
            let got = Self.reasons(row.output)
            compare(
                got == reasons.map(\.value), expectation.reasonsRange ?? expectation.range, subject, "reasons",
                Self.list(reasons.map(\.value)), Self.list(got), [])
        }
    }

    /// - Returns: whether there is more to be compared.
    private mutating func judgeOutcome(_ row: TrialRow, _ expectation: CaseExpectation, _ subject: String) -> Bool {
        let got = Self.outcome(row.disposition)
        let isAboutFault = expectation.fault != nil || expectation.field != nil
        let isAboutScore =
            !expectation.features.isEmpty || expectation.score != nil || !expectation.models.isEmpty
            || expectation.decision != nil || expectation.reasons != nil
        let wanted = expectation.outcome?.value ?? (isAboutFault ? "dead-letter" : isAboutScore ? "scored" : got)
        let fault =
            row.fault.code == .none ? "" : " (\(row.fault.code.name): \(row.fault.message(schema: plan.schema)))"
        let range = expectation.outcome?.range ?? expectation.fault?.range ?? expectation.range
        if expectation.outcome != nil || got != wanted {
            compare(got == wanted, range, subject, "outcome", wanted, got + fault, [])
        }
        guard got == wanted else { return false }
        if let code = expectation.fault {
            compare(
                code.value == row.fault.code.name, code.range, subject, "fault", code.value,
                row.fault.code.name + fault, [])
        }
        if let field = expectation.field {
            let index = Int(row.fault.field)
            let name = plan.schema.fields.indices.contains(index) ? plan.schema.fields[index].name : "none"
            let own = name.split(separator: ".").last.map(String.init) ?? name
            compare(
                field.value == name || field.value == own, field.range, subject, "field of the fault", field.value,
                name, [])
        }
        return true
    }

    private static func outcome(_ disposition: RowDisposition) -> String {
        switch disposition {
        case .score, .muted: "scored"
        case .absorbed: "absorbed"
        case .fault, .mutedFault: "dead-letter"
        case .lateDropped: "dropped"
        }
    }

    /// The features that a score record gives as reasons.
    private static func reasons(_ output: String?) -> [String] {
        guard let output, let record = try? JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any],
            let reasons = record["reasons"] as? [[String: Any]]
        else { return [] }
        return reasons.compactMap { $0["feature"] as? String }
    }

    private static func list(_ names: [String]) -> String { names.isEmpty ? "none" : names.joined(separator: ", ") }

    /// What an event's feature was made of.
    private func details(_ feature: Int, _ row: TrialRow) -> [String] {
        var lines = ["\(plan.features.names[feature]) is \(texts.definitions[feature])"]
        let windows = row.windows.filter { texts.features[$0.entity][$0.window].contains(feature) }
        let text = WindowText(texts: texts)
        for content in windows {
            lines += text.lines(content) { source, event in
                if event.isCurrent { return name(row.record) }
                return names[EventPlace(source: source, time: event.time)] ?? nil
            }
        }
        if windows.isEmpty {
            let read = texts.definitions[feature].split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init)
            for (index, name) in plan.features.names.enumerated() where index != feature && read.contains(name) {
                lines.append("  \(name) is \(CaseText.number(row.features[index]))")
            }
        }
        return lines
    }

    // MARK: - A question

    private mutating func judgeAnswer(_ number: Int, _ expectation: CaseExpectation) {
        for value in expectation.features {
            guard let feature = plan.features.names.firstIndex(of: value.name.value) else { continue }
            compare(value, answers[number][feature], "feature \(value.name.value)", "what was asked") { [] }
        }
    }

    // MARK: - Comparing

    private mutating func compare(
        _ value: CaseExpectation.Value, _ got: Double, _ what: String, _ subject: String, _ details: () -> [String]
    ) {
        let holds = value.expected.holds(for: got, tolerance: program.tolerance)
        compare(
            holds, value.written.range, subject, what, value.written.written, CaseText.number(got),
            holds ? [] : details())
    }

    private mutating func compare(
        _ holds: Bool, _ range: SourceRange, _ subject: String, _ what: String, _ expected: String, _ got: String,
        _ details: [String]
    ) {
        compared += 1
        if !holds { add(range, subject, what, expected, got, details) }
    }

    private mutating func add(
        _ range: SourceRange, _ subject: String, _ what: String, _ expected: String, _ got: String, _ details: [String]
    ) {
        differences.append(
            CaseDifference(range: range, subject: subject, what: what, expected: expected, got: got, details: details))
    }
}

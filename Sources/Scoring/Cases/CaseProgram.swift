import Configuration
import Diagnostics
import Engine
import Events

/// A test whose names are resolved: what happens, and what has to come of it.
struct CaseProgram {
    /// What an expectation is of.
    enum Subject: Hashable {
        /// The place of a record among all.
        case record(Int)
        /// The place of a question among all.
        case question(Int)
    }

    struct Check {
        let subject: Subject
        let expectation: CaseExpectation
    }

    let name: String
    let range: SourceRange
    let tolerance: Double
    let steps: [TrialStep]
    let checks: [Check]
    /// By record: the id where it is known, and the place in the file of tests.
    let ids: [String?]
    let ranges: [SourceRange]

    /// Records whose windows are of interest when something is not as expected.
    var inspected: Set<Int> {
        Set(
            checks.compactMap { check in
                if case .record(let number) = check.subject, !check.expectation.features.isEmpty { number } else { nil }
            })
    }
}

/// Resolves tests against their pipeline; every mistake at once.
struct CaseCompiler {
    let assembly: PipelineAssembly
    let file: CaseFile
    let problems: DiagnosticGathering
    private var plan: ScoringPlan { assembly.scoring }
    private var records: CaseRecords { CaseRecords(plan: plan, file: file, problems: problems) }

    init(_ assembly: PipelineAssembly, _ file: CaseFile, into problems: DiagnosticGathering) {
        self.assembly = assembly
        self.file = file
        self.problems = problems
    }

    /// The tests that could be resolved.
    func compile() -> [CaseProgram] {
        for (source, _) in file.defaults { _ = self.source(source) }
        return file.cases.map(program)
    }

    private func program(_ test: CaseSpec) -> CaseProgram {
        var steps: [TrialStep] = []
        var all: [TrialRecord] = []
        var ranges: [SourceRange] = []
        var checks: [CaseProgram.Check] = []
        var questions = 0
        let matcher = CaseNames(assembly, problems)
        for step in test.steps {
            switch step.action {
            case .event, .json:
                guard let record = record(of: step) else { continue }
                if let expectation = step.expectation {
                    matcher.check(expectation, source: record.source)
                    checks.append(.init(subject: .record(all.count), expectation: expectation))
                }
                all.append(record)
                ranges.append(step.range)
                steps.append(.records([record]))
            case .files(let files):
                let found = self.records(of: files)
                all += found
                ranges += Array(repeating: step.range, count: found.count)
                steps.append(.records(found))
            case .restart(let kind):
                if let kind = TrialRestart(rawValue: kind.value) { steps.append(.restart(kind)) }
            case .ask(let question):
                guard let asked = matcher.question(question, step.expectation) else { continue }
                if let expectation = step.expectation {
                    checks.append(.init(subject: .question(questions), expectation: expectation))
                }
                questions += 1
                steps.append(.ask(asked))
            }
        }
        let ids = records.ids(of: all)
        checks += test.expectations.compactMap { expectation in
            matcher.check(expectation, source: 0)
            return place(of: expectation, in: ids, ranges)
                .map { .init(subject: .record($0), expectation: expectation) }
        }
        return CaseProgram(
            name: test.name.value, range: test.name.range, tolerance: test.tolerance, steps: steps, checks: checks,
            ids: ids, ranges: ranges)
    }

    // MARK: - Events

    private func source(_ name: Located<String>?) -> Int? {
        guard let name else { return 0 }
        if let found = plan.sources.firstIndex(where: { $0.name == name.value }) { return found }
        problems.error(
            "unknown-source", "source \(name.written.quoted) is not declared", at: name.range,
            suggestion: Suggestion.text(for: name.value, among: plan.sources.map(\.name)))
        return nil
    }

    private func record(of step: CaseStep) -> TrialRecord? {
        guard let source = source(step.source) else { return nil }
        if plan.sources[source].needsRecordTime && step.recordTime == nil {
            problems.error(
                "missing-key",
                "source \(plan.sources[source].name.quoted) takes its times from the records' timestamps",
                at: step.range, suggestion: "add \"record_time: …\"")
        }
        switch step.action {
        case .event(let event): return records.record(event, source: source, recordTime: step.recordTime?.value)
        case .json(let text):
            return TrialRecord(
                source: source, value: Array(text.value.utf8), timestamp: step.recordTime?.value.microseconds ?? .min)
        default: return nil
        }
    }

    private func records(of files: [(source: Located<String>, path: Located<String>)]) -> [TrialRecord] {
        files.flatMap { name, path -> [TrialRecord] in
            guard let source = source(name) else { return [] }
            if plan.sources[source].needsRecordTime {
                problems.error(
                    "inapplicable-key",
                    "source \(name.written.quoted) takes its times from the records' timestamps, and a file has none",
                    at: name.range, suggestion: "use steps with \("record_time".quoted)")
                return []
            }
            return records.records(at: path, source: source) ?? []
        }
    }

    private func place(of expectation: CaseExpectation, in ids: [String?], _ ranges: [SourceRange]) -> Int? {
        guard let id = expectation.id else { return nil }
        let places = ids.indices.filter { ids[$0] == id.value }
        if places.count == 1 { return places[0] }
        if places.isEmpty {
            // Much too many choices help nobody.
            let choices = ids.prefix(1_000).compactMap(\.self)
            problems.error(
                "unknown-id", "no event of the test has the id \(id.written.quoted)", at: id.range,
                suggestion: Suggestion.text(for: id.value, among: choices))
        } else {
            problems.error(
                "ambiguous-id", "\(places.count) events of the test have the id \(id.written.quoted)", at: id.range,
                suggestion: "expect it at the step of the one that is meant",
                notes: places.prefix(2).map { .init("one of them is here", at: ranges[$0]) })
        }
        return nil
    }
}

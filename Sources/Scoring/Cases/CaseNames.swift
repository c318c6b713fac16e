import Configuration
import Diagnostics
import Engine
import Events
import Features

/// Checks what expectations and questions name against the pipeline.
struct CaseNames {
    private let plan: ScoringPlan
    private let problems: DiagnosticGathering

    init(_ assembly: PipelineAssembly, _ problems: DiagnosticGathering) {
        plan = assembly.scoring
        self.problems = problems
    }

    /// - Parameter source: of the event that it is of.
    func check(_ expectation: CaseExpectation, source: Int) {
        if source > 0 { checkUnscored(expectation, source: source) }
        checkOutcome(expectation)
        for value in expectation.features { check(value.name, "feature", "unknown-feature", plan.features.names) }
        if let score = expectation.score, plan.models.isEmpty {
            problems.error(
                "inapplicable-key", "the pipeline has no model, so that there is no score", at: score.written.range,
                suggestion: "remove it")
        }
        checkModels(expectation)
        if let decision = expectation.decision, decision.value != "none" {
            check(decision, "decision", "unknown-decision", plan.rules.map(\.decision) + ["none"])
        }
        checkReasons(expectation)
        if let field = expectation.field {
            check(field, "field", "unknown-field", plan.sources[source].schema.fields.map(\.name))
        }
    }

    /// Reports a name that is none of those that there are.
    private func check(_ name: Located<String>, _ kind: String, _ code: String, _ choices: [String]) {
        if choices.contains(name.value) { return }
        problems.error(
            code, "\(kind) \(name.written.quoted) is not defined", at: name.range,
            suggestion: Suggestion.text(for: name.value, among: choices))
    }

    private func checkUnscored(_ expectation: CaseExpectation, source: Int) {
        let places =
            (expectation.features + expectation.models).map(\.name.range)
            + [expectation.score?.written.range, expectation.decision?.range, expectation.reasonsRange].compactMap(
                \.self)
        guard let place = places.first else { return }
        problems.error(
            "inapplicable-key", "events of source \(plan.sources[source].name.quoted) are never scored", at: place,
            suggestion: "expect it of an event of \(plan.sources[0].name.quoted)")
    }

    private func checkOutcome(_ expectation: CaseExpectation) {
        guard let outcome = expectation.outcome else { return }
        let isScored = expectation.score != nil || !expectation.features.isEmpty || expectation.decision != nil
        if outcome.value != "scored", isScored {
            problems.error(
                "inapplicable-key", "an event that is \(outcome.value.quoted) has neither features nor a score",
                at: outcome.range, suggestion: "remove one of both")
        }
        if outcome.value != "dead-letter", let fault = expectation.fault {
            problems.error(
                "inapplicable-key", "an event that is \(outcome.value.quoted) has no fault", at: fault.range,
                suggestion: "remove one of both")
        }
    }

    private func checkModels(_ expectation: CaseExpectation) {
        for value in expectation.models {
            if plan.combination == nil {
                problems.error(
                    "inapplicable-key", "the pipeline has not several models", at: value.name.range,
                    suggestion: "expect the \("score".quoted)")
            } else {
                check(value.name, "model", "unknown-model", plan.models.models.map(\.name))
            }
        }
    }

    private func checkReasons(_ expectation: CaseExpectation) {
        guard let reasons = expectation.reasons else { return }
        guard let explanation = plan.explanation else {
            problems.error(
                "inapplicable-key", "scores of this pipeline come without reasons", at: expectation.reasonsRange,
                suggestion: "add \("explain".quoted) to the model, or remove it")
            return
        }
        let inputs = plan.models.models[explanation.model].inputs.map { plan.features.names[$0.rawValue] }
        for reason in reasons { check(reason, "input of the model", "unknown-feature", inputs) }
    }

    // MARK: - Questions

    /// - Returns: `nil` where something was reported.
    func question(_ question: CaseQuestion, _ expectation: CaseExpectation?) -> TrialQuestion? {
        let entities = plan.entityNames
        guard entities.contains(question.by.value) else {
            check(question.by, "entity", "unknown-entity", entities)
            return nil
        }
        let entity = plan.features.entities.filter {
            plan.schema.fields[$0.queryKeyField.rawValue].name == question.by.value
        }
        let windows = entity.flatMap(\.aggregates).map { plan.features.names[$0.feature.rawValue] }
        if let expectation { checkAnswer(expectation, by: question.by.value, windows) }
        var key = Array(question.key.value.utf8)
        if let field = entity.first?.queryKeyField, plan.schema.fields[field.rawValue].type != .string {
            guard let number = Int64(question.key.value) else {
                problems.error(
                    "invalid-number", "\(question.key.written.quoted) is not a value of \(question.by.value.quoted)",
                    at: question.key.range, suggestion: "write a whole number")
                return nil
            }
            key = withUnsafeBytes(of: number) { Array($0) }
        }
        return TrialQuestion(entity: question.by.value, key: key, time: question.at.value.microseconds)
    }

    private func checkAnswer(_ expectation: CaseExpectation, by entity: String, _ windows: [String]) {
        for value in expectation.features {
            check(value.name, "window by \(entity.quoted),", "unknown-feature", windows)
        }
        let places = [
            expectation.outcome?.range, expectation.fault?.range, expectation.field?.range, expectation.isLate?.range,
            expectation.score?.written.range, expectation.models.first?.name.range, expectation.decision?.range,
            expectation.reasonsRange,
        ]
        guard let place = places.compactMap(\.self).first else { return }
        problems.error(
            "inapplicable-key", "what is asked has features, and nothing else", at: place, suggestion: "remove it")
    }
}

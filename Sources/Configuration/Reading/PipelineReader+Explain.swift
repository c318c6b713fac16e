import Diagnostics

extension PipelineReader {
    /// `explain` of a model; whether its condition is one is for whoever compiles it.
    ///
    /// - Parameter inputs: what the file lists; `nil`: all features.
    func readExplain(
        of model: SectionValue, inputs: [Located<String>]?, names: [FeatureNameSpec]
    ) -> ExplainSpec? {
        guard let explain = model.section("explain"), let range = model.keyRanges["explain"] else { return nil }
        return ExplainSpec(
            reasonsMax: Int(explain.integerOrStandard("top")), condition: explain.text("when"),
            direction: explain.text("direction").flatMap { .init(rawValue: $0.value) } ?? .up,
            reasons: readReasons(explain, inputs: inputs, names: names),
            budget: explain.section("budget").flatMap(readBudget), range: range)
    }

    /// Reasons are those of one model's score.
    func checkExplained(_ models: [ModelSpec]) {
        let explained = models.compactMap { model in model.explain.map { (model.name, $0.range) } }
        guard let first = explained.first else { return }
        for (name, range) in explained.dropFirst() {
            problems.error(
                "inapplicable-key", "model \(name.written.quoted) is the second with \("explain".quoted)", at: range,
                suggestion: "keep one: the reasons of a record are those of one model's score",
                notes: [.init("the first is model \(first.0.written.quoted)", at: first.1)])
        }
    }

    private func readBudget(_ budget: SectionValue) -> ExplainSpec.Budget? {
        guard let events = budget.integer("events"), let per = budget.span("per") else { return nil }
        return ExplainSpec.Budget(eventsMax: Int(events.value), spanMicroseconds: per.value.microseconds)
    }

    private func readReasons(
        _ explain: SectionValue, inputs: [Located<String>]?, names: [FeatureNameSpec]
    ) -> [ExplainSpec.Reason] {
        let reasons = (explain.map("reasons") ?? []).compactMap { entry -> ExplainSpec.Reason? in
            guard case .text(let text)? = entry.value else { return nil }
            return ExplainSpec.Reason(feature: entry.name, text: text)
        }
        checkNames(reasons.map(\.feature), names: names)
        let known = Set(names.map(\.name))
        let given = inputs.map { Set($0.map(\.value)) }
        for reason in reasons {
            if let given, known.contains(reason.feature.value), !given.contains(reason.feature.value) {
                problems.error(
                    "reason-without-input",
                    "feature \(reason.feature.written.quoted) is no input of the model, and is never a reason",
                    at: reason.feature.range, suggestion: "remove it, or add it to \("inputs".quoted)")
            }
            if reason.text.value.utf8.count > ExplainSpec.textBytesMax {
                problems.error(
                    "reason-too-long",
                    "the text of a reason takes \(reason.text.value.utf8.count) bytes, and each record carries it",
                    at: reason.text.range,
                    suggestion: "\(NumberLiteral.text(Int64(ExplainSpec.textBytesMax))) is the most")
            }
        }
        return reasons
    }
}

import Configuration
import Engine
import Features

extension ExplanationPlan {
    /// What `model.explain` asks for; `nil` where it is not there.
    init?(_ plan: PipelinePlan) {
        guard let (model, spec) = plan.spec.explained else { return nil }
        let features = Dictionary(
            plan.features.names.enumerated().map { ($1, FeatureIndex($0)) }, uniquingKeysWith: { first, _ in first })
        let texts = spec.reasons.compactMap { reason in
            features[reason.feature.value].map { ($0, reason.text.value) }
        }
        self.init(
            model: model, reasonsMax: spec.reasonsMax, direction: Direction(spec.direction),
            condition: plan.explainCondition,
            budget: spec.budget.map { Budget(eventsMax: $0.eventsMax, spanMicroseconds: $0.spanMicroseconds) },
            texts: Dictionary(texts, uniquingKeysWith: { first, _ in first }))
    }
}

extension ExplanationPlan.Direction {
    fileprivate init(_ spec: ExplainSpec.Direction) {
        switch spec {
        case .up: self = .up
        case .down: self = .down
        case .both: self = .both
        }
    }
}

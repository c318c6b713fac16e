/// A feature that is computed from the event and from other features.
public struct ExpressionFeaturePlan: Sendable {
    public let feature: FeatureIndex
    public let expression: CompiledExpression

    public init(feature: FeatureIndex, expression: CompiledExpression) {
        self.feature = feature
        self.expression = expression
    }
}

/// All features of a pipeline, checked and resolved to slots: what state there is and how to compute.
public struct FeaturePlan: Sendable {
    /// In the model's input order.
    public let names: [String]
    public let entities: [EntityPlan]
    /// In an order in which each reads only what is there before it; the windows come before all of them.
    public let expressions: [ExpressionFeaturePlan]

    public init(names: [String], entities: [EntityPlan], expressions: [ExpressionFeaturePlan]) {
        self.names = names
        self.entities = entities
        self.expressions = expressions
    }

    public var featureCount: Int { names.count }

    /// How far back from the present the state depends on events, but for `unboundedFeatures`; 0 without windows.
    public var horizonMicroseconds: Int64 { entities.map(\.horizonMicroseconds).max() ?? 0 }

    /// The features of windows that depend on all events since the beginning, in the order of entities and aggregates:
    /// no horizon is enough for them.
    public var unboundedFeatures: [FeatureIndex] {
        entities.flatMap { entity in entity.aggregates.filter { $0.isUnbounded(in: entity) }.map(\.feature) }
    }

    /// Registers that a worker's scratch needs for any expression of the plan.
    public var registerCount: Int {
        let columns = entities.flatMap(\.valueColumns).map { column in
            let filter = column.filter?.registerCount ?? 0
            if case .doubles(let expression) = column.content { return max(filter, expression.registerCount) }
            return filter
        }
        return max(expressions.map(\.expression.registerCount).max() ?? 0, columns.max() ?? 0)
    }
}

/// One rule of `decide`: the first whose condition is true names the decision.
public struct RulePlan: Sendable {
    public let decision: String
    public let condition: CompiledExpression

    public init(decision: String, condition: CompiledExpression) {
        self.decision = decision
        self.condition = condition
    }
}

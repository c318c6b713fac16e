import Diagnostics
public import Events
public import Features

/// A pipeline with its expressions compiled: everything but its model, which is a file of its own.
public struct PipelinePlan: Sendable {
    public let spec: PipelineSpec
    /// The scored source first: `EventBatch.sources` numbers them so.
    public let sources: [SourcePlan]
    /// That of the batches: the fields of all sources. Every field index in `features` and `rules` counts in it.
    public let schema: EventSchema
    public let features: FeaturePlan
    public let rules: [RulePlan]
    /// Which scores come with reasons; `nil`: all, or `spec.model.explain` is not there.
    public let explainCondition: CompiledExpression?
    /// Features that are written into each score.
    public let outputFeatures: [FeatureIndex]
    /// Fields of the scored source that are written into each score, as the batches' schema counts.
    public var outputFields: [FieldIndex] { spec.output.fields.map(\.index) }
    /// The features behind each model's inputs: all in their order, or those that its `inputs` name.
    public let modelInputs: [[FeatureIndex]]
    /// The score of named models, from theirs; `nil`: the score is that of the only model, if there is one.
    public let combination: CompiledExpression?

    /// There is one source, every entity is its topic's key, and no model learns from the order.
    public var isOrderIrrelevant: Bool {
        guard sources.count == 1, !spec.models.contains(where: { $0.trees != nil }) else { return false }
        guard let key = spec.sources[0].key else { return features.entities.isEmpty }
        return features.entities.allSatisfy { $0.keyField == key.index }
    }

    /// Where the order is recorded: where the file says so, and where the scores depend on it; `nil`: nowhere.
    public var orderTopic: String? {
        if let written = spec.orderTopic { return written }
        return isOrderIrrelevant ? nil : "\(spec.name.value).order"
    }
}

extension PipelineFile {
    /// Compiles the expressions of a file that was read, and adds what is wrong with them to `diagnostics`.
    ///
    /// - Returns: the plan, only if the file has no error at all.
    public mutating func compile(
        aggregates: AggregateCatalogue = .standard, functions: FunctionCatalogue = .standard
    ) -> PipelinePlan? {
        guard let spec, !spec.sources.isEmpty else { return nil }
        // More problems than are shown were found already.
        guard diagnostics.count <= problemsMax else { return nil }
        let problems = DiagnosticGathering(problemsMax: problemsMax)
        for diagnostic in diagnostics { problems.add(diagnostic) }
        var compiler = PlanCompiler(
            spec: spec, aggregates: aggregates, functions: functions, problems: problems)
        let plan = compiler.compile()
        diagnostics = problems.diagnostics
        return diagnostics.hasErrors ? nil : plan
    }
}

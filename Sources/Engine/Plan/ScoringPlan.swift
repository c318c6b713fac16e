public import Events
public import Features

/// Everything that turns events into scores: the same for `run`, `replay` and `bench`.
public struct ScoringPlan: Sendable {
    public let pipeline: String
    /// The scored source first; there is always one.
    public let sources: [SourcePlan]
    /// The columns of all sources: indices of features, rules and ids count in it.
    public let schema: EventSchema
    public let decodeLimits: DecodeLimits
    /// Names an event in its score; `nil`: its origin does.
    public let idField: FieldIndex?
    public let features: FeaturePlan
    public let featureLimits: FeatureLimits
    /// Those that the plan was made with; empty: features are computed and nothing is scored. A running engine may have
    /// been given others since: `BatchContext.models`.
    public let models: ModelSet
    /// Computes `score` from the scores of the models, each of which is in the record then; `nil`: there is at most one
    /// model, and its score is it.
    public let combination: CompiledExpression?
    public let rules: [RulePlan]
    /// `nil`: scores come without reasons.
    public private(set) var explanation: ExplanationPlan?
    /// Features that are written into each score.
    public let outputFeatures: [FeatureIndex]
    /// Fields of the scored source that are written into each score.
    public let outputFields: [FieldIndex]
    /// Every entity is the topic's key, so that the order across partitions changes nothing.
    public let isOrderIrrelevant: Bool

    /// For one source and at most one model, whatever the source's topic.
    public init(
        pipeline: String, schema: EventSchema, decodeLimits: DecodeLimits, idField: FieldIndex?, features: FeaturePlan,
        featureLimits: FeatureLimits, model: ModelPlan?, rules: [RulePlan], outputFeatures: [FeatureIndex],
        late: LatePolicy, isOrderIrrelevant: Bool, planHash: String, explanation: ExplanationPlan? = nil,
        outputFields: [FieldIndex] = []
    ) {
        let source = SourcePlan(
            name: "events", topic: "", schema: schema, columns: schema.fields.indices, available: schema.time,
            late: late, key: nil, id: idField)
        self.init(
            pipeline: pipeline, sources: [source], decodeLimits: decodeLimits, idField: idField, features: features,
            featureLimits: featureLimits, model: model, rules: rules, outputFeatures: outputFeatures,
            isOrderIrrelevant: isOrderIrrelevant, planHash: planHash, explanation: explanation,
            outputFields: outputFields)
    }

    /// For at most one model.
    public init(
        pipeline: String, sources: [SourcePlan], decodeLimits: DecodeLimits, idField: FieldIndex?,
        features: FeaturePlan, featureLimits: FeatureLimits, model: ModelPlan?, rules: [RulePlan],
        outputFeatures: [FeatureIndex], isOrderIrrelevant: Bool, planHash: String, explanation: ExplanationPlan? = nil,
        outputFields: [FieldIndex] = []
    ) {
        self.init(
            pipeline: pipeline, sources: sources, decodeLimits: decodeLimits, idField: idField, features: features,
            featureLimits: featureLimits, models: model.map { [$0] } ?? [], combination: nil,
            version: model?.version ?? "", rules: rules, outputFeatures: outputFeatures,
            isOrderIrrelevant: isOrderIrrelevant, planHash: planHash, explanation: explanation,
            outputFields: outputFields)
    }

    /// - Parameters:
    ///   - combination: needed where there are several models.
    ///   - version: of all models together, as records have it.
    ///   - planHash: of all that decides a score, 16 hexadecimal digits.
    public init(
        pipeline: String, sources: [SourcePlan], decodeLimits: DecodeLimits, idField: FieldIndex?,
        features: FeaturePlan, featureLimits: FeatureLimits, models: [ModelPlan], combination: CompiledExpression?,
        version: String, rules: [RulePlan], outputFeatures: [FeatureIndex], isOrderIrrelevant: Bool, planHash: String,
        explanation: ExplanationPlan? = nil, outputFields: [FieldIndex] = []
    ) {
        precondition((1...Self.sourcesMax).contains(sources.count), "\(sources.count) sources")
        self.pipeline = pipeline
        self.sources = sources
        schema = SourcePlan.union(of: sources)
        self.decodeLimits = decodeLimits
        self.idField = idField
        self.features = features
        self.featureLimits = featureLimits
        self.models = ModelSet(
            pipeline: pipeline, models: models, combination: combination, version: version, planHash: planHash)
        self.combination = combination
        self.rules = rules
        self.outputFeatures = outputFeatures
        self.outputFields = outputFields
        self.isOrderIrrelevant = isOrderIrrelevant
        self.explanation = explanation
    }

    /// Other models in the places of the plan's own, for a `ModelSlot`: their names and inputs have to be the same.
    public func makeModels(_ models: [ModelPlan], version: String, planHash: String) -> ModelSet {
        precondition(models.map(\.name) == self.models.models.map(\.name), "models of other names")
        precondition(models.map(\.inputs) == self.models.models.map(\.inputs), "models of other inputs")
        return ModelSet(
            pipeline: pipeline, models: models, combination: combination, version: version, planHash: planHash)
    }

    /// A batch names a row's source in one byte.
    public static let sourcesMax = 255

    /// How the scored source's late events are dealt with.
    public var late: LatePolicy { sources[0].late }

    /// Whether events of some source are ordered by another time than the one that places them.
    var hasOrderTimes: Bool { sources.contains(where: \.hasOwnAvailability) }

    /// A batch for the events of all sources.
    public func makeBatch(capacity: Int) -> EventBatch {
        EventBatch(schema: schema, capacity: capacity, hasOrderTimes: hasOrderTimes)
    }

    /// The same plan without a budget for reasons; and, for whoever asks why, without a condition on them.
    func explainingFreely(always: Bool) -> ScoringPlan {
        var plan = self
        plan.explanation = explanation.map { own in
            ExplanationPlan(
                model: own.model, reasonsMax: own.reasonsMax, direction: own.direction,
                condition: always ? nil : own.condition, texts: own.texts)
        }
        return plan
    }

    /// What windows are kept by, as scored events name it; each once.
    public var entityNames: [String] {
        var names: [String] = []
        for entity in features.entities {
            let name = schema.fields[entity.queryKeyField.rawValue].name
            if !names.contains(name) { names.append(name) }
        }
        return names
    }

    /// The source whose events a topic holds: the one that names it, else the scored one.
    func source(ofTopic topic: String) -> Int { sources.firstIndex { $0.topic == topic } ?? 0 }

    /// Decides ties of the merge: what is scored sees what the others bring at the same time.
    func tieRank(ofSource source: Int) -> Int { source == 0 ? sources.count : source }

    /// The most that an event's times may lie behind its record's timestamp, over all sources; `nil`: there is no bound.
    var aheadMicroseconds: Int64? {
        var longest: Int64 = 0
        for source in sources {
            // A record that is its own time is never ahead of it.
            if source.schema.time == .record && source.available == .record { continue }
            guard let ahead = source.schema.aheadMicroseconds else { return nil }
            longest = max(longest, ahead)
        }
        return longest
    }

    /// Whether what comes later depends on what came before: there are windows, or models that learn.
    public var hasState: Bool { !features.entities.isEmpty || models.models.contains(where: \.isOnline) }

    /// Registers that a worker's scratch needs for any expression of the plan.
    var registerCount: Int {
        let conditions = rules.map(\.condition) + [combination, explanation?.condition].compactMap { $0 }
        return max(features.registerCount, conditions.map(\.registerCount).max() ?? 0)
    }
}

extension SourcePlan {
    /// Whether its events need the timestamp of a Kafka record, which a row of a file does not have.
    public var needsRecordTime: Bool { schema.time == .record || available == .record }
}

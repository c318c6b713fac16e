public import Events
public import Features
public import Models

/// A model in its place: which features it reads, and what its scores say of it.
public struct ModelPlan: Sendable {
    public let name: String
    /// `sha256:` and the first 16 hexadecimal digits of the file's digest.
    public let version: String
    public let model: Model
    /// The feature behind each of the model's inputs.
    public let inputs: [FeatureIndex]
    /// Needed where the plan asks for reasons.
    public let explainer: ScoreExplainer?

    public init(
        name: String, version: String, model: Model, inputs: [FeatureIndex], explainer: ScoreExplainer? = nil
    ) {
        precondition(inputs.count == model.featureCount, "\(inputs.count) inputs for a model of \(model.featureCount)")
        self.name = name
        self.version = version
        self.model = model
        self.inputs = inputs
        self.explainer = explainer
    }
}

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
    /// `nil`: features are computed and nothing is scored.
    public let model: ModelPlan?
    /// The model's inputs, where they are not simply the first features in their order, as they mostly are.
    let gatheredInputs: [FeatureIndex]?
    public let rules: [RulePlan]
    /// `nil`: scores come without reasons.
    public let explanation: ExplanationPlan?
    /// Features that are written into each score.
    public let outputFeatures: [FeatureIndex]
    /// Every entity is the topic's key, so that the order across partitions changes nothing.
    public let isOrderIrrelevant: Bool
    /// The hash of all that decides a score, 16 hexadecimal digits.
    public let planHash: String

    /// For one source, whatever its topic.
    public init(
        pipeline: String, schema: EventSchema, decodeLimits: DecodeLimits, idField: FieldIndex?, features: FeaturePlan,
        featureLimits: FeatureLimits, model: ModelPlan?, rules: [RulePlan], outputFeatures: [FeatureIndex],
        late: LatePolicy, isOrderIrrelevant: Bool, planHash: String, explanation: ExplanationPlan? = nil
    ) {
        let source = SourcePlan(
            name: "events", topic: "", schema: schema, columns: schema.fields.indices, available: schema.time,
            late: late, key: nil, id: idField)
        self.init(
            pipeline: pipeline, sources: [source], decodeLimits: decodeLimits, idField: idField, features: features,
            featureLimits: featureLimits, model: model, rules: rules, outputFeatures: outputFeatures,
            isOrderIrrelevant: isOrderIrrelevant, planHash: planHash, explanation: explanation)
    }

    public init(
        pipeline: String, sources: [SourcePlan], decodeLimits: DecodeLimits, idField: FieldIndex?,
        features: FeaturePlan, featureLimits: FeatureLimits, model: ModelPlan?, rules: [RulePlan],
        outputFeatures: [FeatureIndex], isOrderIrrelevant: Bool, planHash: String, explanation: ExplanationPlan? = nil
    ) {
        precondition(explanation == nil || model?.explainer != nil, "reasons of a model that nothing explains")
        precondition((1...Self.sourcesMax).contains(sources.count), "\(sources.count) sources")
        self.pipeline = pipeline
        self.sources = sources
        schema = SourcePlan.union(of: sources)
        self.decodeLimits = decodeLimits
        self.idField = idField
        self.features = features
        self.featureLimits = featureLimits
        self.model = model
        let isPlain = model.map { $0.inputs.map(\.rawValue) == Array(0..<$0.inputs.count) } ?? true
        gatheredInputs = isPlain ? nil : model?.inputs
        self.rules = rules
        self.outputFeatures = outputFeatures
        self.isOrderIrrelevant = isOrderIrrelevant
        self.planHash = planHash
        self.explanation = explanation
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

    /// Registers that a worker's scratch needs for any expression of the plan.
    var registerCount: Int {
        let conditions = rules.map(\.condition) + [explanation?.condition].compactMap { $0 }
        return max(features.registerCount, conditions.map(\.registerCount).max() ?? 0)
    }
}

extension SourcePlan {
    /// Whether its events need the timestamp of a Kafka record, which a row of a file does not have.
    public var needsRecordTime: Bool { schema.time == .record || available == .record }
}

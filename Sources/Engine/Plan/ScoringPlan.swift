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

    public init(name: String, version: String, model: Model, inputs: [FeatureIndex]) {
        precondition(inputs.count == model.featureCount, "\(inputs.count) inputs for a model of \(model.featureCount)")
        self.name = name
        self.version = version
        self.model = model
        self.inputs = inputs
    }
}

/// Everything that turns events into scores: the same for `run`, `replay` and `bench`.
public struct ScoringPlan: Sendable {
    public let pipeline: String
    public let schema: EventSchema
    public let decodeLimits: DecodeLimits
    /// Names an event in its score; `nil`: its origin does.
    public let idField: FieldIndex?
    public let features: FeaturePlan
    public let featureLimits: FeatureLimits
    /// `nil`: features are computed and nothing is scored.
    public let model: ModelPlan?
    public let rules: [RulePlan]
    /// Features that are written into each score.
    public let outputFeatures: [FeatureIndex]
    public let late: LatePolicy
    /// Every entity is the topic's key, so that the order across partitions changes nothing.
    public let isOrderIrrelevant: Bool
    /// The hash of all that decides a score, 16 hexadecimal digits.
    public let planHash: String

    public init(
        pipeline: String, schema: EventSchema, decodeLimits: DecodeLimits, idField: FieldIndex?, features: FeaturePlan,
        featureLimits: FeatureLimits, model: ModelPlan?, rules: [RulePlan], outputFeatures: [FeatureIndex],
        late: LatePolicy, isOrderIrrelevant: Bool, planHash: String
    ) {
        self.pipeline = pipeline
        self.schema = schema
        self.decodeLimits = decodeLimits
        self.idField = idField
        self.features = features
        self.featureLimits = featureLimits
        self.model = model
        self.rules = rules
        self.outputFeatures = outputFeatures
        self.late = late
        self.isOrderIrrelevant = isOrderIrrelevant
        self.planHash = planHash
    }

    /// Registers that a worker's scratch needs for any expression of the plan.
    var registerCount: Int {
        max(features.registerCount, rules.map(\.condition.registerCount).max() ?? 0)
    }
}

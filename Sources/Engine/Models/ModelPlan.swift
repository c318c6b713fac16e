public import Features
public import Models

/// A model in its place: which features it reads, and what its scores say of it.
public struct ModelPlan: Sendable {
    /// What computes the scores.
    public enum Kind: Sendable {
        /// Read from a file: it never changes, though another may take its place between batches.
        case file(Model)
        /// Learns as it scores: what it has learned is state of the stream, whoever's turn it is to score.
        case halfSpaceTrees(HalfSpaceTreesParameters)
    }

    public let name: String
    /// `sha256:` and the first 16 hexadecimal digits of the file's digest.
    public let version: String
    public let kind: Kind
    /// The feature behind each of the model's inputs.
    public let inputs: [FeatureIndex]
    /// Needed where the plan asks for this model's reasons.
    public let explainer: ScoreExplainer?

    public init(
        name: String, version: String, model: Model, inputs: [FeatureIndex], explainer: ScoreExplainer? = nil
    ) {
        precondition(inputs.count == model.featureCount, "\(inputs.count) inputs for a model of \(model.featureCount)")
        self.name = name
        self.version = version
        kind = .file(model)
        self.inputs = inputs
        self.explainer = explainer
    }

    /// A model that learns as it scores; its version is that of its parameters.
    public init(name: String, version: String, trees: HalfSpaceTreesParameters, inputs: [FeatureIndex]) {
        precondition(inputs.count == trees.inputCount, "\(inputs.count) inputs for trees of \(trees.inputCount)")
        self.name = name
        self.version = version
        kind = .halfSpaceTrees(trees)
        self.inputs = inputs
        explainer = nil
    }

    /// The model that was read from a file; `nil` for other kinds.
    public var model: Model? {
        switch kind {
        case .file(let model): model
        case .halfSpaceTrees: nil
        }
    }

    /// Whether it learns as it scores.
    public var isOnline: Bool {
        switch kind {
        case .file: false
        case .halfSpaceTrees: true
        }
    }

    /// What its scores are rounded to, which decides how they print.
    public var precision: Precision {
        switch kind {
        case .file(let model): model.precision
        case .halfSpaceTrees: .double
        }
    }

    /// The inputs by feature, where they are not simply the first features in their order, as they mostly are.
    var gatheredInputs: [FeatureIndex]? {
        isOnline || inputs.map(\.rawValue) == Array(0..<inputs.count) ? nil : inputs
    }
}

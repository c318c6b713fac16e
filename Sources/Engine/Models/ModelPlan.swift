public import Features
public import Models

/// A model in its place: which features it reads, and what its scores say of it.
public struct ModelPlan: Sendable {
    /// What computes the scores.
    public enum Kind: Sendable {
        /// Read from a file: it never changes, though another may take its place between batches.
        case file(Model)
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

    /// The model that was read from a file; `nil` for other kinds.
    public var model: Model? {
        switch kind {
        case .file(let model): model
        }
    }

    /// What its scores are rounded to, which decides how they print.
    public var precision: Precision {
        switch kind {
        case .file(let model): model.precision
        }
    }

    /// The inputs by feature, where they are not simply the first features in their order, as they mostly are.
    var gatheredInputs: [FeatureIndex]? {
        inputs.map(\.rawValue) == Array(0..<inputs.count) ? nil : inputs
    }
}

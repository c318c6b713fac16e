/// Why a model file is refused: what, where in the file, and how to mend it.
public struct ModelFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// Stable and kebab-case, for messages and documentation.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// The file is empty or of a kind that nothing here knows.
        case unknownFormat = "model-unknown-format"
        /// A known format, or an old form of one, that is not read.
        case unsupportedFormat = "model-unsupported-format"
        case tooLarge = "model-too-large"
        /// Truncated or not what it claims to be; also nested too deeply or with a key twice.
        case malformed = "model-malformed"
        case missingField = "model-missing-field"
        case wrongType = "model-wrong-type"
        /// Arrays that describe the same things have different lengths, or not the length that the file states.
        case wrongLength = "model-wrong-length"
        case badNumber = "model-bad-number"
        /// A booster, objective or construct that is known by name and not supported.
        case unsupportedConstruct = "model-unsupported-construct"
        case tooManyNodes = "model-too-many-nodes"
        case tooManyTrees = "model-too-many-trees"
        case tooManyFeatures = "model-too-many-features"
        case tooManyOutputs = "model-too-many-outputs"
        case treeTooDeep = "model-tree-too-deep"
        case childOutOfRange = "model-child-out-of-range"
        /// A node that is reached twice: a cycle, or two parents.
        case nodeReachedTwice = "model-node-reached-twice"
        case featureOutOfRange = "model-feature-out-of-range"
        case groupOutOfRange = "model-group-out-of-range"
        case thresholdNotANumber = "model-threshold-not-a-number"
        case leafNotFinite = "model-leaf-not-finite"
        case baseScoreOutOfRange = "model-base-score-out-of-range"
        case badIteration = "model-bad-iteration"
        /// A model with several outputs of which none was chosen, or a choice that it does not have.
        case badOutput = "model-bad-output"
    }

    public let code: Code
    /// Lower-case, one line.
    public let message: String
    /// The place inside the model ("tree 3, node 17", "learner.objective.name"); `nil` where it is the whole.
    public let place: String?
    /// How to mend it, where that is known.
    public let suggestion: String?
    /// The file, as the caller named it.
    public var path: String?

    public init(
        _ code: Code, _ message: String, at place: String? = nil, suggestion: String? = nil, path: String? = nil
    ) {
        self.code = code
        self.message = message
        self.place = place
        self.suggestion = suggestion
        self.path = path
    }

    /// `model.json: tree 3, node 17: child 99 is outside the tree's 15 nodes [model-child-out-of-range]`.
    public var description: String {
        var text = path.map { "\($0): " } ?? ""
        text += place.map { "\($0): " } ?? ""
        text += "\(message) [\(code.rawValue)]"
        if let suggestion { text += "; \(suggestion)" }
        return text
    }
}

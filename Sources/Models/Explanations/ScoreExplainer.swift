/// Says what each input added to a model's score: the one raw output of an `Explaining` that the score follows.
public struct ScoreExplainer: Sendable {
    public let explaining: any Explaining
    /// Which of its raw outputs that is: that of the score's class or target.
    public let rawOutput: Int
    /// Whether the score falls where the raw output rises: of two classes that share one margin, the first.
    public let isReversed: Bool

    /// What one row may take while it is explained.
    static let rowBytesMax = 16 << 20

    /// - Parameters:
    ///   - outputCount: predictions a row of the model, of which `output` is the score.
    /// - Throws: where no raw output stands behind the score, or a row would take too much memory.
    public init(_ explaining: any Explaining, outputCount: Int, output: Int) throws(ModelFailure) {
        self.explaining = explaining
        let rawCount = explaining.rawCount
        switch (rawCount, outputCount) {
        case (outputCount, _): (rawOutput, isReversed) = (output, false)
        case (1, 2): (rawOutput, isReversed) = (0, output == 0)
        default:
            throw ModelFailure(
                .unsupportedConstruct,
                "the score cannot be explained: it follows none of the model's \(rawCount) raw outputs by itself",
                suggestion: "train with an objective that gives each class its probability")
        }
        let rowBytes = (rawCount * (explaining.featureCount + 1) + explaining.featureCount) * 8
        if rowBytes > Self.rowBytesMax {
            throw ModelFailure(
                .tooLarge,
                "explanations of \(rawCount) outputs by \(explaining.featureCount) inputs take "
                    + "\(rowBytes >> 20) MiB a row; \(Self.rowBytesMax >> 20) MiB is the most")
        }
    }

    public var featureCount: Int { explaining.featureCount }

    /// Numbers that a row's contributions take: those of all raw outputs, each with its base value.
    public var contributionCount: Int { explaining.rawCount * (featureCount + 1) }

    /// Where the score's own begin among them.
    public var contributionStart: Int { rawOutput * (featureCount + 1) }
}

extension Model {
    /// What explains this model's score, or a failure that says why nothing can.
    ///
    /// Complexity: that of `makeExplainer`: ask once.
    public func makeScoreExplainer() throws(ModelFailure) -> ScoreExplainer {
        try ScoreExplainer(makeExplainer(), outputCount: outputCount, output: output)
    }
}

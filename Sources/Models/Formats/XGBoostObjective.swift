#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What an XGBoost objective means for scoring: how `base_score` becomes a margin, and a margin a prediction.
struct XGBoostObjective {
    enum BaseMargin { case unchanged, logit, logarithm }

    let name: String
    let baseMargin: BaseMargin
    let transform: OutputTransform

    /// Every objective that is read; another one is refused by name.
    static let all: [XGBoostObjective] = [
        .init(name: "binary:logistic", baseMargin: .logit, transform: .logistic),
        .init(name: "reg:logistic", baseMargin: .logit, transform: .logistic),
        .init(name: "binary:logitraw", baseMargin: .unchanged, transform: .identity),
        .init(name: "binary:hinge", baseMargin: .unchanged, transform: .hinge),
        .init(name: "multi:softprob", baseMargin: .unchanged, transform: .softmax),
        .init(name: "multi:softmax", baseMargin: .unchanged, transform: .greatestGroup),
        .init(name: "reg:squarederror", baseMargin: .unchanged, transform: .identity),
        .init(name: "reg:linear", baseMargin: .unchanged, transform: .identity),
        .init(name: "reg:squaredlogerror", baseMargin: .unchanged, transform: .identity),
        .init(name: "reg:absoluteerror", baseMargin: .unchanged, transform: .identity),
        .init(name: "reg:pseudohubererror", baseMargin: .unchanged, transform: .identity),
        .init(name: "reg:quantileerror", baseMargin: .unchanged, transform: .identity),
        .init(name: "reg:gamma", baseMargin: .logarithm, transform: .exponential),
        .init(name: "reg:tweedie", baseMargin: .logarithm, transform: .exponential),
        .init(name: "count:poisson", baseMargin: .logarithm, transform: .exponential),
        .init(name: "survival:cox", baseMargin: .logarithm, transform: .exponential),
        .init(name: "survival:aft", baseMargin: .logarithm, transform: .exponential),
        .init(name: "rank:pairwise", baseMargin: .unchanged, transform: .identity),
        .init(name: "rank:ndcg", baseMargin: .unchanged, transform: .identity),
        .init(name: "rank:map", baseMargin: .unchanged, transform: .identity),
    ]

    /// Since 3.2 a logistic base score is held this far from 0 and 1, which are then allowed.
    private static let scoreMargin: Float = 1e-6

    /// In float32 throughout, as the library does it: a logarithm taken in float64 and rounded differs in the last bit.
    func margin(
        of score: Float, version: XGBoostReader.Version, at place: String
    ) throws(ModelFailure) -> Float {
        switch baseMargin {
        case .unchanged: return score
        case .logit:
            var score = score
            if version >= .init(major: 3, minor: 2, patch: 0), score >= 0, score <= 1 {
                score = min(max(score, Self.scoreMargin), 1 - Self.scoreMargin)
            }
            guard score > 0, score < 1 else {
                throw ModelFailure(
                    .baseScoreOutOfRange, "a base score of \(score), where \(name) wants one between 0 and 1", at: place
                )
            }
            return -logf(1 / score - 1)
        case .logarithm:
            guard score > 0 else {
                throw ModelFailure(
                    .baseScoreOutOfRange, "a base score of \(score), where \(name) wants one above 0", at: place)
            }
            return logf(score)
        }
    }
}

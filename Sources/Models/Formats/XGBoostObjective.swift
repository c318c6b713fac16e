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

    /// In float32 throughout, as the library does it: a logarithm taken in float64 and rounded differs in the last bit.
    func margin(of score: Float, at place: String) throws(ModelFailure) -> Float {
        switch baseMargin {
        case .unchanged: return score
        case .logit:
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

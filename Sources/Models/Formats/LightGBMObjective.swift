/// What a LightGBM objective means for scoring; the text is as in the file: a name and `key:value` words.
struct LightGBMObjective {
    let name: String
    let transform: DoubleTransform
    /// As many trees a round as the objective wants; `nil`: any.
    let groupCount: Int?

    /// Names that other versions and front ends use, as the library itself takes them.
    private static let aliases = [
        "regression_l2": "regression", "mean_squared_error": "regression", "mse": "regression", "l2": "regression",
        "l2_root": "regression", "root_mean_squared_error": "regression", "rmse": "regression",
        "mean_absolute_error": "regression_l1", "l1": "regression_l1", "mae": "regression_l1",
        "softmax": "multiclass", "multiclass_ova": "multiclassova", "ova": "multiclassova", "ovr": "multiclassova",
        "xentropy": "cross_entropy", "xentlambda": "cross_entropy_lambda",
        "mean_absolute_percentage_error": "mape", "xendcg": "rank_xendcg", "xe_ndcg": "rank_xendcg",
        "xe_ndcg_mart": "rank_xendcg", "xendcg_mart": "rank_xendcg", "none": "custom", "null": "custom",
        "na": "custom",
    ]

    static let names = [
        "regression", "regression_l1", "huber", "fair", "poisson", "quantile", "mape", "gamma", "tweedie", "binary",
        "multiclass", "multiclassova", "cross_entropy", "cross_entropy_lambda", "lambdarank", "rank_xendcg", "custom",
    ]

    /// `nil`: a file without an objective, whose raw scores are its predictions.
    init(_ text: String?) throws(ModelFailure) {
        guard let text else {
            self.init(name: "custom", transform: .identity, groupCount: nil)
            return
        }
        let words = text.split(separator: " ").map(String.init)
        let first = words.first ?? ""
        let name = Self.aliases[first] ?? first
        let options = Options(words: Array(words.dropFirst()))
        switch name {
        case "regression", "regression_l1", "fair", "quantile", "mape":
            self.init(name: name, transform: words.contains("sqrt") ? .signedSquare : .identity)
        case "huber", "lambdarank", "rank_xendcg": self.init(name: name, transform: .identity)
        case "poisson", "gamma", "tweedie": self.init(name: name, transform: .exponential)
        case "binary": self.init(name: name, transform: .logistic(slope: try options.slope()))
        case "cross_entropy": self.init(name: name, transform: .logistic(slope: 1))
        case "cross_entropy_lambda": self.init(name: name, transform: .softplus)
        case "multiclass": self.init(name: name, transform: .softmax, groupCount: try options.classCount())
        case "multiclassova":
            self.init(
                name: name, transform: .logistic(slope: try options.slope()), groupCount: try options.classCount())
        case "custom": self.init(name: name, transform: .identity, groupCount: nil)
        default:
            throw ModelFailure(
                .unsupportedConstruct, "objective \"\(first.prefix(64))\" is not supported", at: "objective",
                suggestion: "supported: \(Self.names.joined(separator: ", "))")
        }
    }

    private init(name: String, transform: DoubleTransform, groupCount: Int? = 1) {
        self.name = name
        self.transform = transform
        self.groupCount = groupCount
    }

    private struct Options {
        let words: [String]

        func value(_ key: String) -> String? {
            words.first { $0.hasPrefix(key + ":") }.map { String($0.dropFirst(key.count + 1)) }
        }

        func slope() throws(ModelFailure) -> Double {
            guard let text = value("sigmoid"), let slope = Double(text), slope > 0, slope.isFinite else {
                throw ModelFailure(.badNumber, "no `sigmoid:` above 0", at: "objective")
            }
            return slope
        }

        func classCount() throws(ModelFailure) -> Int {
            guard let text = value("num_class"), let count = Int(text), count > 0 else {
                throw ModelFailure(.badNumber, "no `num_class:` above 0", at: "objective")
            }
            return count
        }
    }
}

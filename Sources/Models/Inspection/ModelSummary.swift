/// What a model file says about itself, and how it would be scored.
///
/// Made for whoever looks at a file, not for scoring: of a file that is refused it holds as much as can be read, and
/// every problem that was found. What the file does not say is `nil` or empty.
public struct ModelSummary: Hashable, Sendable, Encodable {
    /// `nil`: the content is of no kind that is read; `problems` says what it is, where that is known.
    public var format: ModelFormat?
    /// The library's own name for how trees were grown or weighted: gbtree, dart, gblinear; gbdt, rf, goss.
    public var booster: String?
    public var libraryVersion: String?
    public var objective: String?
    public var inputCount: Int?
    /// In input order.
    public var inputs: [Input] = []
    public var outputs: Outputs?
    public var rounds: Rounds?
    public var trees: Trees?
    /// One for each input that any split uses, the greatest total gain first (number of splits where there are no gains).
    public var importance: [Importance] = []
    public var graph: Graph?
    /// `nil`: the file is refused.
    public var evaluation: Evaluation?
    /// What whoever feeds the model has to know, a sentence each.
    public var notes: [String] = []
    /// Why the file is refused; empty: it is not.
    public var problems: [Problem] = []
    /// Problems beyond `problemsMax`, which are counted and not kept.
    public var problemsOmitted = 0

    public static let problemsMax = 20

    init() {}

    public struct Input: Hashable, Sendable, Encodable {
        /// Empty where the file has no names.
        public var name = ""
        /// As the file has it: XGBoost's feature type (`float`, `int`, `i`, `q`, `c`), `numerical`, `categorical` or
        /// `unused` for LightGBM, the type and shape of an ONNX tensor.
        public var type: String?
        /// The least and greatest value in training.
        public var range: [Double]?
        /// What each code stands for, from 0 on, at most `categoriesMax` of them.
        public var categories: [String] = []
        /// All of them; 0 where the file does not say.
        public var categoryCount = 0

        public static let categoriesMax = 256
    }

    public struct Outputs: Hashable, Sendable, Encodable {
        /// Raw outputs (margins) a row.
        public var raw: Int
        /// Predictions a row.
        public var predictions: Int
        /// The prediction that is the score unless a pipeline names another; `nil`: it has to name one.
        public var score: Int?
        /// The numbers that it computes in: `float32` or `float64`.
        public var precision: String
    }

    public struct Rounds: Hashable, Sendable, Encodable {
        public var inFile: Int
        /// With the iterations that were asked for.
        public var used: Int
    }

    public struct Trees: Hashable, Sendable, Encodable {
        /// In the file, whether or not their round is used.
        public var count = 0
        /// Splits on the way to the deepest leaf: of the deepest tree, and the mean over the trees.
        public var depthMax = 0
        public var depthMean = 0.0
        public var leaves = 0
        /// Of the tree with the most.
        public var leavesMax = 0
        public var splits = 0
        public var categorySplits = 0
        /// Trees whose leaves are linear functions.
        public var linear = 0
    }

    /// What the file's own statistics say of one input, over all trees in the file. No statement about causes: inputs that
    /// say the same share their gain in any way.
    public struct Importance: Hashable, Sendable, Encodable {
        public let input: Int
        /// Empty where the file has no names.
        public let name: String
        /// Splits on this input: XGBoost's `weight`. For LightGBM only those with a gain above 0, as its `split` counts.
        public let splits: Int
        /// Sums over its splits, and means; `nil` where the file does not keep them. A cover is a sum of hessians for
        /// XGBoost and a number of training rows for LightGBM.
        public let totalGain: Double?
        public let gain: Double?
        public let totalCover: Double?
        public let cover: Double?
    }

    /// What an ONNX file is made of.
    public struct Graph: Hashable, Sendable, Encodable {
        public var producer = ""
        public var irVersion = 0
        public var operatorSets: [OperatorSet] = []
        /// In the order in which they first stand in the file.
        public var operators: [Operator] = []
        public var inputs: [Value] = []
        public var outputs: [Value] = []
        public var nodes = 0
        public var initializers = 0

        public struct OperatorSet: Hashable, Sendable, Encodable {
            public let domain: String
            public let version: Int
        }

        public struct Operator: Hashable, Sendable, Encodable {
            public let domain: String
            public let name: String
            public var nodes: Int
            public let isSupported: Bool
        }

        public struct Value: Hashable, Sendable, Encodable {
            public let name: String
            /// Such as `float[rows, 15]`.
            public let type: String
        }
    }

    /// How the model would be scored.
    public struct Evaluation: Hashable, Sendable, Encodable {
        /// One line for each kind of work.
        public var kernels: [String]
        /// What the loaded model keeps in memory, without the file's own text.
        public var memoryBytes: Int
    }

    /// A reason why the file is refused; see `ModelFailure`.
    public struct Problem: Hashable, Sendable, Encodable {
        public let code: String
        public let message: String
        public let place: String?
        public let suggestion: String?
    }
}

extension ModelSummary {
    mutating func add(_ failure: ModelFailure) {
        let problem = Problem(
            code: failure.code.rawValue, message: failure.message, place: failure.place,
            suggestion: failure.suggestion)
        if problems.contains(problem) { return }
        guard problems.count < Self.problemsMax else {
            problemsOmitted += 1
            return
        }
        problems.append(problem)
    }

    /// Runs a step of an inspection; what it throws is kept, and `nil` returned.
    @discardableResult
    mutating func attempt<Value>(_ body: () throws(ModelFailure) -> Value) -> Value? {
        do { return try body() } catch {
            add(error)
            return nil
        }
    }
}

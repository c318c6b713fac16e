/// The operators that are read, by domain and name.
enum OperatorCatalogue {
    typealias Compile = @Sendable (inout GraphCompiler, ONNXNode) throws(ModelFailure) -> [GraphValue]

    /// What a node does, found by its operator's name.
    enum Operation {
        case own(Compile)
        case unary(Arithmetic.Unary)
        case binary(Arithmetic.Binary)
        case reduction(Reductions.Kind)
    }

    static func find(_ node: ONNXNode) -> Operation? {
        let name = node.operation
        switch node.domain {
        case "":
            if let kind = Arithmetic.unaries[name] { return .unary(kind) }
            if let kind = Arithmetic.binaries[name] { return .binary(kind) }
            if let kind = Reductions.kinds[name] { return .reduction(kind) }
            return standard[name].map { .own($0) }
        case "ai.onnx.ml": return machineLearning[name].map { .own($0) }
        default: return nil
        }
    }

    static func compile(
        _ operation: Operation, _ compiler: inout GraphCompiler, _ node: ONNXNode
    ) throws(ModelFailure) -> [GraphValue] {
        switch operation {
        case .own(let compile): try compile(&compiler, node)
        case .unary(let kind): try Arithmetic.unary(kind, &compiler, node)
        case .binary(let kind): try Arithmetic.fold(kind, &compiler, node)
        case .reduction(let kind): try Reductions.reduce(kind, &compiler, node)
        }
    }

    static func unsupported(_ node: ONNXNode) -> ModelFailure {
        ModelFailure(
            .unsupportedConstruct, "the operator is not supported", at: node.place, suggestion: suggestion(node))
    }

    private static func suggestion(_ node: ONNXNode) -> String? {
        if node.operation.hasPrefix("SVM") {
            return "support vector machines are not scored; train trees or a linear model"
        }
        if ["If", "Loop", "Scan"].contains(node.operation) { return "convert the model without control flow" }
        return nil
    }

    static let standard: [String: Compile] = [
        "Identity": Movement.identity, "Dropout": Movement.identity, "Concat": Movement.concat,
        "Reshape": Movement.reshape, "Flatten": Movement.flatten, "Squeeze": Movement.squeeze,
        "Unsqueeze": Movement.unsqueeze, "Transpose": Movement.transpose, "Gather": Movement.gather,
        "Slice": Movement.slice, "Split": Movement.split, "Expand": Movement.expand,
        "Constant": Constants.constant, "ConstantOfShape": Constants.constantOfShape, "Shape": Constants.shape,
        "Cast": Arithmetic.cast, "CastLike": Arithmetic.castLike, "Clip": Arithmetic.clip, "Where": Arithmetic.choose,
        "Gemm": Dense.gemm, "MatMul": Dense.matMul, "BatchNormalization": Dense.batchNormalization,
        "Softmax": Reductions.softmax, "LogSoftmax": Reductions.logSoftmax, "ArgMax": Reductions.argMax,
        "ArgMin": Reductions.argMin, "TopK": Reductions.topK,
    ]

    static let machineLearning: [String: Compile] = [
        "TreeEnsembleClassifier": TreeOperators.classifier, "TreeEnsembleRegressor": TreeOperators.regressor,
        "TreeEnsemble": TreeOperators.ensemble, "LinearClassifier": Linear.classifier,
        "LinearRegressor": Linear.regressor, "Scaler": Preprocessing.scaler, "Imputer": Preprocessing.imputer,
        "Normalizer": Preprocessing.normalizer, "Binarizer": Preprocessing.binarizer,
        "LabelEncoder": Preprocessing.labelEncoder, "OneHotEncoder": Preprocessing.oneHotEncoder,
        "FeatureVectorizer": Preprocessing.featureVectorizer,
        "ArrayFeatureExtractor": Preprocessing.arrayFeatureExtractor, "ZipMap": Movement.identity,
    ]
}

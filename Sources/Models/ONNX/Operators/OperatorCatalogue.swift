/// The operators that are read, by domain and name.
enum OperatorCatalogue {
    typealias Compile = @Sendable (inout GraphCompiler, ONNXNode) throws(ModelFailure) -> [GraphValue]

    static func find(_ node: ONNXNode) -> Compile? {
        switch node.domain {
        case "": standard[node.operation]
        case "ai.onnx.ml": machineLearning[node.operation]
        default: nil
        }
    }

    static func suggestion(_ node: ONNXNode) -> String? {
        if node.operation.hasPrefix("SVM") { return "support vector machines are not scored; train trees or a linear model" }
        if ["If", "Loop", "Scan"].contains(node.operation) { return "convert the model without control flow" }
        return nil
    }

    static let standard: [String: Compile] = {
        var table: [String: Compile] = [
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
        for (name, kind) in Arithmetic.unaries { table[name] = { compiler, node throws(ModelFailure) in
            try Arithmetic.unary(kind, &compiler, node) } }
        for (name, kind) in Arithmetic.binaries { table[name] = { compiler, node throws(ModelFailure) in
            try Arithmetic.fold(kind, &compiler, node) } }
        for (name, kind) in Reductions.kinds { table[name] = { compiler, node throws(ModelFailure) in
            try Reductions.reduce(kind, &compiler, node) } }
        return table
    }()

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

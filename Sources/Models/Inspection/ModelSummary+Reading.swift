import Events

extension ModelSummary {
    /// Looks into a model file; whatever its bytes are, this returns.
    ///
    /// The file is read twice, once as `Model.load` does and once to see what else is in it.
    ///
    /// Complexity: O(bytes + nodes) time and memory.
    public init(inspecting bytes: UnsafeRawBufferPointer, options: ModelOptions = ModelOptions()) {
        self.init()
        var loaded: LoadedModel?
        var refusal: ModelFailure?
        do { loaded = try ModelContent.load(bytes, options: options) } catch { refusal = error }
        if let loaded { describe(loaded) }
        look(into: bytes, limits: options.limits)
        // What was found piece by piece comes first, for it has the better places; the same is not said twice.
        if let refusal, !problems.contains(where: { $0.message == refusal.message }) {
            if problems.count == Self.problemsMax {
                problems.removeLast()
                problemsOmitted += 1
            }
            add(refusal)
        }
        if refusal == nil {
            problems = []
            problemsOmitted = 0
        }
    }

    /// Looks into a model file that is held as an array; see `init(inspecting:options:)`.
    public init(inspecting content: [UInt8], options: ModelOptions = ModelOptions()) {
        self = content.withUnsafeBytes { ModelSummary(inspecting: $0, options: options) }
    }

    private mutating func look(into bytes: UnsafeRawBufferPointer, limits: ForestLimits) {
        guard bytes.count <= ModelContent.bytesMax else { return }
        if UBJSONDocument.begins(bytes) {
            format = .xgboostUBJSON
            guard let root = attempt({ () throws(ModelFailure) in try ModelContent.ubjson(bytes) }) else { return }
            lookIntoXGBoost(root, limits: limits)
        } else if LightGBMText.looksLike(bytes) {
            format = .lightgbmText
            lookIntoLightGBM(bytes, limits: limits)
        } else if ONNXModel.isONNX(bytes) {
            format = .onnx
            guard let file = attempt({ () throws(ModelFailure) in try ONNXFile(reading: bytes) }) else { return }
            lookIntoONNX(file)
        } else {
            // A failure here is the loader's own.
            guard let root = try? ModelContent.json(bytes) else { return }
            if IsolationForestReader.isIsolationForest(root) { return lookIntoIsolationForest(root, limits: limits) }
            guard root.member("learner") != nil else { return }
            format = .xgboostJSON
            lookIntoXGBoost(root, limits: limits)
        }
    }

    private mutating func describe(_ loaded: LoadedModel) {
        let predictor = loaded.predictor
        format = loaded.format
        libraryVersion = loaded.libraryVersion
        objective = loaded.objective
        inputCount = predictor.featureCount
        inputs = loaded.featureNames.map { Input(name: $0) }
        outputs = Outputs(
            raw: predictor.rawCount, predictions: predictor.outputCount,
            score: loaded.standardOutput ?? (predictor.outputCount == 1 ? 0 : nil),
            precision: predictor.precision == .single ? "float32" : "float64")
        rounds = Rounds(inFile: loaded.roundCount, used: loaded.roundsUsed)
        notes = loaded.notes
        if let described = predictor as? any EvaluationDescribing {
            var evaluation = described.evaluation
            evaluation.memoryBytes += loaded.forest?.memoryBytes ?? 0
            self.evaluation = evaluation
        }
    }

    /// The inputs' names as far as they are known.
    func name(of input: Int) -> String { inputs.indices.contains(input) ? inputs[input].name : "" }

    /// As many inputs as are stated, and no more than a file may have.
    mutating func fillInputs(count: Int, limits: ForestLimits) {
        inputCount = count
        guard count <= limits.featuresMax else { return }
        while inputs.count < count { inputs.append(Input()) }
    }
}

/// A predictor that can say how it works.
protocol EvaluationDescribing {
    var evaluation: ModelSummary.Evaluation { get }
}

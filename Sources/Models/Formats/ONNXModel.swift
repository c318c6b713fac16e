/// ONNX, read and run without another library: the graph becomes a plan over blocks of rows.
enum ONNXModel {
    private static let probabilityNames = ["probabilities", "output_probability", "probability", "probas"]

    /// Whether bytes are a protocol buffer that begins as ONNX models do: with the version of its representation, and
    /// then a field that a model has.
    static func isONNX(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count >= 3, bytes[0] == 0x08, (1...32).contains(bytes[1]) else { return false }
        return [0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A, 0x42, 0x72].contains(bytes[2])
    }

    static func load(_ bytes: UnsafeRawBufferPointer, limits: ForestLimits) throws(ModelFailure) -> LoadedModel {
        let file = try ONNXFile(reading: bytes)
        guard let graph = file.graph else { throw ModelFailure(.missingField, "no graph") }
        var compiler = GraphCompiler(file, bytes: bytes.count, limits: limits)
        let output = try output(of: graph)
        let initialized = Set(graph.initializers.map(\.name))
        let inputs = graph.inputs.filter { !initialized.contains($0.name) }
        let types = try bind(inputs, graph, &compiler)
        let result = try compiler.compile(graph, output: output.name)
        guard result.rowAxis != nil else {
            throw ModelFailure(.badOutput, "the output \"\(output.name)\" does not depend on the inputs")
        }
        guard result.type != .text else {
            throw ModelFailure(.unsupportedConstruct, "its only output, \"\(output.name)\", is a text")
        }
        guard result.width <= limits.groupsMax else {
            throw ModelFailure(
                .tooManyOutputs, "\(result.width) outputs, where at most \(limits.groupsMax) are accepted")
        }
        let precision: Precision = result.type == .float || result.type == .bool ? .single : .double
        let predictor = GraphPredictor(
            compiler.draft, inputTypes: types, result: compiler.operand(result), precision: precision)
        let isSplit = inputs.count > 1 && inputs.count == types.count
        return LoadedModel(
            format: .onnx, predictor: predictor, objective: objective(graph),
            libraryVersion: file.producerText,
            featureNames: isSplit ? inputs.map(\.name) : [],
            standardOutput: standardOutput(result, output, graph))
    }

    /// The last node that is a model of its own, or the last one at all.
    static func objective(_ graph: ONNXGraph) -> String {
        let model = graph.nodes.last {
            $0.operation.hasPrefix("TreeEnsemble") || $0.operation.hasPrefix("Linear") && $0.domain == "ai.onnx.ml"
        }
        return (model ?? graph.nodes.last)?.operation ?? "a graph without nodes"
    }

    // MARK: Outputs

    /// Probabilities, else the first output of real numbers, else a label that is a number.
    static func output(of graph: ONNXGraph) throws(ModelFailure) -> ONNXValue {
        let real = graph.outputs.filter { isScore($0) }
        if let found = real.first(where: { probabilityNames.contains($0.name) }) ?? real.first { return found }
        guard let label = graph.outputs.first else { throw ModelFailure(.missingField, "no outputs", at: "graph") }
        guard ElementType(number: label.elementType) != .text else {
            throw ModelFailure(
                .unsupportedConstruct, "its only output is a text", at: "output \"\(label.name)\"",
                suggestion: "convert the model so that it gives probabilities or scores")
        }
        return label
    }

    /// A list of maps is what ZipMap makes of probabilities.
    private static func isScore(_ value: ONNXValue) -> Bool {
        value.kind == .sequence || value.kind == .tensor && ElementType(number: value.elementType)?.isReal == true
    }

    /// Of two columns the second is the score where they are classes: so says the operator, a name, or a label beside.
    private static func standardOutput(_ result: GraphValue, _ output: ONNXValue, _ graph: ONNXGraph) -> Int? {
        if result.width == 1 { return 0 }
        let hasLabel = graph.outputs.contains {
            $0.kind == .tensor && [.int, .text].contains(ElementType(number: $0.elementType))
        }
        let isClasses =
            result.isProbabilities || output.kind == .sequence || hasLabel || probabilityNames.contains(output.name)
        return result.width == 2 && isClasses ? 1 : nil
    }

    // MARK: Inputs

    /// Gives the graph's inputs their columns of a row, and tells the type of each column.
    private static func bind(
        _ inputs: [ONNXValue], _ graph: ONNXGraph, _ compiler: inout GraphCompiler
    ) throws(ModelFailure) -> [ElementType] {
        var types: [ElementType] = []
        var ranges: [(name: String, range: Range<Int>, type: ElementType, dims: [Int])] = []
        for input in inputs {
            guard input.kind == .tensor, let type = ElementType(number: input.elementType), type != .text else {
                throw ModelFailure(
                    .unsupportedConstruct, "not numbers", at: "input \"\(input.name)\"",
                    suggestion: "convert the model with inputs of floats")
            }
            let dims = try shape(input, graph, isAlone: inputs.count == 1)
            let width = dims.reduce(1) { $1 == GraphValue.rows ? $0 : $0 * $1 }
            guard width > 0, types.count + width <= compiler.limits.featuresMax else {
                throw ModelFailure(.tooManyFeatures, "\(types.count + width) features", at: "input \"\(input.name)\"")
            }
            ranges.append((input.name, types.count..<types.count + width, type, dims))
            types += Array(repeating: type, count: width)
        }
        guard !types.isEmpty else { throw ModelFailure(.missingField, "no inputs", at: "graph") }
        compiler.setRows(width: types.count)
        let rows = GraphValue(type: types[0], dims: [GraphValue.rows, types.count], storage: .buffer(0))
        for (name, range, type, dims) in ranges {
            var value = rows
            if range.count < types.count {
                value = try Movement.pick(
                    rows, range.map { Int32($0) }, dims: [GraphValue.rows, range.count], &compiler, ONNXNode(name: name)
                )
            }
            value.type = type
            value.dims = dims
            compiler.set(value, for: name)
        }
        return types
    }

    /// The first dimension counts the rows; the others are known, or one of them follows from what reads it.
    private static func shape(_ input: ONNXValue, _ graph: ONNXGraph, isAlone: Bool) throws(ModelFailure) -> [Int] {
        guard var dims = input.dims, !dims.isEmpty else {
            throw ModelFailure(.missingField, "no shape", at: "input \"\(input.name)\"")
        }
        guard dims.count <= 8 else {
            throw ModelFailure(.unsupportedConstruct, "\(dims.count) dimensions", at: "input \"\(input.name)\"")
        }
        if dims.count == 1 { return [GraphValue.rows] }
        dims[0] = GraphValue.rows
        for axis in dims.indices.dropFirst() where dims[axis] < 0 {
            guard axis == 1, dims.count == 2, let width = InputWidth.find(input.name, graph) else {
                throw ModelFailure(
                    .missingField, "the number of columns is not known", at: "input \"\(input.name)\"",
                    suggestion: "convert the model with a shape such as [None, 15]")
            }
            dims[axis] = width
        }
        var width = 1
        for dim in dims.dropFirst() {
            let (product, overflow) = width.multipliedReportingOverflow(by: dim)
            guard !overflow, product <= GraphCompiler.widthMax else {
                throw ModelFailure(.tooManyFeatures, "a shape of \(dims)", at: "input \"\(input.name)\"")
            }
            width = product
        }
        return dims
    }
}

/// How wide an input is whose file does not say: as wide as what reads it wants it.
private enum InputWidth {
    static func find(_ input: String, _ graph: ONNXGraph) -> Int? {
        var names: Set<String> = [input]
        var initializers: [String: ONNXTensor] = [:]
        for tensor in graph.initializers { initializers[tensor.name] = tensor }
        var best: Int?
        for node in graph.nodes where node.inputs.first.map(names.contains) == true {
            switch node.operation {
            case "Cast", "Identity", "Relu", "Normalizer", "Binarizer", "Imputer", "Clip":
                if let output = node.outputs.first { names.insert(output) }
                if node.operation == "Imputer", node.floats("imputed_value_floats").count > 1 {
                    return node.floats("imputed_value_floats").count
                }
            case "Scaler" where max(node.floats("offset").count, node.floats("scale").count) > 1:
                return max(node.floats("offset").count, node.floats("scale").count)
            case "Sub", "Add", "Mul", "Div", "MatMul", "Gemm":
                guard node.inputs.count > 1, let tensor = initializers[node.inputs[1]] else { continue }
                let isMatrix = node.operation == "MatMul" || node.operation == "Gemm"
                let axis = isMatrix && node.int("transB") ?? 0 == 0 ? tensor.dims.first : tensor.dims.last
                if let axis, axis > 1 || isMatrix { return Int(axis) }
                if let output = node.outputs.first { names.insert(output) }
            case "LinearClassifier", "LinearRegressor":
                let rows = max(1, node.int("targets") ?? node.floats("intercepts").count)
                return node.floats("coefficients").count / rows
            case "TreeEnsembleClassifier", "TreeEnsembleRegressor", "TreeEnsemble":
                // At least so many: the trees may leave out the last ones.
                if let most = node.ints("nodes_featureids").max(), most < Int(Int32.max) {
                    best = max(best ?? 0, most + 1)
                }
            default: continue
            }
        }
        return best
    }
}

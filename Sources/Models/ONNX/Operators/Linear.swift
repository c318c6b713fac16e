/// Linear models of ai.onnx.ml. ONNX Runtime computes them in float32 whatever the input is.
enum Linear {
    static func regressor(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        let value = try rows(try compiler.input(node), &compiler, node)
        let targets = node.int("targets") ?? 1
        let coefficients = node.floats("coefficients")
        let depth = value.dims[1]
        guard targets > 0, targets <= compiler.limits.groupsMax, coefficients.count == targets * depth else {
            throw ModelFailure(
                .wrongLength, "\(coefficients.count) coefficients for \(depth) columns and \(targets) targets",
                at: node.place)
        }
        let intercepts = node.floats("intercepts")
        guard intercepts.isEmpty || intercepts.count == targets else {
            throw ModelFailure(.wrongLength, "\(intercepts.count) intercepts", at: node.place)
        }
        let scores = try Dense.layer(
            value, weights: Dense.transposed(coefficients, rows: targets, columns: depth),
            bias: intercepts.isEmpty ? nil : intercepts, depth: depth, width: targets, &compiler, node)
        let rule = ScoreRule(
            transform: try PostTransform(node), binary: .plain, addends: [], divisor: 1, classCount: targets)
        return [try rule.emit(scores, &compiler, node)]
    }

    static func classifier(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        let value = try rows(try compiler.input(node), &compiler, node)
        let coefficients = node.floats("coefficients")
        let intercepts = node.floats("intercepts")
        let labels = max(node.ints("classlabels_ints").count, node.attributes["classlabels_strings"]?.texts.count ?? 0)
        let depth = value.dims[1]
        let count = intercepts.isEmpty ? coefficients.count / max(1, depth) : intercepts.count
        guard count > 0, count <= compiler.limits.groupsMax, coefficients.count == count * depth else {
            throw ModelFailure(
                .wrongLength, "\(coefficients.count) coefficients for \(depth) columns and \(count) classes",
                at: node.place)
        }
        let scores = try Dense.layer(
            value, weights: Dense.transposed(coefficients, rows: count, columns: depth),
            bias: intercepts.isEmpty ? nil : intercepts, depth: depth, width: count, &compiler, node)
        let isBinary = count == 1 && labels == 2
        let rule = ScoreRule(
            transform: try PostTransform(node), binary: isBinary ? .complement : .plain, addends: [], divisor: 1,
            classCount: isBinary ? 2 : count)
        var result = try rule.emit(scores, &compiler, node)
        result.isProbabilities = true
        return [try Self.labels(of: result, node, &compiler), result]
    }

    /// The label output of a classifier: whole numbers, or texts that only a text output shows.
    static func labels(
        of scores: GraphValue, _ node: ONNXNode, _ compiler: inout GraphCompiler
    ) throws(ModelFailure) -> GraphValue {
        let labels = node.ints("classlabels_ints") + node.ints("classlabels_int64s")
        let isWanted = node.outputs.first.map(compiler.wanted.contains) ?? false
        guard isWanted, labels.count == scores.width else {
            // Not looked at; or texts.
            return GraphValue(type: .text, dims: [], storage: .texts([]))
        }
        let best = try Reductions.greatest(scores, dims: [GraphValue.rows], &compiler, node)
        let table = compiler.constant(labels.map { Double($0) }, type: .int, dims: [labels.count])
        return try Movement.gather(table, best, axis: 0, &compiler, node)
    }

    /// The input as rows of float32.
    static func rows(
        _ value: GraphValue, _ compiler: inout GraphCompiler, _ node: ONNXNode
    ) throws(ModelFailure) -> GraphValue {
        guard value.dims.count == 2, value.dims[0] == GraphValue.rows else {
            throw GraphCompiler.unsupported("an input of the shape \(value.dims)", node)
        }
        return try Arithmetic.cast(value, to: .float, &compiler, node)
    }
}

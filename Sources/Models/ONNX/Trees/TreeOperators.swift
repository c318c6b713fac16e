/// The three operators for tree ensembles.
enum TreeOperators {
    static func regressor(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        var spec = try EnsembleSpec(node, leaves: "target", targetCount: node.int("n_targets") ?? 1)
        let name = node.text("aggregate_function") ?? "SUM"
        guard let aggregate = EnsembleSpec.Aggregate(rawValue: name) else {
            throw GraphCompiler.unsupported("aggregate_function \"\(name)\"", node)
        }
        spec.aggregate = aggregate
        return [try regression(spec, &compiler, node)]
    }

    static func ensemble(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        [try regression(try EnsembleSpec(ensemble: node), &compiler, node)]
    }

    private static func regression(
        _ given: EnsembleSpec, _ compiler: inout GraphCompiler, _ node: ONNXNode
    ) throws(ModelFailure) -> GraphValue {
        var spec = given
        // Base values that are not one for each target are not used.
        if spec.addends.count != spec.targetCount { spec.addends = [] }
        let groups = try groups(0..<max(0, min(spec.targetCount, compiler.limits.groupsMax + 1)), compiler, node)
        let scores = try sums(spec, groups: groups, &compiler, node)
        let rule = ScoreRule(
            transform: spec.transform, binary: spec.targetCount == 1 ? .single : .plain, addends: spec.addends,
            divisor: spec.aggregate == .average ? Double(spec.roots.count) : 1, classCount: spec.targetCount)
        return try rule.emit(scores, &compiler, node)
    }

    static func classifier(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        let texts = node.attributes["classlabels_strings"]?.texts.count ?? 0
        let count = max(node.ints("classlabels_int64s").count, texts)
        let spec = try EnsembleSpec(node, leaves: "class", targetCount: count)
        let used = spec.usedTargets
        let isPositive = spec.weights.values.allSatisfy { $0.allSatisfy { $0.value >= 0 } }
        var rule = Rule(addends: spec.addends, binary: .plain, groups: Array(0..<max(0, min(count, 4_097))))
        if count == 2 {
            // What the specification leaves open, and ONNX Runtime does not fill in a way that anybody could want.
            if spec.addends.count == 2 { throw GraphCompiler.unsupported("two base values for two classes", node) }
            if used.isSubset(of: [0]) {
                guard spec.transform != .probit else {
                    throw GraphCompiler.unsupported("PROBIT of one score for two classes", node)
                }
                rule.groups = [0]
                rule.binary = isPositive ? .complement : .opposite
            } else if spec.addends.count == 1 {
                rule.addends = [spec.addends[0], 0]
            }
        }
        guard rule.addends.isEmpty || rule.addends.count == rule.groups.count else {
            throw ModelFailure(.wrongLength, "\(spec.addends.count) base values for \(count) classes", at: node.place)
        }
        let scores = try sums(spec, groups: try groups(rule.groups, compiler, node), &compiler, node)
        let outcome = ScoreRule(
            transform: spec.transform, binary: rule.binary, addends: rule.addends, divisor: 1, classCount: count)
        var result = try outcome.emit(scores, &compiler, node)
        result.isProbabilities = true
        return [try Linear.labels(of: result, node, &compiler), result]
    }

    private struct Rule {
        var addends: [Double]
        var binary: ScoreRule.Binary
        var groups: [Int]
    }

    private static func groups(
        _ groups: some Sequence<Int>, _ compiler: GraphCompiler, _ node: ONNXNode
    ) throws(ModelFailure) -> [Int] {
        let list = Array(groups)
        guard !list.isEmpty, list.count <= compiler.limits.groupsMax else {
            throw ModelFailure(
                .tooManyOutputs,
                "\(list.count) classes or targets, where 1 to \(compiler.limits.groupsMax) are accepted",
                at: node.place)
        }
        return list
    }

    /// The sums of the leaves' weights, one for each of `groups`.
    private static func sums(
        _ spec: EnsembleSpec, groups: [Int], _ compiler: inout GraphCompiler, _ node: ONNXNode
    ) throws(ModelFailure) -> GraphValue {
        var value = try compiler.input(node)
        if value.dims.count == 1, value.dims[0] == GraphValue.rows { value.dims = [GraphValue.rows, 1] }
        guard value.dims.count == 2, value.dims[0] == GraphValue.rows else {
            throw GraphCompiler.unsupported("an input of the shape \(value.dims)", node)
        }
        if value.type != .double { value = try Arithmetic.cast(value, to: .float, &compiler, node) }
        let features = value.dims[1]
        try spec.check(featureCount: features, limits: compiler.limits, node.place)
        let type = value.type
        let dims = [GraphValue.rows, groups.count]
        if type == .float {
            let forest: Forest?
            do { forest = try spec.forest(featureCount: features, groups: groups, limits: compiler.limits) } catch {
                throw ModelFailure(error.code, error.message, at: node.place + (error.place.map { ", \($0)" } ?? ""))
            }
            if let forest, !forest.trees.isEmpty {
                let rows = compiler.operand(value)
                let step = ForestStep(forest, input: rows)
                let result = try compiler.emit(step, node, type: .float, dims: dims)
                if case .buffer(let buffer) = result.storage {
                    compiler.leafTables.add(forest, reading: rows, buffer: buffer)
                }
                return result
            }
        }
        let step = EnsembleStep(
            spec, input: compiler.operand(value), groups: groups, isSingle: type == .float)
        return try compiler.emit(step, node, type: type, dims: dims)
    }
}

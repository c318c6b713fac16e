// How each kind of predictor says that it works.

extension ForestPredictor: EvaluationDescribing {
    var evaluation: ModelSummary.Evaluation {
        var kernels: [String] = []
        var bytes = walk.byteCount
        var masked = 0
        if let blocks {
            bytes += blocks.bits.byteCount + blocks.ranks.byteCount
            masked = blocks.bits.handledCount
            kernels += TreeKernels.masks(masked, of: treeCount, blocks.ranks.columnCount, blocks.rows, rowsMin: rowsMin)
        }
        kernels += TreeKernels.walks(masked: masked, of: treeCount, rowsMin: rowsMin, side: "float32")
        return .init(kernels: kernels, memoryBytes: bytes)
    }
}

extension DoubleForestPredictor: EvaluationDescribing {
    var evaluation: ModelSummary.Evaluation {
        var kernels: [String] = []
        var bytes = walk.byteCount + forest.memoryBytes
        var masked = 0
        if let blocks {
            bytes += blocks.bits.byteCount + blocks.ranks.byteCount + blocks.outputs.byteCount
            bytes += blocks.firstLeaves.byteCount
            masked = blocks.bits.handledCount
            kernels += TreeKernels.masks(masked, of: treeCount, blocks.ranks.columnCount, blocks.rows, rowsMin: rowsMin)
        }
        kernels += TreeKernels.walks(masked: masked, of: treeCount, rowsMin: rowsMin, side: "float64")
        if forest.isLinear { kernels.append("linear leaves: summed row by row") }
        return .init(kernels: kernels, memoryBytes: bytes)
    }
}

extension IsolationForestPredictor: EvaluationDescribing {
    var evaluation: ModelSummary.Evaluation {
        var evaluation = paths.evaluation
        // The trees as they were read: two of its arrays have eight and one byte a node, the others four.
        evaluation.memoryBytes += forest.nodeCount * 25
        return evaluation
    }
}

private enum TreeKernels {
    static func masks(_ masked: Int, of count: Int, _ columns: Int, _ rows: Int, rowsMin: Int) -> [String] {
        guard masked > 0 else { return [] }
        let calls = rowsMin > 1 ? "calls of \(rowsMin) rows or more" : "all calls"
        return [
            "leaf masks: \(masked) of \(count) trees, \(columns) columns of ranks, \(rows) rows at a time; \(calls)"
        ]
    }

    static func walks(masked: Int, of count: Int, rowsMin: Int, side: String) -> [String] {
        let rest = count - masked
        if count == 0 || rest == 0 && rowsMin <= 1 { return [] }
        if masked == 0 { return ["walks: all \(count) trees, nodes in \(side)"] }
        let fewer = rowsMin > 1 ? ["all trees in calls of fewer rows"] : []
        return ["walks: " + ((rest > 0 ? ["\(rest) trees"] : []) + fewer).joined(separator: ", ")]
    }
}

extension XGBoostLinear: EvaluationDescribing {
    var evaluation: ModelSummary.Evaluation {
        .init(
            kernels: ["linear: one weight for each of \(featureCount) inputs and \(rawCount) outputs"],
            memoryBytes: starts.byteCount + weights.byteCount)
    }
}

extension GraphPredictor: EvaluationDescribing {
    var evaluation: ModelSummary.Evaluation {
        var kernels = ["graph: \(steps.count) steps, \(blockRows) rows at a time"]
        // One block's numbers, which each thread that predicts has for itself.
        var bytes = pool.count * MemoryLayout<Double>.stride
        var seen: Set<ObjectIdentifier> = []
        for step in steps {
            bytes += Self.arrayBytes(in: step, &seen)
            var lines: [String] = []
            if let trees = step as? ForestStep { lines = trees.predictor.evaluation.kernels }
            if step is EnsembleStep { lines = ["walks: nodes of any comparison, one row after the other"] }
            kernels += lines.filter { !kernels.contains($0) }
        }
        return .init(kernels: kernels, memoryBytes: bytes)
    }

    /// Every array that a step holds, found by reflection so that each operator need not count its own.
    private static func arrayBytes(in value: Any, _ seen: inout Set<ObjectIdentifier>) -> Int {
        if let array = value as? any ByteCounted {
            return seen.insert(ObjectIdentifier(array)).inserted ? array.byteCount : 0
        }
        if let forest = value as? Forest { return forest.memoryBytes }
        if let forest = value as? ForestPredictor {
            return seen.insert(ObjectIdentifier(forest)).inserted ? forest.evaluation.memoryBytes : 0
        }
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .struct, .optional, .tuple: return mirror.children.reduce(0) { $0 + arrayBytes(in: $1.value, &seen) }
        default: return 0
        }
    }
}

/// What holds numbers outside of itself.
private protocol ByteCounted: AnyObject {
    var byteCount: Int { get }
}

extension FrozenArray: ByteCounted {}

extension MissingValuePredictor: EvaluationDescribing {
    var evaluation: ModelSummary.Evaluation {
        (inner as? any EvaluationDescribing)?.evaluation ?? .init(kernels: [], memoryBytes: 0)
    }
}

// MARK: What is kept beside the kernels

extension Forest {
    /// The trees as they were read, which explanations need.
    var memoryBytes: Int {
        trees.reduce(0) { sum, tree in
            let nodes = tree.nodes
            let sets = nodes.categorySets.reduce(0) { $0 + $1.words.count * 4 }
            let statistics = nodes.covers.count + nodes.gains.count
            return sum + nodes.left.count * (4 + 4 + 4 + 4 + 1) + (statistics + nodes.setOfNode.count) * 4 + sets
        }
    }
}

extension DoubleForest {
    /// The trees as they were read, which explanations need.
    var memoryBytes: Int {
        trees.reduce(0) { sum, tree in
            let spec = tree.spec
            let numbers = spec.leafValues.count + spec.splitCounts.count + spec.leafCounts.count
            let linear = spec.linear.map { $0.constants.count * 8 + $0.bounds.count * 4 + $0.features.count * 12 } ?? 0
            return sum + spec.splits.count * MemoryLayout<DoubleSplit>.stride + numbers * 8
                + spec.categoryWords.count * 4 + linear
        }
    }
}

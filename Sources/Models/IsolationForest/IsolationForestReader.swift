/// Reads the files that `riffle train isolation-forest` writes.
enum IsolationForestReader {
    static func isIsolationForest(_ root: ModelField) -> Bool {
        (try? root.member("format")?.string()) == IsolationForest.formatName
    }

    static func load(_ root: ModelField, limits: ForestLimits) throws(ModelFailure) -> LoadedModel {
        let forest = try read(root, limits: limits)
        return LoadedModel(
            format: .isolationForest, predictor: try IsolationForestPredictor(forest, limits: limits),
            objective: "isolation-forest", libraryVersion: String(IsolationForest.version), featureNames: forest.inputs)
    }

    /// A forest of which all is checked that its trees say; how deep they are, when it is packed.
    static func read(_ root: ModelField, limits: ForestLimits) throws(ModelFailure) -> IsolationForest {
        let version = try root.required("version")
        let number = try version.integer()
        guard number == IsolationForest.version else {
            throw ModelFailure(
                .unsupportedFormat,
                "an isolation forest's file of version \(number), where \(IsolationForest.version) is read",
                at: version.place, suggestion: "train it again with this version of Riffle")
        }
        let inputs = try root.required("inputs").strings()
        guard Set(inputs).count == inputs.count else {
            throw ModelFailure(.malformed, "an input that is named twice", at: "inputs")
        }
        let sample = try whole(root.required("sample"), from: 1)
        let trees = try root.required("trees").elements()
        guard !trees.isEmpty else { throw ModelFailure(.wrongLength, "no trees", at: "trees") }
        guard trees.count <= limits.treesMax else {
            throw ModelFailure(.tooManyTrees, "\(trees.count) trees, where at most \(limits.treesMax) are accepted")
        }
        var nodeCount = 0
        var read: [IsolationTree] = []
        read.reserveCapacity(trees.count)
        for (number, field) in trees.enumerated() {
            let tree = try tree(field, number: number, inputCount: inputs.count, sample: sample)
            nodeCount += tree.nodeCount
            guard nodeCount <= limits.nodesMax else {
                throw ModelFailure(.tooManyNodes, "more than \(limits.nodesMax) nodes", at: "tree \(number)")
            }
            read.append(tree)
        }
        return IsolationForest(
            inputs: inputs, sample: sample, seed: try whole(root.required("seed"), from: 0),
            rowCount: try whole(root.required("rows"), from: sample), trees: read)
    }

    private static func whole(_ field: ModelField, from least: Int) throws(ModelFailure) -> Int {
        let number = try field.integer()
        guard number >= least else {
            throw ModelFailure(.badNumber, "\(number), where at least \(least) is expected", at: field.place)
        }
        return number
    }

    private static func tree(
        _ field: ModelField, number: Int, inputCount: Int, sample: Int
    ) throws(ModelFailure) -> IsolationTree {
        let tree = IsolationTree(
            features: try field.required("feature").int32s(), thresholds: try field.required("threshold").doubles(),
            missingRight: try field.required("missing_right").bytes(), lefts: try field.required("left").int32s(),
            rights: try field.required("right").int32s(), rows: try field.required("rows").int32s())
        let count = tree.nodeCount
        guard count > 0 else { throw ModelFailure(.wrongLength, "no nodes", at: "tree \(number)") }
        guard tree.thresholds.count == count, tree.missingRight.count == count, tree.lefts.count == count,
            tree.rights.count == count, tree.rows.count == count
        else { throw ModelFailure(.wrongLength, "arrays of different lengths", at: "tree \(number)") }
        guard Int(tree.rows[0]) == sample else {
            throw ModelFailure(
                .badNumber, "\(tree.rows[0]) rows at the root of a tree of \(sample)", at: "tree \(number)")
        }
        var isReached = [Bool](repeating: false, count: count)
        isReached[0] = true
        for node in 0..<count {
            do { try check(node, of: tree, inputCount: inputCount, &isReached) } catch {
                throw ModelFailure(error.code, error.message, at: "tree \(number), node \(node)")
            }
        }
        return tree
    }

    /// Children behind parents, each reached once, with as many rows as came by: then it is a tree.
    private static func check(
        _ node: Int, of tree: IsolationTree, inputCount: Int, _ isReached: inout [Bool]
    ) throws(ModelFailure) {
        guard isReached[node] else { throw ModelFailure(.malformed, "no node leads here") }
        guard tree.rows[node] > 0 else { throw ModelFailure(.badNumber, "\(tree.rows[node]) rows") }
        let (left, right) = (Int(tree.lefts[node]), Int(tree.rights[node]))
        if tree.features[node] == -1 {
            guard left == -1, right == -1 else { throw ModelFailure(.malformed, "a leaf with children") }
            return
        }
        guard (0..<inputCount).contains(Int(tree.features[node])) else {
            throw ModelFailure(
                .featureOutOfRange, "feature \(tree.features[node]), where the model has \(inputCount)")
        }
        guard !tree.thresholds[node].isNaN else {
            throw ModelFailure(.thresholdNotANumber, "a threshold that is not a number")
        }
        guard tree.missingRight[node] <= 1 else {
            throw ModelFailure(.badNumber, "missing_right is \(tree.missingRight[node]), where 0 or 1 is expected")
        }
        for child in [left, right] {
            guard child > node, child < tree.nodeCount else {
                throw ModelFailure(
                    .childOutOfRange,
                    "child \(child), where children stand behind their parents in \(tree.nodeCount) nodes")
            }
            guard !isReached[child] else { throw ModelFailure(.nodeReachedTwice, "child \(child) has two parents") }
            isReached[child] = true
        }
        guard Int(tree.rows[left]) + Int(tree.rows[right]) == Int(tree.rows[node]) else {
            throw ModelFailure(.badNumber, "\(tree.rows[node]) rows, where its children have others")
        }
    }
}

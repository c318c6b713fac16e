extension ModelSummary {
    /// What an isolation forest's file says beyond what scoring needs; of a file that is refused the loader says why.
    mutating func lookIntoIsolationForest(_ root: ModelField, limits: ForestLimits) {
        format = .isolationForest
        guard let forest = try? IsolationForestReader.read(root, limits: limits) else { return }
        var sizes = TreeSizes()
        var totals = SplitTotals()
        for tree in forest.trees {
            sizes.add(root: 0, nodeCount: tree.nodeCount) { node in
                tree.features[node] < 0 ? nil : (Int(tree.lefts[node]), Int(tree.rights[node]))
            }
            for node in 0..<tree.nodeCount where tree.features[node] >= 0 {
                totals.add(input: Int(tree.features[node]), gain: nil, cover: Double(tree.rows[node]))
            }
        }
        trees = sizes.trees
        importance = totals.importance(name: name)
        notes.append(
            "trained on \(forest.rowCount) rows, \(forest.sample) for each tree, with seed \(forest.seed); which inputs "
                + "splits ask for is drawn, so that their numbers say little")
    }
}

extension ModelSummary {
    /// What an isolation forest's file says beyond what scoring needs. What is wrong with one the loader says.
    mutating func lookIntoIsolationForest(_ root: ModelField, limits: ForestLimits) {
        libraryVersion = (try? root.member("version")?.integer()).map(String.init)
        objective = "isolation-forest"
        if let names = try? root.member("inputs")?.strings(), names.count <= limits.featuresMax {
            inputCount = names.count
            inputs = names.map { Input(name: $0) }
        }
        guard let trees = try? root.member("trees")?.elements(), trees.count <= limits.treesMax else { return }
        var sizes = TreeSizes()
        var totals = SplitTotals()
        for tree in trees { Self.measureIsolation(tree, &sizes, &totals) }
        self.trees = sizes.trees
        importance = totals.importance(name: name)
        if let sample = try? root.member("sample")?.integer(), let rows = try? root.member("rows")?.integer() {
            let seed = (try? root.member("seed")?.integer()).map { ", with seed \($0)" } ?? ""
            notes.append("each tree was grown from \(sample) of \(rows) rows\(seed)")
        }
    }

    private static func measureIsolation(
        _ tree: ModelField, _ sizes: inout TreeSizes, _ totals: inout SplitTotals
    ) {
        guard let inputs = try? tree.member("feature")?.int32s(), let left = try? tree.member("left")?.int32s(),
            let right = try? tree.member("right")?.int32s(), left.count == inputs.count, right.count == inputs.count
        else { return sizes.add(root: -1, nodeCount: 0) { _ in nil } }
        let rows = (try? tree.member("rows")?.int32s()) ?? []
        sizes.add(root: 0, nodeCount: inputs.count) { node in
            guard inputs[node] >= 0 else { return nil }
            totals.add(
                input: Int(inputs[node]), gain: nil, cover: rows.count == inputs.count ? Double(rows[node]) : nil)
            return (Int(left[node]), Int(right[node]))
        }
    }
}

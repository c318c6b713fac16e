extension ModelSummary {
    /// What an XGBoost file says beyond what scoring needs, and all that is wrong with it.
    mutating func lookIntoXGBoost(_ root: ModelField, limits: ForestLimits) {
        let version = attempt { () throws(ModelFailure) in try XGBoostReader.version(root) }
        // Older versions are refused and named all the same.
        libraryVersion = (try? root.member("version")?.int32s())?.map(String.init).joined(separator: ".")
        guard let learner = root.member("learner") else { return }
        objective = try? learner.member("objective")?.member("name")?.string()
        attempt { () throws(ModelFailure) in
            let newest = XGBoostReader.Version(major: .max, minor: 0, patch: 0)
            _ = try XGBoostReader.Header(learner, version: version ?? newest, limits: limits)
        }
        describeInputs(learner, limits: limits)
        guard let booster = learner.member("gradient_booster") else { return }
        self.booster = try? booster.member("name")?.string()
        if let name = self.booster, !["gbtree", "dart", "gblinear"].contains(name) {
            attempt { () throws(ModelFailure) in _ = try XGBoostReader.booster(booster) }
        }
        // Dart wraps the trees once more.
        guard let model = booster.member("model") ?? booster.member("gbtree")?.member("model") else { return }
        describeCategories(model)
        guard let trees = try? model.member("trees")?.elements(), trees.count <= limits.treesMax else { return }
        var sizes = TreeSizes()
        var totals = SplitTotals()
        for tree in trees { Self.measure(tree, &sizes, &totals) }
        self.trees = sizes.trees
        importance = totals.importance(name: name)
        if rounds == nil { countRounds(model, trees: trees.count) }
        if evaluation == nil { findFaults(trees, model, learner, limits: limits) }
    }

    private mutating func describeInputs(_ learner: ModelField, limits: ForestLimits) {
        guard let count = try? learner.member("learner_model_param")?.member("num_feature")?.integer(), count >= 0
        else { return }
        fillInputs(count: count, limits: limits)
        let names = (try? learner.member("feature_names")?.strings()) ?? []
        let types = (try? learner.member("feature_types")?.strings()) ?? []
        for (index, name) in names.enumerated() where inputs.indices.contains(index) { inputs[index].name = name }
        for (index, type) in types.enumerated() where inputs.indices.contains(index) { inputs[index].type = type }
    }

    /// Since 3.1 the file names its categories: texts as bytes with their offsets, or numbers.
    private mutating func describeCategories(_ model: ModelField) {
        guard let encodings = try? model.member("cats")?.member("enc")?.elements() else { return }
        for (index, encoding) in encodings.enumerated() where inputs.indices.contains(index) {
            if let offsets = try? encoding.member("offsets")?.int32s(),
                let bytes = try? encoding.member("values")?.int32s()
            {
                let texts = Self.texts(bytes, offsets.map(Int.init))
                inputs[index].categories = texts
                inputs[index].categoryCount = max(texts.count, offsets.count - 1)
            } else if let values = try? encoding.member("values")?.int32s() {
                inputs[index].categories = values.prefix(Input.categoriesMax).map(String.init)
                inputs[index].categoryCount = values.count
            }
        }
    }

    private static func texts(_ bytes: [Int32], _ offsets: [Int]) -> [String] {
        var result: [String] = []
        for (start, end) in zip(offsets, offsets.dropFirst()).prefix(Input.categoriesMax) {
            guard start >= 0, start <= end, end <= bytes.count else { return result }
            // The writer's bytes are signed.
            result.append(String(decoding: bytes[start..<end].map { UInt8(truncatingIfNeeded: $0) }, as: UTF8.self))
        }
        return result
    }

    private mutating func countRounds(_ model: ModelField, trees: Int) {
        guard let bounds = try? model.member("iteration_indptr")?.int32s(), bounds.count > 1 else { return }
        rounds = Rounds(inFile: bounds.count - 1, used: bounds.count - 1)
    }

    /// Reads no more than it needs, and leaves out what it cannot read.
    private static func measure(_ tree: ModelField, _ sizes: inout TreeSizes, _ totals: inout SplitTotals) {
        guard let left = try? tree.member("left_children")?.int32s(),
            let right = try? tree.member("right_children")?.int32s(), left.count == right.count,
            let inputs = try? tree.member("split_indices")?.int32s(), inputs.count == left.count
        else { return sizes.add(root: -1, nodeCount: 0) { _ in nil } }
        let kinds = (try? tree.member("split_type")?.bytes()) ?? []
        let gains = (try? tree.member("loss_changes")?.floats()) ?? []
        let covers = (try? tree.member("sum_hessian")?.floats()) ?? []
        var splits: [Int] = []
        sizes.add(root: 0, nodeCount: left.count) { node in
            if left[node] == TreeSpec.noChild { return nil }
            splits.append(node)
            return (Int(left[node]), Int(right[node]))
        }
        for node in splits {
            totals.add(
                input: Int(inputs[node]), gain: gains.count == left.count ? Double(gains[node]) : nil,
                cover: covers.count == left.count ? Double(covers[node]) : nil)
            if node < kinds.count, kinds[node] == 1 { sizes.countCategorySplit() }
        }
    }

    /// Each tree is read and checked for itself, so that all that is wrong is told at once.
    private mutating func findFaults(
        _ trees: [ModelField], _ model: ModelField, _ learner: ModelField, limits: ForestLimits
    ) {
        guard let parameters = learner.member("learner_model_param"),
            let inputCount = try? XGBoostReader.Header.featureCount(parameters, limits: limits),
            let groupCount = try? XGBoostReader.Header.groupCount(parameters, limits: limits)
        else { return }
        let groups = (try? model.member("tree_info")?.int32s()) ?? []
        var budget = XGBoostTree.Budget(limits)
        for (number, field) in trees.enumerated() where problemsOmitted == 0 {
            let group = number < groups.count ? Int(groups[number]) : 0
            attempt { () throws(ModelFailure) in
                let tree = XGBoostTree(field: field, number: number, groupCount: groupCount)
                let specs = try tree.read(group: group, budget: &budget)
                let spec = ForestSpec(
                    featureCount: inputCount, trees: specs, baseMargins: Array(repeating: 0, count: groupCount))
                do throws(ModelFailure) { _ = try Forest(checking: spec, limits: limits) } catch {
                    // Vectors in leaves make several trees of one, with the same faults.
                    throw error.moved(toTree: number)
                }
            }
        }
    }
}

extension ModelFailure {
    /// The same failure of a tree with another number.
    func moved(toTree number: Int) -> ModelFailure {
        guard let place, place.hasPrefix("tree ") else { return self }
        let rest = place.dropFirst("tree ".count).drop { $0.isNumber }
        return ModelFailure(code, message, at: "tree \(number)\(rest)", suggestion: suggestion, path: path)
    }
}

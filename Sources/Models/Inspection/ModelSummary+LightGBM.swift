import Events

extension ModelSummary {
    /// What a LightGBM file says beyond what scoring needs, and all that is wrong with it.
    mutating func lookIntoLightGBM(_ bytes: UnsafeRawBufferPointer, limits: ForestLimits) {
        var lines = LightGBMLines(bytes)
        _ = lines.next()
        var header = LightGBMFields(lines, place: nil)
        var line = lines.next()
        while let this = line, !lines.starts(this, with: "Tree="), !LightGBMText.isEnd(this, lines) {
            if !this.isEmpty { attempt { () throws(ModelFailure) in try header.add(this) } }
            line = lines.next()
        }
        describe(header, limits: limits)
        var sizes = TreeSizes()
        var totals = SplitTotals()
        let isRefused = evaluation == nil
        while let this = line, lines.starts(this, with: "Tree="), sizes.trees.count < limits.treesMax {
            var block = LightGBMFields(lines, place: "tree \(sizes.trees.count)")
            while let next = lines.next(), !next.isEmpty {
                attempt { () throws(ModelFailure) in try block.add(next) }
            }
            if isRefused { findFault(block, number: sizes.trees.count, limits: limits) }
            Self.measure(block, &sizes, &totals)
            line = lines.next()
            while let blank = line, blank.isEmpty { line = lines.next() }
        }
        trees = sizes.trees
        importance = totals.importance(name: name)
        booster = header.has("average_output") ? "rf" : nil
        describeRest(&lines)
    }

    private mutating func describe(_ header: LightGBMFields, limits: ForestLimits) {
        if evaluation == nil {
            libraryVersion = header.string("version")
            objective = header.string("objective")
            attempt { () throws(ModelFailure) in _ = try LightGBMObjective(header.string("objective")) }
            attempt { () throws(ModelFailure) in _ = try LightGBMText.Header(header, limits: limits) }
        }
        let names = header.words("feature_names")
        fillInputs(count: names.count, limits: limits)
        for (index, name) in names.enumerated() where inputs.indices.contains(index) { inputs[index].name = name }
        for (index, word) in header.words("feature_infos").enumerated() where inputs.indices.contains(index) {
            inputs[index].take(featureInfo: word)
        }
    }

    private static func measure(_ tree: LightGBMFields, _ sizes: inout TreeSizes, _ totals: inout SplitTotals) {
        let leafCount = (try? tree.integer("num_leaves")) ?? 0
        // No file has more leaves than bytes: what is stated beyond that fails with the lists' lengths.
        let count = max(0, leafCount - 1)
        if count == 0, leafCount == 1 { return sizes.add(root: 0, nodeCount: 1) { _ in nil } }
        guard count > 0, let inputs = try? tree.int32s("split_feature", count: count),
            let left = try? tree.int32s("left_child", count: count),
            let right = try? tree.int32s("right_child", count: count)
        else { return sizes.add(root: -1, nodeCount: 0) { _ in nil } }
        // Leaf n is written as -1 - n: here it is a node behind the splits.
        func node(_ child: Int32) -> Int { child >= 0 ? Int(child) : count + Int(~child) }
        let gains = try? tree.doubles("split_gain", count: count)
        let covers = try? tree.doubles("internal_count", count: count)
        let decisions = (try? tree.int32s("decision_type", count: count)) ?? []
        var splits: [Int] = []
        sizes.add(root: 0, nodeCount: count + leafCount) { split in
            if split >= count { return nil }
            splits.append(split)
            return (node(left[split]), node(right[split]))
        }
        for split in splits {
            if split < decisions.count, decisions[split] & 1 != 0 { sizes.countCategorySplit() }
            // The library counts no split without a gain.
            if let gains, !(gains[split] > 0) { continue }
            totals.add(input: Int(inputs[split]), gain: gains?[split], cover: covers?[split])
        }
        if let isLinear = try? tree.integer("is_linear"), isLinear != 0 { sizes.countLinear() }
    }

    /// One tree is read and checked for itself, so that all that is wrong is told at once.
    private mutating func findFault(_ fields: LightGBMFields, number: Int, limits: ForestLimits) {
        guard problemsOmitted == 0, let count = inputCount else { return }
        attempt { () throws(ModelFailure) in
            let tree = try LightGBMText.tree(fields, group: 0)
            let spec = DoubleForestSpec(featureCount: count, trees: [tree], groupCount: 1, transform: .identity)
            do throws(ModelFailure) { _ = try DoubleForest(checking: spec, limits: limits) } catch {
                throw error.moved(toTree: number)
            }
        }
    }

    /// Behind the trees: `[boosting: gbdt]` among the parameters, and pandas' categories in the last line.
    private mutating func describeRest(_ lines: inout LightGBMLines) {
        while let line = lines.next() {
            if lines.starts(line, with: "[boosting: "), line.count <= 64 {
                booster = String(lines.text(line).dropFirst("[boosting: ".count).dropLast())
            } else if lines.starts(line, with: "pandas_categorical:") {
                let start = line.lowerBound + "pandas_categorical:".utf8.count
                describeCategories(UnsafeRawBufferPointer(rebasing: lines.bytes[start..<line.upperBound]))
            }
        }
    }

    /// A list for each column that pandas called a category, in the columns' order; the file does not say which they
    /// are. They are its categorical inputs where it has as many.
    private mutating func describeCategories(_ bytes: UnsafeRawBufferPointer) {
        guard let document = try? JSONDocument(parsing: bytes), let lists = document.root.elements, !lists.isEmpty
        else { return }
        let places = inputs.indices.filter { inputs[$0].type == "categorical" }
        guard places.count == lists.count else {
            let sizes = lists.map { "\($0.count)" }.joined(separator: ", ")
            notes.append(
                "the file names the categories of \(lists.count) columns (\(sizes) of them), and does not say which")
            return
        }
        for (place, list) in zip(places, lists) {
            inputs[place].categoryCount = list.count
            inputs[place].categories = (list.elements ?? []).prefix(Input.categoriesMax).map(Self.text)
        }
        notes.append("the file names its categories; inputs are their codes in the order listed, not names")
    }

    private static func text(_ value: JSONValue) -> String {
        if let text = value.string { return text }
        if let number = value.int64 { return String(number) }
        if let number = value.double { return String(number) }
        return value.bool.map(String.init) ?? value.kind.rawValue
    }
}

extension ModelSummary.Input {
    /// `[least:greatest]`, codes of categories as `3:0:1`, or `none` where it was the same in all of training.
    fileprivate mutating func take(featureInfo word: String) {
        if word == "none" {
            type = "unused"
        } else if word.hasPrefix("["), word.hasSuffix("]") {
            type = "numerical"
            let ends = word.dropFirst().dropLast().split(separator: ":").compactMap { Double($0) }
            if ends.count == 2, ends.allSatisfy(\.isFinite) { range = ends }
        } else {
            type = "categorical"
            // -1 stands for a missing value.
            categoryCount = word.split(separator: ":").count { !$0.hasPrefix("-") }
        }
    }
}

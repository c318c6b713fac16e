/// Values that depend on nothing but the leaf that a row reaches in one tree, and so have one number for each leaf.
///
/// An isolation forest is converted to some thirty operators for each tree: from the leaf's number to the depth that it
/// stands for. Here those run once, over the leaves as if they were rows; what is left is a tree with other numbers in
/// its leaves, and the sum of such trees is a forest. The numbers are the same bits, for the same steps made them.
struct LeafTables {
    struct Tree {
        /// The buffer that it reads, and how many numbers a row of that has.
        let rows: Operand
        let spec: TreeSpec
        /// Its leaves among its nodes.
        let leaves: [Int]
    }

    private static let numbersMax = 1 << 22

    private var trees: [Tree] = []
    private var treeOfBuffer: [Int: Int] = [:]
    /// Where a buffer's numbers begin; by buffer.
    private var offsets: [Int] = []
    private var numbers: [Double] = []
    /// Buffers that only move the numbers of another one.
    private var picks: [Int: Movement.Pick] = [:]

    /// A buffer holds what a forest of one tree says.
    mutating func add(_ forest: Forest, reading rows: Operand, buffer: Int) {
        guard forest.trees.count == 1, forest.groupCount == 1, let given = rows.buffer else { return }
        var spec = forest.trees[0].nodes
        var source = rows
        if let pick = picks[given], pick.input.buffer != nil {
            source = pick.input
            for node in spec.feature.indices where spec.left[node] != TreeSpec.noChild {
                spec.feature[node] = pick.map.start[Int(spec.feature[node])]
            }
        }
        let leaves = spec.left.indices.filter { spec.left[$0] == TreeSpec.noChild }
        guard reserve(leaves.count, for: buffer) else { return }
        for (index, leaf) in leaves.enumerated() { numbers[offsets[buffer] + index] = Double(spec.value[leaf]) }
        treeOfBuffer[buffer] = trees.count
        trees.append(Tree(rows: source, spec: spec, leaves: leaves))
    }

    /// A step was added that makes a buffer: where it reads one tree's numbers alone, it is run over the leaves.
    mutating func follow(_ step: some RowStep, width: Int, buffer: Int) {
        if let pick = step as? Movement.Pick { picks[buffer] = pick }
        var found: Int?
        for operand in step.operands {
            guard let read = operand.buffer else { continue }
            guard operand.width == 1, let tree = treeOfBuffer[read], found == nil || found == tree else { return }
            found = tree
        }
        guard let found, width == 1, step.extraWidth == 0 else { return }
        let count = trees[found].leaves.count
        guard reserve(count, for: buffer) else { return }
        let place = offsets[buffer]
        numbers.withUnsafeMutableBufferPointer { numbers in
            offsets.withUnsafeBufferPointer { offsets in
                let block = RowBlock(scratch: numbers.baseAddress!, offsets: offsets.baseAddress!, rowCount: count)
                step.run(block, into: numbers.baseAddress! + place)
            }
        }
        treeOfBuffer[buffer] = found
    }

    private mutating func reserve(_ count: Int, for buffer: Int) -> Bool {
        guard numbers.count + count <= Self.numbersMax else { return false }
        while offsets.count <= buffer { offsets.append(0) }
        offsets[buffer] = numbers.count
        numbers.append(contentsOf: repeatElement(0, count: count))
        return true
    }

    /// The trees whose sum, from the first to the last, is that of the buffers; `nil`: not all of them are different
    /// trees over the same rows.
    func forest(_ buffers: [Int], limits: ForestLimits) throws(ModelFailure) -> (rows: Operand, forest: Forest)? {
        // Values of one tree make another value of it.
        guard Set(buffers.compactMap { treeOfBuffer[$0] }).count == buffers.count else { return nil }
        var specs: [TreeSpec] = []
        var rows: Operand?
        for buffer in buffers {
            guard let number = treeOfBuffer[buffer] else { return nil }
            let tree = trees[number]
            guard rows == nil || rows?.buffer == tree.rows.buffer else { return nil }
            rows = tree.rows
            var spec = tree.spec
            for (index, leaf) in tree.leaves.enumerated() {
                let number = numbers[offsets[buffer] + index]
                guard number.isFinite, Double(Float(number)) == number else { return nil }
                spec.value[leaf] = Float(number)
            }
            specs.append(spec)
        }
        guard let rows else { return nil }
        let spec = ForestSpec(featureCount: rows.width, trees: specs, baseMargins: [0])
        return (rows, try Forest(checking: spec, limits: limits))
    }
}

extension GraphCompiler {
    /// The sum of values that are one tree's each, as one forest; `nil`: it is none.
    mutating func sumOfTrees(_ values: [GraphValue], _ node: ONNXNode) throws(ModelFailure) -> GraphValue? {
        var buffers: [Int] = []
        for value in values {
            guard case .buffer(let buffer) = value.storage, value.type == .float, value.width == 1,
                value.dims == values[0].dims
            else { return nil }
            buffers.append(buffer)
        }
        guard let (rows, forest) = try leafTables.forest(buffers, limits: limits) else { return nil }
        let step = ForestStep(forest, input: rows, isSum: true)
        return try emit(step, node, type: .float, dims: values[0].dims)
    }
}

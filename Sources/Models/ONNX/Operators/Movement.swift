/// Operators that move numbers about and change none.
enum Movement {
    static func identity(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        [try compiler.input(node)]
    }

    /// Numbers from places of one input.
    struct Pick: RowStep {
        let input: Operand
        let map: FrozenArray<Int32>
        var operands: [Operand] { [input] }

        func sources(_ known: (Operand) -> [ColumnSource]) -> [ColumnSource]? {
            let all = known(input)
            return (0..<map.count).map { all[Int(map.start[$0])] }
        }

        func run(_ block: RowBlock, into output: UnsafeMutablePointer<Double>) {
            let source = block.start(input)
            let width = map.count
            let map = map.start
            for row in 0..<block.rowCount {
                let from = source + row &* input.stride
                let to = output + row &* width
                for index in 0..<width { to[index] = from[Int(map[index])] }
            }
        }
    }

    static func pick(
        _ value: GraphValue, _ map: [Int32], dims: [Int], _ compiler: inout GraphCompiler, _ node: ONNXNode
    ) throws(ModelFailure) -> GraphValue {
        try compiler.charge(map.count, node)
        let step = Pick(input: compiler.operand(value), map: FrozenArray(map))
        var result = try compiler.emit(step, node, type: value.type, dims: dims)
        result.isProbabilities = false
        return result
    }

    // MARK: Concat

    private struct Join: RowStep {
        /// An input without references, so that a run counts none.
        private struct Part: BitwiseCopyable, Sendable {
            /// -1: it is a constant.
            let buffer: Int
            /// The address of a constant, which `inputs` keep.
            let constant: UInt
            let stride: Int
            let chunk: Int
        }

        let inputs: [Operand]
        /// Numbers that each input gives at a time, and how often.
        let chunks: [Int]
        let repeats: Int
        private let parts: FrozenArray<Part>
        private let width: Int
        var operands: [Operand] { inputs }

        init(inputs: [Operand], chunks: [Int], repeats: Int) {
            self.inputs = inputs
            self.chunks = chunks
            self.repeats = repeats
            parts = FrozenArray(
                zip(inputs, chunks).map { input, chunk in
                    Part(
                        buffer: input.buffer ?? -1, constant: input.constant.map { UInt(bitPattern: $0.start) } ?? 0,
                        stride: input.stride, chunk: chunk)
                })
            width = chunks.reduce(0, +)
        }

        func sources(_ known: (Operand) -> [ColumnSource]) -> [ColumnSource]? {
            let all = operands.map(known)
            return (0..<repeats).flatMap { turn in
                operands.indices.flatMap { index in
                    let chunk = sources.start[index].chunk
                    return all[index][turn * chunk..<(turn + 1) * chunk]
                }
            }
        }

        func run(_ block: RowBlock, into output: UnsafeMutablePointer<Double>) {
            var first = 0
            for index in 0..<parts.count {
                let input = parts.start[index]
                let source =
                    input.buffer < 0
                    ? UnsafePointer<Double>(bitPattern: input.constant)!
                    : UnsafePointer(block.scratch + block.offsets[input.buffer])
                for row in 0..<block.rowCount {
                    for turn in 0..<repeats {
                        let from = source + (row &* input.stride &+ turn &* input.chunk)
                        let to = output + ((row &* repeats &+ turn) &* width &+ first)
                        for place in 0..<input.chunk { to[place] = from[place] }
                    }
                }
                first &+= input.chunk
            }
        }
    }

    static func concat(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        let values = try compiler.inputs(node)
        return [try join(values, axis: node.int("axis") ?? 1, &compiler, node)]
    }

    static func join(
        _ values: [GraphValue], axis: Int, _ compiler: inout GraphCompiler, _ node: ONNXNode
    ) throws(ModelFailure) -> GraphValue {
        // Constants beside values of every row: as wide as they are, with one row for all.
        let shape = (values.first { !$0.isConstant } ?? values[0]).dims
        let axis = try GraphCompiler.axis(axis, of: shape, node)
        guard shape[axis] != GraphValue.rows else { throw GraphCompiler.unsupported("rows behind rows", node) }
        var size = 0
        for value in values {
            let fits =
                value.dims.count == shape.count
                && value.dims.indices.allSatisfy {
                    $0 == axis || value.dims[$0] == shape[$0]
                        || value.isConstant && shape[$0] == GraphValue.rows && value.dims[$0] == 1
                }
            guard fits, value.type == values[0].type else {
                throw ModelFailure(.wrongLength, "inputs that do not fit together", at: node.place)
            }
            size += value.dims[axis]
        }
        if values.count == 1 { return values[0] }
        let inner = shape[(axis + 1)...].reduce(1) { $1 == GraphValue.rows ? $0 : $0 * $1 }
        let outer = shape[..<axis].reduce(1) { $1 == GraphValue.rows ? $0 : $0 * $1 }
        var dims = shape
        dims[axis] = size
        let step = Join(
            inputs: values.map(compiler.operand), chunks: values.map { $0.dims[axis] * inner }, repeats: outer)
        return try compiler.emit(step, node, type: values[0].type, dims: dims)
    }

    // MARK: Shapes

    static func reshape(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        let value = try compiler.input(node)
        let wanted: [Double]
        if let shape = try compiler.optionalNumbers(node, 1) {
            wanted = shape
        } else {
            wanted = node.ints("shape").map(Double.init)
        }
        var dims: [Int] = []
        for (axis, size) in wanted.enumerated() {
            if size.isNaN {
                dims.append(GraphValue.rows)
            } else if size == 0, node.int("allowzero") != 1 {
                guard value.dims.indices.contains(axis) else {
                    throw ModelFailure(.wrongLength, "a shape with 0 at \(axis)", at: node.place)
                }
                dims.append(value.dims[axis])
            } else {
                // -1 stands for what is left, which has to be found.
                dims.append(size == -1 ? .min : Int(max(0, min(0x1p40, size))))
            }
        }
        return [try reshape(value, dims, node)]
    }

    /// `Int.min` in `wanted` is a size to be found.
    private static func reshape(
        _ value: GraphValue, _ wanted: [Int], _ node: ONNXNode
    ) throws(ModelFailure) -> GraphValue {
        var dims = wanted
        let mismatch = ModelFailure(
            .wrongLength, "\(value.width) numbers a row do not take the shape \(wanted)", at: node.place)
        if !value.isConstant, !dims.contains(GraphValue.rows) {
            // The rows stay the first dimension: -1, or the 1 of a graph that was written for one row.
            guard value.rowAxis == 0 || value.width == 1, let first = dims.first else {
                throw GraphCompiler.unsupported("rows that are not the first dimension", node)
            }
            let others = try GraphCompiler.checkWidth(dims.map { $0 == .min ? 1 : $0 }, node)
            if first == 1, let open = dims.firstIndex(of: .min), others == value.width {
                // A -1 for which nothing is left but the rows.
                dims[open] = GraphValue.rows
            } else {
                guard first == .min || first == 1 else { throw mismatch }
                dims[0] = GraphValue.rows
            }
        }
        guard dims.count(where: { $0 == GraphValue.rows }) <= 1, dims.count(where: { $0 == .min }) <= 1 else {
            throw mismatch
        }
        let known = try GraphCompiler.checkWidth(dims.map { $0 == .min ? 1 : $0 }, node)
        if let open = dims.firstIndex(of: .min) {
            guard value.width % known == 0 else { throw mismatch }
            dims[open] = value.width / known
        } else if known != value.width {
            throw mismatch
        }
        guard value.isConstant == !dims.contains(GraphValue.rows) else { throw mismatch }
        // Numbers of several rows may not be mixed: as many stand before the rows as did.
        if value.width > 1, let old = value.rowAxis, let new = dims.firstIndex(of: GraphValue.rows) {
            guard value.dims[..<old].reduce(1, *) == dims[..<new].reduce(1, *) else {
                throw GraphCompiler.unsupported("rows that change their place", node)
            }
        }
        var result = value
        result.dims = dims
        return result
    }

    static func flatten(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        let value = try compiler.input(node)
        let rank = value.dims.count
        let given = node.int("axis") ?? 1
        let axis = given < 0 ? given + rank : given
        guard (0...rank).contains(axis) else {
            throw ModelFailure(.wrongLength, "axis \(given) of \(rank)", at: node.place)
        }
        if value.isConstant {
            let outer = value.dims[..<axis].reduce(1, *)
            let inner = value.dims[axis...].reduce(1, *)
            return [try reshape(value, [outer, inner], node)]
        }
        guard axis == 1 || axis == 0 && value.width == 1 else {
            throw GraphCompiler.unsupported("rows that are not the first dimension", node)
        }
        return [try reshape(value, axis == 1 ? [GraphValue.rows, value.width] : [1, GraphValue.rows], node)]
    }

    private static func axes(
        _ compiler: GraphCompiler, _ node: ONNXNode
    ) throws(ModelFailure) -> [Int]? {
        if let axes = try compiler.optionalInts(node, 1) { return axes }
        return node.optionalInts("axes")
    }

    static func squeeze(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        let value = try compiler.input(node)
        var dropped: Set<Int> = []
        if let axes = try axes(compiler, node) {
            for axis in axes { dropped.insert(try GraphCompiler.axis(axis, of: value.dims, node)) }
        } else {
            dropped = Set(value.dims.indices.filter { value.dims[$0] == 1 })
        }
        guard dropped.allSatisfy({ value.dims[$0] == 1 }) else {
            throw ModelFailure(.wrongLength, "an axis that is not 1 wide", at: node.place)
        }
        var result = value
        result.dims = value.dims.indices.filter { !dropped.contains($0) }.map { value.dims[$0] }
        return [result]
    }

    static func unsqueeze(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        let value = try compiler.input(node)
        let axes = try axes(compiler, node) ?? []
        let rank = value.dims.count + axes.count
        guard rank <= 32 else { throw ModelFailure(.wrongLength, "\(rank) dimensions", at: node.place) }
        let places = Set(axes.map { $0 < 0 ? $0 + rank : $0 })
        guard places.count == axes.count, places.allSatisfy({ (0..<rank).contains($0) }) else {
            throw ModelFailure(.wrongLength, "axes \(axes) of \(rank)", at: node.place)
        }
        var rest = value.dims[...]
        var result = value
        result.dims = (0..<rank).map { places.contains($0) ? 1 : rest.removeFirst() }
        return [result]
    }

    static func transpose(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        let value = try compiler.input(node)
        let order = node.optionalInts("perm") ?? value.dims.indices.reversed()
        guard order.sorted() == Array(value.dims.indices) else {
            throw ModelFailure(.wrongLength, "an order that is none", at: node.place)
        }
        let places = order.filter { value.dims[$0] != GraphValue.rows }
        var result = value
        result.dims = order.map { value.dims[$0] }
        if places == places.sorted() { return [result] }
        var strides = [Int](repeating: 0, count: value.dims.count)
        let kept = value.dims.indices.filter { value.dims[$0] != GraphValue.rows }
        for (axis, stride) in zip(kept, IndexMap.strides(kept.map { value.dims[$0] })) { strides[axis] = stride }
        let map = IndexMap.walk(dims: places.map { value.dims[$0] }, strides: places.map { strides[$0] })
        return [try pick(value, map, dims: result.dims, &compiler, node)]
    }
}

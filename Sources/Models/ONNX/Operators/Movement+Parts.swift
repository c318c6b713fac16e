extension Movement {
    /// Rows of a constant table, chosen by a number that is computed.
    private struct LookUp: RowStep {
        let indices: Operand
        let table: Operand
        let count: Int
        /// Numbers behind each index.
        let inner: Int
        var operands: [Operand] { [indices, table] }

        func run(_ block: RowBlock, into output: UnsafeMutablePointer<Double>) {
            let source = block.start(indices)
            let table = block.start(table)
            for row in 0..<block.rowCount {
                for place in 0..<indices.width {
                    let index = source[row &* indices.stride &+ place]
                    let wanted = index < 0 ? index + Double(count) : index
                    let to = output + (row &* indices.width &+ place) &* inner
                    // What is outside is missing: an index may come from a row that nobody foresaw.
                    guard wanted >= 0, wanted < Double(count) else {
                        for turn in 0..<inner { to[turn] = .nan }
                        continue
                    }
                    let from = table + Int(wanted) &* inner
                    for turn in 0..<inner { to[turn] = from[turn] }
                }
            }
        }
    }

    static func gather(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        let value = try compiler.input(node)
        let indices = try compiler.input(node, 1)
        let axis = try GraphCompiler.axis(node.int("axis") ?? 0, of: value.dims, node)
        return [try gather(value, indices, axis: axis, &compiler, node)]
    }

    static func gather(
        _ value: GraphValue, _ indices: GraphValue, axis: Int, _ compiler: inout GraphCompiler, _ node: ONNXNode
    ) throws(ModelFailure) -> GraphValue {
        let size = value.dims[axis]
        guard size != GraphValue.rows else { throw GraphCompiler.unsupported("rows that are chosen", node) }
        guard let chosen = indices.numbers else {
            guard value.isConstant, value.dims[..<axis].allSatisfy({ $0 == 1 }) else {
                throw GraphCompiler.unsupported("places that depend on the row", node)
            }
            let step = LookUp(
                indices: compiler.operand(indices), table: compiler.operand(value), count: size,
                inner: value.dims[(axis + 1)...].reduce(1, *))
            return try compiler.emit(
                step, node, type: value.type, dims: value.dims[..<axis] + indices.dims + value.dims[(axis + 1)...])
        }
        var places: [Int] = []
        for index in try GraphCompiler.ints(chosen, node) {
            let place = index < 0 ? index + size : index
            guard place >= 0, place < size else {
                throw ModelFailure(.featureOutOfRange, "place \(index) of \(size)", at: node.place)
            }
            places.append(place)
        }
        return try take(
            value, axis: axis, places, dims: value.dims[..<axis] + indices.dims + value.dims[(axis + 1)...], &compiler,
            node)
    }

    /// The given places along one axis.
    private static func take(
        _ value: GraphValue, axis: Int, _ places: [Int], dims: [Int], _ compiler: inout GraphCompiler, _ node: ONNXNode
    ) throws(ModelFailure) -> GraphValue {
        let width = try GraphCompiler.checkWidth(dims, node)
        if places == Array(0..<value.dims[axis]) {
            var result = value
            result.dims = dims
            return result
        }
        try compiler.charge(width, node)
        let inner = value.dims[(axis + 1)...].reduce(1) { $1 == GraphValue.rows ? $0 : $0 * $1 }
        let outer = value.dims[..<axis].reduce(1) { $1 == GraphValue.rows ? $0 : $0 * $1 }
        let size = value.dims[axis]
        var map: [Int32] = []
        map.reserveCapacity(width)
        for turn in 0..<outer {
            for place in places {
                let start = (turn * size + place) * inner
                for index in 0..<inner { map.append(Int32(start + index)) }
            }
        }
        return try pick(value, map, dims: dims, &compiler, node)
    }

    static func slice(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        var value = try compiler.input(node)
        let starts = try compiler.optionalInts(node, 1) ?? node.ints("starts")
        let ends = try compiler.optionalInts(node, 2) ?? node.ints("ends")
        let axes = try compiler.optionalInts(node, 3) ?? node.optionalInts("axes") ?? Array(starts.indices)
        let steps = try compiler.optionalInts(node, 4) ?? starts.map { _ in 1 }
        guard starts.count == ends.count, starts.count == axes.count, starts.count == steps.count else {
            throw ModelFailure(.wrongLength, "starts, ends, axes and steps that do not agree", at: node.place)
        }
        guard starts.count <= value.dims.count else {
            throw ModelFailure(.wrongLength, "more axes than there are", at: node.place)
        }
        for index in starts.indices {
            let axis = try GraphCompiler.axis(axes[index], of: value.dims, node)
            let size = value.dims[axis]
            if size == GraphValue.rows {
                guard starts[index] == 0, ends[index] >= Int(Int32.max), steps[index] == 1 else {
                    throw GraphCompiler.unsupported("rows that are chosen", node)
                }
                continue
            }
            guard steps[index] != 0 else { throw ModelFailure(.badNumber, "a step of 0", at: node.place) }
            let step = max(-1 << 32, min(1 << 32, steps[index]))
            let range = bounds(starts[index], ends[index], step, size)
            let places = Array(stride(from: range.start, to: range.end, by: step))
            var dims = value.dims
            dims[axis] = places.count
            value = try take(value, axis: axis, places, dims: dims, &compiler, node)
        }
        return [value]
    }

    private static func bounds(_ start: Int, _ end: Int, _ step: Int, _ size: Int) -> (start: Int, end: Int) {
        let first = start < 0 ? start + size : start
        let last = end < 0 ? end + size : end
        if step > 0 { return (max(0, min(size, first)), max(0, min(size, last))) }
        return (max(-1, min(size - 1, first)), max(-1, min(size - 1, last)))
    }

    static func split(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        let value = try compiler.input(node)
        let axis = try GraphCompiler.axis(node.int("axis") ?? 0, of: value.dims, node)
        let size = value.dims[axis]
        guard size != GraphValue.rows else { throw GraphCompiler.unsupported("rows apart", node) }
        let count = node.outputs.count
        guard count > 0, count <= size else { throw ModelFailure(.wrongLength, "\(count) parts", at: node.place) }
        let even = (size + count - 1) / count
        var sizes = (0..<count).map { max(0, min(even, size - $0 * even)) }
        if let given = try compiler.optionalInts(node, 1) ?? node.optionalInts("split") { sizes = given }
        guard sizes.count == count, sizes.allSatisfy({ $0 > 0 && $0 <= size }), sizes.reduce(0, +) == size else {
            throw ModelFailure(.wrongLength, "parts that do not add up to \(size)", at: node.place)
        }
        var results: [GraphValue] = []
        var first = 0
        for part in sizes {
            var dims = value.dims
            dims[axis] = part
            results.append(try take(value, axis: axis, Array(first..<first + part), dims: dims, &compiler, node))
            first += part
        }
        return results
    }

    static func expand(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        let value = try compiler.input(node)
        let shape = try compiler.optionalNumbers(node, 1) ?? []
        var wanted: [Int] = []
        for size in shape { wanted.append(size.isNaN ? GraphValue.rows : Int(max(0, min(0x1p40, size)))) }
        if value.isConstant, wanted.contains(GraphValue.rows) {
            // One row for all is as good as a copy for each.
            wanted = wanted.map { $0 == GraphValue.rows ? 1 : $0 }
        }
        let shapes = Broadcast(value.dims, wanted)
        guard let shapes else { throw ModelFailure(.wrongLength, "\(value.dims) to \(wanted)", at: node.place) }
        let width = try GraphCompiler.checkWidth(shapes.dims, node)
        if width == value.width {
            var result = value
            result.dims = shapes.dims
            return [result]
        }
        try compiler.charge(width, node)
        let map = shapes.map(of: value.dims)
        return [try pick(value, map, dims: shapes.dims, &compiler, node)]
    }
}

/// How two shapes make one, as numpy has it: aligned at their ends, what is 1 wide is repeated.
struct Broadcast {
    let dims: [Int]

    /// `nil`: they do not fit together.
    init?(_ left: [Int], _ right: [Int]) {
        let rank = max(left.count, right.count)
        var dims: [Int] = []
        for axis in 0..<rank {
            let a = axis < rank - left.count ? 1 : left[axis - (rank - left.count)]
            let b = axis < rank - right.count ? 1 : right[axis - (rank - right.count)]
            guard a == b || a == 1 || b == 1 else { return nil }
            dims.append(a == 1 ? b : a)
        }
        guard dims.count(where: { $0 == GraphValue.rows }) <= 1 else { return nil }
        self.dims = dims
    }

    /// Where each number of the result comes from in a tensor of the given shape, which is one of the two.
    func map(of other: [Int]) -> [Int32] {
        let missing = dims.count - other.count
        let kept = other.map { $0 == GraphValue.rows ? 1 : $0 }
        let own = IndexMap.strides(kept)
        var sizes: [Int] = []
        var strides: [Int] = []
        for axis in dims.indices where dims[axis] != GraphValue.rows {
            sizes.append(dims[axis])
            let place = axis - missing
            strides.append(place < 0 || kept[place] == 1 ? 0 : own[place])
        }
        return IndexMap.walk(dims: sizes, strides: strides)
    }
}

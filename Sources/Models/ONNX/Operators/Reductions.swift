#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Operators over the numbers along some dimensions of a row.
enum Reductions {
    enum Kind: Sendable {
        case sum, mean, maximum, minimum, product, sumOfSquares, norm1, norm2, logSumExp
        case softmax, logSoftmax, argMax, argMin
    }

    static let kinds: [String: Kind] = [
        "ReduceSum": .sum, "ReduceMean": .mean, "ReduceMax": .maximum, "ReduceMin": .minimum, "ReduceProd": .product,
        "ReduceSumSquare": .sumOfSquares, "ReduceL1": .norm1, "ReduceL2": .norm2, "ReduceLogSumExp": .logSumExp,
    ]

    /// Numbers in groups: a group's numbers become one, or are replaced together.
    struct GroupStep: RowStep {
        let kind: Kind
        let input: Operand
        /// The places of each group's numbers, group after group; `nil`: they stand so already.
        let map: FrozenArray<Int32>?
        /// Numbers of a group.
        let size: Int
        let type: ElementType
        var operands: [Operand] { [input] }

        private var replaces: Bool { kind == .softmax || kind == .logSoftmax }

        func run(_ block: RowBlock, into output: UnsafeMutablePointer<Double>) {
            let source = block.start(input)
            let groups = input.width / size
            for row in 0..<block.rowCount {
                let from = source + row &* input.stride
                for group in 0..<groups {
                    if replaces {
                        replace(from, group &* size, output + row &* input.width)
                    } else {
                        output[row &* groups &+ group] = reduced(from, group &* size)
                    }
                }
            }
        }

        @inline(__always)
        private func place(_ index: Int) -> Int {
            if let map { return Int(map.start[index]) }
            return index
        }

        /// Sums are float64 and rounded once.
        private func reduced(_ from: UnsafePointer<Double>, _ first: Int) -> Double {
            switch kind {
            case .sum: return type.round(sum(from, first) { $0 })
            case .mean:
                let mean = sum(from, first) { $0 } / Double(size)
                return type == .int ? mean.rounded(.towardZero) : type.round(mean)
            case .sumOfSquares: return type.round(sum(from, first) { $0 * $0 })
            case .norm1: return type.round(sum(from, first) { abs($0) })
            case .norm2: return type.round(sum(from, first) { $0 * $0 }.squareRoot())
            case .product:
                var result = 1.0
                for index in first..<first &+ size { result *= from[place(index)] }
                return type.round(result)
            case .logSumExp:
                let greatest = extreme(from, first, sign: 1)
                return type.round(greatest + log(sum(from, first) { exp($0 - greatest) }))
            case .maximum: return extreme(from, first, sign: 1)
            case .minimum: return extreme(from, first, sign: -1)
            case .argMax: return Double(best(from, first, sign: 1))
            case .argMin: return Double(best(from, first, sign: -1))
            case .softmax, .logSoftmax: return 0
            }
        }

        private func replace(_ from: UnsafePointer<Double>, _ first: Int, _ output: UnsafeMutablePointer<Double>) {
            let greatest = extreme(from, first, sign: 1)
            let total = sum(from, first) { exp($0 - greatest) }
            for index in first..<first &+ size {
                let x = from[place(index)] - greatest
                output[place(index)] = type.round(kind == .softmax ? exp(x) / total : x - log(total))
            }
        }

        @inline(__always)
        private func sum(_ from: UnsafePointer<Double>, _ first: Int, _ term: (Double) -> Double) -> Double {
            var total = 0.0
            for index in first..<first &+ size { total += term(from[place(index)]) }
            return total
        }

        private func best(_ from: UnsafePointer<Double>, _ first: Int, sign: Double) -> Int {
            var best = 0
            for turn in 1..<max(1, size)
            where sign * from[place(first &+ turn)] > sign * from[place(first &+ best)] { best = turn }
            return best
        }

        private func extreme(_ from: UnsafePointer<Double>, _ first: Int, sign: Double) -> Double {
            from[place(first &+ best(from, first, sign: sign))]
        }
    }

    /// Adds a step over the groups of numbers that differ along the given axes only.
    private static func group(
        _ kind: Kind, _ value: GraphValue, axes: Set<Int>, type: ElementType, dims: [Int],
        _ compiler: inout GraphCompiler, _ node: ONNXNode
    ) throws(ModelFailure) -> GraphValue {
        guard axes.allSatisfy({ value.dims[$0] != GraphValue.rows }) else {
            throw GraphCompiler.unsupported("a result over all rows", node)
        }
        let inside = axes.sorted()
        let size = inside.reduce(1) { $0 * value.dims[$1] }
        guard size > 0 else { throw GraphCompiler.unsupported("a value without numbers", node) }
        let kept = value.dims.indices.filter { value.dims[$0] != GraphValue.rows }
        let order = kept.filter { !axes.contains($0) } + inside
        var map: FrozenArray<Int32>?
        if order != kept {
            try compiler.charge(value.width, node)
            let strides = Dictionary(
                uniqueKeysWithValues: zip(kept, IndexMap.strides(kept.map { value.dims[$0] })))
            map = FrozenArray(
                IndexMap.walk(dims: order.map { value.dims[$0] }, strides: order.map { strides[$0]! }))
        }
        let step = GroupStep(kind: kind, input: compiler.operand(value), map: map, size: size, type: value.type)
        return try compiler.emit(step, node, type: type, dims: dims)
    }

    private static func reducedDims(_ value: GraphValue, _ axes: Set<Int>, keeps: Bool) -> [Int] {
        value.dims.indices.compactMap { axes.contains($0) ? (keeps ? 1 : nil) : value.dims[$0] }
    }

    static func reduce(
        _ kind: Kind, _ compiler: inout GraphCompiler, _ node: ONNXNode
    ) throws(ModelFailure) -> [GraphValue] {
        let value = try compiler.input(node)
        var axes: Set<Int> = []
        if let given = try compiler.optionalInts(node, 1) ?? node.optionalInts("axes") {
            for axis in given { axes.insert(try GraphCompiler.axis(axis, of: value.dims, node)) }
        }
        if axes.isEmpty {
            if node.int("noop_with_empty_axes") == 1 { return [value] }
            axes = Set(value.dims.indices)
        }
        let dims = reducedDims(value, axes, keeps: node.int("keepdims") != 0)
        return [try group(kind, value, axes: axes, type: value.type, dims: dims, &compiler, node)]
    }

    static func softmax(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        try softmax(.softmax, &compiler, node)
    }

    static func logSoftmax(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        try softmax(.logSoftmax, &compiler, node)
    }

    private static func softmax(
        _ kind: Kind, _ compiler: inout GraphCompiler, _ node: ONNXNode
    ) throws(ModelFailure) -> [GraphValue] {
        let value = try compiler.input(node)
        // Before operator set 13 all dimensions from the axis on were one.
        let isOld = compiler.operatorSet < 13
        let axis = try GraphCompiler.axis(node.int("axis") ?? (isOld ? 1 : -1), of: value.dims, node)
        let axes = isOld ? Set(axis..<value.dims.count) : [axis]
        return [try group(kind, value, axes: axes, type: value.type, dims: value.dims, &compiler, node)]
    }

    static func argMax(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        try arg(.argMax, &compiler, node)
    }

    static func argMin(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        try arg(.argMin, &compiler, node)
    }

    private static func arg(
        _ kind: Kind, _ compiler: inout GraphCompiler, _ node: ONNXNode
    ) throws(ModelFailure) -> [GraphValue] {
        let value = try compiler.input(node)
        guard node.int("select_last_index") ?? 0 == 0 else {
            throw GraphCompiler.unsupported("the last of equals", node)
        }
        let axis = try GraphCompiler.axis(node.int("axis") ?? 0, of: value.dims, node)
        let dims = reducedDims(value, [axis], keeps: node.int("keepdims") != 0)
        return [try group(kind, value, axes: [axis], type: .int, dims: dims, &compiler, node)]
    }

    /// The class of each row's greatest probability.
    static func greatest(
        _ value: GraphValue, dims: [Int], _ compiler: inout GraphCompiler, _ node: ONNXNode
    ) throws(ModelFailure) -> GraphValue {
        try group(.argMax, value, axes: [value.dims.count - 1], type: .int, dims: dims, &compiler, node)
    }

    private struct TopStep: RowStep {
        let input: Operand
        let size: Int
        let count: Int
        /// 1: the greatest first; -1: the least.
        let sign: Double
        let wantsPlaces: Bool
        var operands: [Operand] { [input] }

        /// Each number has the place of how many stand before it.
        func run(_ block: RowBlock, into output: UnsafeMutablePointer<Double>) {
            let source = block.start(input)
            let groups = input.width / size
            for group in 0..<block.rowCount &* groups {
                let from = source + group &* size
                for index in 0..<size {
                    var rank = 0
                    for other in 0..<size {
                        let (a, b) = (sign * from[other], sign * from[index])
                        if a > b || a == b && other < index { rank &+= 1 }
                    }
                    if rank < count { output[group &* count &+ rank] = wantsPlaces ? Double(index) : from[index] }
                }
            }
        }
    }

    static func topK(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        let value = try compiler.input(node)
        let axis = try GraphCompiler.axis(node.int("axis") ?? -1, of: value.dims, node)
        let given = try compiler.optionalInts(node, 1)?.first ?? node.int("k") ?? 0
        let size = value.dims[axis]
        guard axis == value.dims.count - 1, size != GraphValue.rows, size <= 1_024 else {
            throw GraphCompiler.unsupported("this axis, or more than 1,024 numbers along it", node)
        }
        guard given > 0, given <= size else {
            throw ModelFailure(.wrongLength, "\(given) of \(size)", at: node.place)
        }
        try compiler.chargeWork(value.width * size, node)
        var dims = value.dims
        dims[axis] = given
        var results: [GraphValue] = []
        for wantsPlaces in [false, true] {
            let step = TopStep(
                input: compiler.operand(value), size: size, count: given, sign: node.int("largest") == 0 ? -1 : 1,
                wantsPlaces: wantsPlaces)
            results.append(try compiler.emit(step, node, type: wantsPlaces ? .int : value.type, dims: dims))
        }
        return results
    }
}

/// Layers of numbers times constant weights.
enum Dense {
    /// Rows times a constant matrix plus a constant row. Sums are float64 over the columns in order, rounded once.
    struct Layer: RowStep {
        let input: Operand
        /// `depth` rows of `width` numbers: one row for each input.
        let weights: FrozenArray<Double>
        let bias: FrozenArray<Double>?
        let depth: Int
        let width: Int
        let type: ElementType
        var operands: [Operand] { [input] }

        func run(_ block: RowBlock, into output: UnsafeMutablePointer<Double>) {
            let source = block.start(input)
            let rows = block.rowCount &* (input.width / depth)
            var row = 0
            while row < rows {
                one(source + row &* depth, output + row &* width)
                row &+= 1
            }
        }

        /// Eight outputs at a time stay in registers while the inputs pass by.
        private func one(_ x: UnsafePointer<Double>, _ output: UnsafeMutablePointer<Double>) {
            typealias Eight = SIMD8<Double>
            var column = 0
            while column &+ 8 <= width {
                var sum = Eight(repeating: 0)
                var weight = weights.start + column
                for index in 0..<depth {
                    let row = UnsafeRawPointer(weight).loadUnaligned(as: Eight.self)
                    sum += Eight(repeating: x[index]) * row
                    weight += width
                }
                for place in 0..<8 { finish(sum[place], column &+ place, output) }
                column &+= 8
            }
            while column < width {
                var sum = 0.0
                for index in 0..<depth { sum += x[index] * weights.start[index &* width &+ column] }
                finish(sum, column, output)
                column &+= 1
            }
        }

        @inline(__always)
        private func finish(_ sum: Double, _ column: Int, _ output: UnsafeMutablePointer<Double>) {
            output[column] = type.round(bias.map { sum + $0.start[column] } ?? sum)
        }
    }

    /// `weights`: `depth` rows of `width` numbers.
    static func layer(
        _ value: GraphValue, weights: [Double], bias: [Double]?, depth: Int, width: Int,
        _ compiler: inout GraphCompiler, _ node: ONNXNode
    ) throws(ModelFailure) -> GraphValue {
        guard depth > 0, width > 0, value.dims.last == depth, value.type.isReal else {
            throw ModelFailure(
                .wrongLength, "\(value.dims.last ?? 0) columns for weights of \(depth)", at: node.place)
        }
        // As many as `weights` holds, which are there already: only what they are multiplied with is counted.
        if value.isConstant { try compiler.chargeWork(value.width / depth * weights.count, node) }
        let step = Layer(
            input: compiler.operand(value), weights: FrozenArray(weights), bias: bias.map(FrozenArray.init),
            depth: depth, width: width, type: value.type)
        return try compiler.emit(step, node, type: value.type, dims: value.dims.dropLast() + [width])
    }

    static func matMul(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        let value = try compiler.input(node)
        let matrix = try compiler.input(node, 1)
        guard let weights = matrix.numbers, matrix.dims.count == 2 else {
            throw GraphCompiler.unsupported("a second factor that is not a constant matrix", node)
        }
        try compiler.charge(weights.count, node)
        return [
            try layer(
                value, weights: weights, bias: nil, depth: matrix.dims[0], width: matrix.dims[1], &compiler, node)
        ]
    }

    static func gemm(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        let value = try compiler.input(node)
        let matrix = try compiler.input(node, 1)
        guard node.int("transA") ?? 0 == 0 else { throw GraphCompiler.unsupported("transA", node) }
        guard var weights = matrix.numbers, matrix.dims.count == 2, value.dims.count == 2 else {
            throw GraphCompiler.unsupported("a second factor that is not a constant matrix", node)
        }
        try compiler.charge(weights.count, node)
        var (depth, width) = (matrix.dims[0], matrix.dims[1])
        if node.int("transB") ?? 0 != 0 {
            weights = transposed(weights, rows: depth, columns: width)
            (depth, width) = (width, depth)
        }
        let alpha = node.float("alpha") ?? 1
        let beta = node.float("beta") ?? 1
        if alpha != 1 { weights = weights.map { $0 * alpha } }
        guard let addend = try compiler.optionalInput(node, 2), beta != 0 else {
            return [try layer(value, weights: weights, bias: nil, depth: depth, width: width, &compiler, node)]
        }
        if let numbers = addend.numbers, addend.width == width || addend.width == 1 {
            let bias = (0..<width).map { numbers[numbers.count == 1 ? 0 : $0] * beta }
            return [try layer(value, weights: weights, bias: bias, depth: depth, width: width, &compiler, node)]
        }
        guard beta == 1 else { throw GraphCompiler.unsupported("beta with an addend of every row", node) }
        let product = try layer(value, weights: weights, bias: nil, depth: depth, width: width, &compiler, node)
        return [try Arithmetic.apply(.add, product, addend, &compiler, node)]
    }

    static func transposed(_ weights: [Double], rows: Int, columns: Int) -> [Double] {
        var result: [Double] = []
        result.reserveCapacity(weights.count)
        for column in 0..<columns {
            for row in 0..<rows { result.append(weights[row * columns + column]) }
        }
        return result
    }

    /// In inference: a factor and an addend for each channel (dimension 1).
    static func batchNormalization(
        _ compiler: inout GraphCompiler, _ node: ONNXNode
    ) throws(ModelFailure) -> [GraphValue] {
        let value = try compiler.input(node)
        guard node.int("training_mode") ?? 0 == 0 else { throw GraphCompiler.unsupported("training", node) }
        var parts: [[Double]] = []
        for index in 1...4 { parts.append(try compiler.optionalNumbers(node, index) ?? []) }
        guard value.dims.count >= 2, value.dims[1] > 0, parts.allSatisfy({ $0.count == value.dims[1] }) else {
            throw ModelFailure(.wrongLength, "parameters that are not one for each channel", at: node.place)
        }
        let epsilon = node.float("epsilon") ?? Double(Float(1e-5))
        var factors: [Double] = []
        var addends: [Double] = []
        for channel in parts[0].indices {
            let factor = parts[0][channel] / (parts[3][channel] + epsilon).squareRoot()
            factors.append(factor)
            addends.append(parts[1][channel] - parts[2][channel] * factor)
        }
        let inner = value.dims[2...].reduce(1) { $1 == GraphValue.rows ? $0 : $0 * $1 }
        try compiler.charge(2 * value.width, node)
        let step = Affine(
            input: compiler.operand(value), offsets: nil, factors: FrozenArray(factors.flatMap { repeated($0, inner) }),
            addends: FrozenArray(addends.flatMap { repeated($0, inner) }), type: value.type)
        return [try compiler.emit(step, node, type: value.type, dims: value.dims)]
    }

    private static func repeated(_ number: Double, _ count: Int) -> [Double] { Array(repeating: number, count: count) }

    /// (x - offset) x factor + addend for each column, rounded once behind each of the first two.
    struct Affine: RowStep {
        let input: Operand
        let offsets: FrozenArray<Double>?
        let factors: FrozenArray<Double>
        let addends: FrozenArray<Double>?
        let type: ElementType
        var operands: [Operand] { [input] }

        func sources(_ known: (Operand) -> [ColumnSource]) -> [ColumnSource]? { known(input) }

        func run(_ block: RowBlock, into output: UnsafeMutablePointer<Double>) {
            let source = block.start(input)
            let width = factors.count
            let factors = factors.start
            for row in 0..<block.rowCount {
                let from = source + row &* width
                let to = output + row &* width
                if let offsets {
                    for column in 0..<width {
                        let difference = Double(Float(from[column] - offsets.start[column]))
                        to[column] = Double(Float(difference * factors[column]))
                    }
                } else if let addends {
                    for column in 0..<width {
                        to[column] = type.round(from[column] * factors[column] + addends.start[column])
                    }
                }
            }
        }
    }
}

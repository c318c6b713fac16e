#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension Arithmetic {
    enum Binary: Sendable {
        case add, subtract, multiply, divide, power, maximum, minimum, mean, remainder, parametricRelu
        case less, greater, equal, lessOrEqual, greaterOrEqual, and, or, exclusiveOr

        var isComparison: Bool {
            switch self {
            case .less, .greater, .equal, .lessOrEqual, .greaterOrEqual, .and, .or, .exclusiveOr: true
            default: false
            }
        }

        /// Takes any number of inputs.
        var isFolded: Bool {
            switch self {
            case .add, .maximum, .minimum, .mean: true
            default: false
            }
        }
    }

    static let binaries: [String: Binary] = [
        "Add": .add, "Sub": .subtract, "Mul": .multiply, "Div": .divide, "Pow": .power, "Max": .maximum,
        "Min": .minimum, "Sum": .add, "Mean": .mean, "Mod": .remainder, "PRelu": .parametricRelu, "Less": .less,
        "Greater": .greater, "Equal": .equal, "LessOrEqual": .lessOrEqual, "GreaterOrEqual": .greaterOrEqual,
        "And": .and, "Or": .or, "Xor": .exclusiveOr,
    ]

    /// An input with how its numbers are taken: one after the other, always the same one, or from places.
    struct Side: Sendable {
        let operand: Operand
        let map: FrozenArray<Int32>?
        /// Numbers from one to the next where there is no map: 1, or 0 for the same one.
        let step: Int
    }

    struct BinaryStep: RowStep {
        let kind: Binary
        let left: Side
        let right: Side
        let width: Int
        /// Of the result's arithmetic; of a comparison, what is compared.
        let type: ElementType
        var operands: [Operand] { [left.operand, right.operand] }

        func sources(_ known: (Operand) -> [ColumnSource]) -> [ColumnSource]? {
            let (first, second) = (known(left.operand), known(right.operand))
            return (0..<width).map { first[left.place($0)].joined(second[right.place($0)]) }
        }

        func run(_ block: RowBlock, into output: UnsafeMutablePointer<Double>) {
            let isSingle = type.isSingle
            switch kind {
            case .add where isSingle: each(block, output) { Double(Float($0 + $1)) }
            case .add, .mean: each(block, output) { type.round($0 + $1) }
            case .subtract where isSingle: each(block, output) { Double(Float($0 - $1)) }
            case .subtract: each(block, output) { $0 - $1 }
            case .multiply where isSingle: each(block, output) { Double(Float($0 * $1)) }
            case .multiply: each(block, output) { $0 * $1 }
            case .divide where type == .int: each(block, output) { ($0 / $1).rounded(.towardZero) }
            case .divide: each(block, output) { type.round($0 / $1) }
            case .power: each(block, output) { type.round(pow($0, $1)) }
            case .maximum: each(block, output) { $0.isNaN || $1.isNaN ? .nan : Swift.max($0, $1) }
            case .minimum: each(block, output) { $0.isNaN || $1.isNaN ? .nan : Swift.min($0, $1) }
            case .remainder: each(block, output) { Self.remainder($0, $1, type) }
            case .parametricRelu: each(block, output) { $0 < 0 ? type.round($0 * $1) : $0 }
            case .less: each(block, output) { $0 < $1 ? 1 : 0 }
            case .greater: each(block, output) { $0 > $1 ? 1 : 0 }
            case .equal: each(block, output) { $0 == $1 ? 1 : 0 }
            case .lessOrEqual: each(block, output) { $0 <= $1 ? 1 : 0 }
            case .greaterOrEqual: each(block, output) { $0 >= $1 ? 1 : 0 }
            case .and: each(block, output) { $0 != 0 && $1 != 0 ? 1 : 0 }
            case .or: each(block, output) { $0 != 0 || $1 != 0 ? 1 : 0 }
            case .exclusiveOr: each(block, output) { ($0 != 0) != ($1 != 0) ? 1 : 0 }
            }
        }

        /// Of integers the result has the divisor's sign, of floats (which say fmod=1) the dividend's.
        private static func remainder(_ x: Double, _ y: Double, _ type: ElementType) -> Double {
            let rest = fmod(x, y)
            if type.isReal { return rest }
            return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest
        }

        @inline(__always)
        private func each(
            _ block: RowBlock, _ output: UnsafeMutablePointer<Double>, _ result: (Double, Double) -> Double
        ) {
            let a = block.start(left.operand)
            let b = block.start(right.operand)
            for row in 0..<block.rowCount {
                let here = output + row &* width
                let x = a + row &* left.operand.stride
                let y = b + row &* right.operand.stride
                if left.map == nil, right.map == nil {
                    for index in 0..<width { here[index] = result(x[index &* left.step], y[index &* right.step]) }
                } else {
                    for index in 0..<width { here[index] = result(x[left.place(index)], y[right.place(index)]) }
                }
            }
        }
    }

    static func side(
        _ value: GraphValue, in shape: Broadcast, _ compiler: inout GraphCompiler, _ node: ONNXNode
    ) throws(ModelFailure) -> Side {
        let operand = compiler.operand(value)
        let width = try GraphCompiler.checkWidth(shape.dims, node)
        if value.width == width { return Side(operand: operand, map: nil, step: 1) }
        if value.width == 1 { return Side(operand: operand, map: nil, step: 0) }
        try compiler.charge(width, node)
        return Side(operand: operand, map: FrozenArray(shape.map(of: value.dims)), step: 1)
    }

    static func broadcast(_ left: GraphValue, _ right: GraphValue, _ node: ONNXNode) throws(ModelFailure) -> Broadcast {
        guard let shape = Broadcast(left.dims, right.dims) else {
            throw ModelFailure(.wrongLength, "the shapes \(left.dims) and \(right.dims) do not fit", at: node.place)
        }
        return shape
    }

    static func apply(
        _ kind: Binary, _ left: GraphValue, _ right: GraphValue, _ compiler: inout GraphCompiler, _ node: ONNXNode
    ) throws(ModelFailure) -> GraphValue {
        guard left.type == right.type || kind == .power else {
            throw ModelFailure(.wrongType, "inputs of different types", at: node.place)
        }
        let shape = try broadcast(left, right, node)
        let step = BinaryStep(
            kind: kind, left: try side(left, in: shape, &compiler, node),
            right: try side(right, in: shape, &compiler, node),
            width: try GraphCompiler.checkWidth(shape.dims, node), type: left.type)
        return try compiler.emit(step, node, type: kind.isComparison ? .bool : left.type, dims: shape.dims)
    }

    /// Two inputs; or any number of them, from left to right.
    static func fold(
        _ kind: Binary, _ compiler: inout GraphCompiler, _ node: ONNXNode
    ) throws(ModelFailure) -> [GraphValue] {
        let values = try compiler.inputs(node)
        guard values.count == 2 || kind.isFolded else {
            throw ModelFailure(.wrongLength, "\(values.count) inputs", at: node.place)
        }
        if node.int("broadcast") == 1, node.int("axis") != nil {
            throw GraphCompiler.unsupported("the old form of broadcasting", node)
        }
        if kind == .add, values.count > 1, let sum = try compiler.sumOfTrees(values, node) { return [sum] }
        var result = values[0]
        for value in values.dropFirst() { result = try apply(kind, result, value, &compiler, node) }
        if kind == .mean {
            let count = compiler.constant([Double(values.count)], type: result.type, dims: [])
            result = try apply(.divide, result, count, &compiler, node)
        }
        return [result]
    }

    static func clip(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        var value = try compiler.input(node)
        let bounds = [(1, "min", Binary.maximum), (2, "max", Binary.minimum)]
        for (index, name, kind) in bounds {
            if let bound = try compiler.optionalInput(node, index) {
                value = try apply(kind, value, bound, &compiler, node)
            } else if let bound = node.float(name) {
                value = try apply(
                    kind, value, compiler.constant([bound], type: value.type, dims: []), &compiler, node)
            }
        }
        return [value]
    }

    private struct ChoiceStep: RowStep {
        let condition: Side
        let yes: Side
        let no: Side
        let width: Int
        var operands: [Operand] { [condition.operand, yes.operand, no.operand] }

        func run(_ block: RowBlock, into output: UnsafeMutablePointer<Double>) {
            let conditions = block.start(condition.operand)
            let first = block.start(yes.operand)
            let second = block.start(no.operand)
            for row in 0..<block.rowCount {
                for index in 0..<width {
                    let isTrue = conditions[row &* condition.operand.stride &+ condition.place(index)] != 0
                    output[row &* width &+ index] =
                        isTrue
                        ? first[row &* yes.operand.stride &+ yes.place(index)]
                        : second[row &* no.operand.stride &+ no.place(index)]
                }
            }
        }
    }

    static func choose(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        let condition = try compiler.input(node)
        let yes = try compiler.input(node, 1)
        let no = try compiler.input(node, 2)
        guard yes.type == no.type, condition.type == .bool else {
            throw ModelFailure(.wrongType, "inputs of different types", at: node.place)
        }
        let both = try broadcast(yes, no, node)
        guard let shape = Broadcast(condition.dims, both.dims) else {
            throw ModelFailure(.wrongLength, "shapes that do not fit", at: node.place)
        }
        let step = ChoiceStep(
            condition: try side(condition, in: shape, &compiler, node), yes: try side(yes, in: shape, &compiler, node),
            no: try side(no, in: shape, &compiler, node), width: try GraphCompiler.checkWidth(shape.dims, node))
        return [try compiler.emit(step, node, type: yes.type, dims: shape.dims)]
    }
}

extension Arithmetic.Side {
    @inline(__always)
    func place(_ index: Int) -> Int {
        if let map { return Int(map.start[index]) }
        return index &* step
    }
}

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Operators that compute each number of the result from one number of each input. They compute in float64 and round
/// once, which for the four operations and the root is the float32 result itself.
enum Arithmetic {
    enum Unary: Sendable {
        case negative, absolute, exp, log, squareRoot, sigmoid, tanh, relu, not, isNaN, isInfinite, floor, ceil, round
        case sign, reciprocal, softplus, softsign, erf, sin, cos, tan, atan, sinh, cosh
        case leakyRelu, elu, selu, gelu, hardSigmoid, thresholdedRelu, celu, hardSwish, mish
    }

    static let unaries: [String: Unary] = [
        "Neg": .negative, "Abs": .absolute, "Exp": .exp, "Log": .log, "Sqrt": .squareRoot, "Sigmoid": .sigmoid,
        "Tanh": .tanh, "Relu": .relu, "Not": .not, "IsNaN": .isNaN, "IsInf": .isInfinite, "Floor": .floor,
        "Ceil": .ceil, "Round": .round, "Sign": .sign, "Reciprocal": .reciprocal, "Softplus": .softplus,
        "Softsign": .softsign, "Erf": .erf, "Sin": .sin, "Cos": .cos, "Tan": .tan, "Atan": .atan, "Sinh": .sinh,
        "Cosh": .cosh, "LeakyRelu": .leakyRelu, "Elu": .elu, "Selu": .selu, "Gelu": .gelu,
        "HardSigmoid": .hardSigmoid, "ThresholdedRelu": .thresholdedRelu, "Celu": .celu, "HardSwish": .hardSwish,
        "Mish": .mish,
    ]

    struct UnaryStep: RowStep {
        let kind: Unary
        let input: Operand
        let type: ElementType
        var alpha = 0.0
        var beta = 0.0
        var operands: [Operand] { [input] }

        func sources(_ known: (Operand) -> [ColumnSource]) -> [ColumnSource]? { known(input) }

        func run(_ block: RowBlock, into output: UnsafeMutablePointer<Double>) {
            let source = block.start(input)
            let count = block.rowCount &* input.width
            switch kind {
            case .relu: for index in 0..<count { output[index] = source[index] < 0 ? 0 : source[index] }
            case .negative: for index in 0..<count { output[index] = -source[index] }
            case .not: for index in 0..<count { output[index] = source[index] == 0 ? 1 : 0 }
            case .isNaN: for index in 0..<count { output[index] = source[index].isNaN ? 1 : 0 }
            case .sigmoid where type.isSingle:
                for index in 0..<count { output[index] = Double(Float(1 / (1 + exp(-source[index])))) }
            default: for index in 0..<count { output[index] = type.round(Self.value(kind, source[index], alpha, beta)) }
            }
        }

        static func value(_ kind: Unary, _ x: Double, _ alpha: Double, _ beta: Double) -> Double {
            switch kind {
            case .negative: -x
            case .absolute: abs(x)
            case .exp: exp(x)
            case .log: log(x)
            case .squareRoot: x.squareRoot()
            case .sigmoid: 1 / (1 + exp(-x))
            case .tanh: tanh(x)
            case .relu: x < 0 ? 0 : x
            case .not: x == 0 ? 1 : 0
            case .isNaN: x.isNaN ? 1 : 0
            case .isInfinite: x.isInfinite ? 1 : 0
            case .floor: x.rounded(.down)
            case .ceil: x.rounded(.up)
            case .round: x.rounded(.toNearestOrEven)
            case .sign: x > 0 ? 1 : x < 0 ? -1 : x
            case .reciprocal: 1 / x
            case .softplus: max(x, 0) + log1p(exp(-abs(x)))
            case .softsign: x / (1 + abs(x))
            case .erf: erf(x)
            case .sin: sin(x)
            case .cos: cos(x)
            case .tan: tan(x)
            case .atan: atan(x)
            case .sinh: sinh(x)
            case .cosh: cosh(x)
            default: activation(kind, x, alpha, beta)
            }
        }

        private static func activation(_ kind: Unary, _ x: Double, _ alpha: Double, _ beta: Double) -> Double {
            switch kind {
            case .leakyRelu: x < 0 ? alpha * x : x
            case .elu: x < 0 ? alpha * expm1(x) : x
            case .selu: x > 0 ? beta * x : beta * alpha * expm1(x)
            // `alpha` other than 0: the approximation with tanh.
            case .gelu where alpha != 0:
                0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
            case .gelu: 0.5 * x * (1 + erf(x / 2.0.squareRoot()))
            case .hardSigmoid: max(0, min(1, alpha * x + beta))
            case .thresholdedRelu: x > alpha ? x : 0
            case .celu: max(0, x) + min(0, alpha * expm1(x / alpha))
            case .hardSwish: x * max(0, min(1, x / 6 + 0.5))
            case .mish: x * tanh(max(x, 0) + log1p(exp(-abs(x))))
            default: x
            }
        }
    }

    static func unary(
        _ kind: Unary, _ compiler: inout GraphCompiler, _ node: ONNXNode
    ) throws(ModelFailure) -> [GraphValue] {
        let value = try compiler.input(node)
        var step = UnaryStep(kind: kind, input: compiler.operand(value), type: value.type)
        let type: ElementType
        switch kind {
        case .not, .isNaN, .isInfinite: type = .bool
        default: type = value.type
        }
        switch kind {
        case .leakyRelu: step.alpha = node.float("alpha") ?? Double(Float(0.01))
        case .elu, .thresholdedRelu, .celu: step.alpha = node.float("alpha") ?? 1
        case .selu:
            step.alpha = node.float("alpha") ?? Double(Float(1.67326319217681884765625))
            step.beta = node.float("gamma") ?? Double(Float(1.05070102214813232421875))
        case .hardSigmoid:
            step.alpha = node.float("alpha") ?? Double(Float(0.2))
            step.beta = node.float("beta") ?? 0.5
        case .gelu: step.alpha = node.text("approximate") == "tanh" ? 1 : 0
        case .isInfinite where node.int("detect_negative") == 0 || node.int("detect_positive") == 0:
            throw GraphCompiler.unsupported("infinities of one sign", node)
        default: break
        }
        return [try compiler.emit(step, node, type: type, dims: value.dims)]
    }

    static func cast(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        guard let type = ElementType(number: node.int("to") ?? 0), type != .text else {
            throw GraphCompiler.unsupported("the type \(node.int("to") ?? 0)", node)
        }
        return [try cast(try compiler.input(node), to: type, &compiler, node)]
    }

    static func castLike(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        [try cast(try compiler.input(node), to: try compiler.input(node, 1).type, &compiler, node)]
    }

    struct CastStep: RowStep {
        let input: Operand
        let type: ElementType
        var operands: [Operand] { [input] }

        func sources(_ known: (Operand) -> [ColumnSource]) -> [ColumnSource]? { known(input) }

        func run(_ block: RowBlock, into output: UnsafeMutablePointer<Double>) {
            let source = block.start(input)
            let count = block.rowCount &* input.width
            switch type {
            case .float: for index in 0..<count { output[index] = Double(Float(source[index])) }
            // Numbers that are missing stay so.
            case .int: for index in 0..<count { output[index] = source[index].rounded(.towardZero) }
            case .bool: for index in 0..<count { output[index] = source[index] == 0 ? 0 : 1 }
            default: for index in 0..<count { output[index] = source[index] }
            }
        }
    }

    static func cast(
        _ value: GraphValue, to type: ElementType, _ compiler: inout GraphCompiler, _ node: ONNXNode
    ) throws(ModelFailure) -> GraphValue {
        if value.type == type { return value }
        let isWider = type == .double || value.type == .bool && type != .bool
        if isWider {
            var result = value
            result.type = type
            return result
        }
        return try compiler.emit(
            CastStep(input: compiler.operand(value), type: type), node, type: type, dims: value.dims)
    }
}

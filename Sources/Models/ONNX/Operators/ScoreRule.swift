#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How scores become what an operator of ai.onnx.ml gives out.
enum PostTransform: String, Sendable {
    case none = "NONE"
    case logistic = "LOGISTIC"
    case softmax = "SOFTMAX"
    case softmaxZero = "SOFTMAX_ZERO"
    case probit = "PROBIT"

    init(_ node: ONNXNode) throws(ModelFailure) {
        let name = node.text("post_transform") ?? "NONE"
        guard let known = Self(rawValue: name) else {
            throw GraphCompiler.unsupported("post_transform \"\(name)\"", node)
        }
        self = known
    }

    /// By its number in TreeEnsemble.
    init?(number: Int) {
        let all: [Self] = [.none, .softmax, .logistic, .softmaxZero, .probit]
        guard all.indices.contains(number) else { return nil }
        self = all[number]
    }
}

/// From the sums of a linear model or an ensemble to its output. The binary rules are ONNX Runtime's, for the
/// specification leaves them open.
struct ScoreRule: Sendable {
    enum Binary: Sendable {
        /// As many scores as outputs.
        case plain
        /// One score s of two classes: 1 - s and s; with LOGISTIC the logistic of -s and of s.
        case complement
        /// One score s of two classes whose weights have both signs: -s and s; LOGISTIC of both.
        case opposite
        /// One output, to which only PROBIT applies.
        case single
    }

    let transform: PostTransform
    let binary: Binary
    /// One for each score, or none.
    let addends: [Double]
    /// How many trees a mean is of.
    let divisor: Double
    /// Outputs.
    let classCount: Int

    func emit(
        _ scores: GraphValue, _ compiler: inout GraphCompiler, _ node: ONNXNode
    ) throws(ModelFailure) -> GraphValue {
        let isNothing =
            addends.isEmpty && divisor == 1 && (transform == .none || binary == .single && transform != .probit)
        if isNothing, binary == .plain || binary == .single { return scores }
        let step = Step(
            input: compiler.operand(scores), transform: transform, binary: binary, addends: FrozenArray(addends),
            divisor: divisor, width: classCount, isSingle: scores.type.isSingle)
        return try compiler.emit(step, node, type: .float, dims: [GraphValue.rows, classCount])
    }

    struct Step: RowStep {
        let input: Operand
        let transform: PostTransform
        let binary: Binary
        let addends: FrozenArray<Double>
        let divisor: Double
        let width: Int
        let isSingle: Bool
        var operands: [Operand] { [input] }

        func run(_ block: RowBlock, into output: UnsafeMutablePointer<Double>) {
            let source = block.start(input)
            for row in 0..<block.rowCount {
                let from = source + row &* input.stride
                let to = output + row &* width
                switch binary {
                case .plain:
                    for place in 0..<width { to[place] = sum(from, place) }
                    Self.apply(transform, to, width)
                case .single:
                    to[0] = sum(from, 0)
                    if transform == .probit { Self.apply(.probit, to, 1) }
                case .complement, .opposite: two(sum(from, 0), to)
                }
            }
        }

        private func two(_ score: Double, _ to: UnsafeMutablePointer<Double>) {
            if transform == .logistic {
                to[0] = Self.logistic(-score)
                to[1] = Self.logistic(score)
                return
            }
            to[1] = Double(Float(transform == .probit ? Self.probit(score) : score))
            to[0] = binary == .opposite ? -to[1] : Double(Float(1 - to[1]))
        }

        @inline(__always)
        private func sum(_ from: UnsafePointer<Double>, _ place: Int) -> Double {
            var x = from[place]
            if divisor != 1 { x = isSingle ? Double(Float(x / divisor)) : x / divisor }
            if addends.count > 0 { x += addends.start[place] }
            return Double(Float(x))
        }

        static func logistic(_ x: Double) -> Double { Double(Float(1 / (1 + exp(-x)))) }

        static func apply(_ transform: PostTransform, _ x: UnsafeMutablePointer<Double>, _ count: Int) {
            switch transform {
            case .none: break
            case .logistic: for place in 0..<count { x[place] = logistic(x[place]) }
            case .probit: for place in 0..<count { x[place] = Double(Float(probit(x[place]))) }
            case .softmax, .softmaxZero: softmax(x, count, skipsZero: transform == .softmaxZero)
            }
        }

        /// `skipsZero`: scores of 0 stay 0.
        private static func softmax(_ x: UnsafeMutablePointer<Double>, _ count: Int, skipsZero: Bool) {
            var greatest = -Double.infinity
            for place in 0..<count where x[place] > greatest { greatest = x[place] }
            var total = 0.0
            for place in 0..<count {
                if skipsZero, abs(x[place]) <= Double(Float(1e-7)) {
                    x[place] *= exp(-greatest)
                } else {
                    x[place] = exp(x[place] - greatest)
                    total += x[place]
                }
            }
            for place in 0..<count { x[place] = Double(Float(x[place] / total)) }
        }

        /// The root of 2 times the inverse of the error function of 2x - 1, as Winitzki approximates it: with the
        /// constants, in float32, that ONNX Runtime has.
        private static func probit(_ score: Double) -> Double {
            let x = 2 * Float(score) - 1
            let logarithm = Float(log(Double((1 - x) * (1 + x))))
            let first = 2 / (Float(3.14159) * Float(0.147)) + 0.5 * logarithm
            let second = 1 / Float(0.147) * logarithm
            let root = (-first + (first * first - second).squareRoot()).squareRoot()
            return Double(Float(1.41421356) * (x < 0 ? -root : root))
        }
    }
}

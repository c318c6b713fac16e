/// The part of a graph that explanations are made from: one linear layer or one forest, what makes its columns from
/// the inputs one by one, and what makes the outputs of its sums.
///
/// Behind the sums the outputs may be scaled and shifted; then what only bends them, each upwards with its own sum
/// (logistic, softmax, a power), so that a sum explains an output without being it: it is the output's *margin*.
struct GraphMargin {
    enum Source {
        case linear(Dense.Layer)
        case forest(ForestStep)
    }

    /// An output's margin: a sum, times `scale`, plus `addend`.
    struct Output: Hashable {
        var sum: Int
        var scale = 1.0
        var addend = 0.0

        fileprivate mutating func flip() { (scale, addend) = (-scale, -addend) }
    }

    let source: Source
    /// What the layer or the forest reads.
    let input: Operand
    /// One for each output of the graph.
    private(set) var outputs: [Output]
    /// Sums have been bent: what follows counts only for its direction.
    private var isBent = false

    init(_ graph: GraphPredictor) throws(ModelFailure) {
        var tail: [(step: any RowStep, width: Int)] = []
        var operand = graph.result
        var found: (source: Source, input: Operand, width: Int)?
        while found == nil {
            guard let buffer = operand.buffer, buffer > 0 else { throw Self.unsupported("no model in it") }
            let step = graph.draft.steps[buffer - 1]
            switch step {
            case let layer as Dense.Layer where layer.input.width == layer.depth:
                found = (.linear(layer), layer.input, layer.width)
            case let forest as ForestStep: found = (.forest(forest), forest.input, operand.width)
            case is EnsembleStep:
                throw Self.unsupported("an ensemble of float64 inputs, of least and greatest or of unordered splits")
            default:
                let read = step.operands.filter { $0.buffer != nil }
                guard read.count == 1 else { throw Self.unsupported("several models, or an operator over them") }
                tail.append((step, operand.width))
                operand = read[0]
            }
        }
        source = found!.source
        input = found!.input
        outputs = (0..<found!.width).map { Output(sum: $0) }
        for (step, width) in tail.reversed() {
            try follow(step)
            guard outputs.count == width else { throw Self.unsupported("outputs that are put together") }
        }
    }

    static func unsupported(_ what: String) -> ModelFailure {
        ModelFailure(
            .unsupportedConstruct, "explanations of a graph with \(what) are not supported",
            suggestion: "supported: one tree ensemble or linear model behind steps that take inputs one by one")
    }

    private mutating func follow(_ step: any RowStep) throws(ModelFailure) {
        switch step {
        case let rule as ScoreRule.Step: follow(rule)
        case let step as Arithmetic.BinaryStep: try follow(step)
        case let step as Arithmetic.UnaryStep:
            if step.kind == .negative {
                for index in outputs.indices { outputs[index].flip() }
            } else if step.kind.isIncreasing {
                isBent = true
            } else {
                throw Self.unsupported("an operator behind the model that does not keep its order")
            }
        case let step as Arithmetic.CastStep: isBent = isBent || !step.type.isReal
        case let pick as Movement.Pick: outputs = (0..<pick.map.count).map { outputs[Int(pick.map.start[$0])] }
        case is Preprocessing.NormalizeStep: isBent = true
        case let step as Reductions.GroupStep where step.kind == .softmax || step.kind == .logSoftmax: isBent = true
        default: throw Self.unsupported("an operator behind the model that does not keep its outputs apart")
        }
    }

    private mutating func follow(_ rule: ScoreRule.Step) {
        if !isBent {
            for index in outputs.indices {
                outputs[index].scale /= rule.divisor
                outputs[index].addend /= rule.divisor
                if rule.addends.count == outputs.count { outputs[index].addend += rule.addends.start[index] }
            }
        }
        switch rule.binary {
        case .plain: isBent = isBent || rule.transform != .none
        case .single: isBent = isBent || rule.transform == .probit
        case .complement, .opposite:
            isBent = isBent || rule.transform == .logistic || rule.transform == .probit
            var other = outputs[0]
            other.flip()
            if !isBent, rule.binary == .complement { other.addend += 1 }
            outputs = [other, outputs[0]]
        }
    }

    private mutating func follow(_ step: Arithmetic.BinaryStep) throws(ModelFailure) {
        let isLeft = step.left.operand.buffer != nil
        let (side, other) = isLeft ? (step.left, step.right) : (step.right, step.left)
        guard let constants = other.operand.constant else { throw Self.unsupported("several models") }
        let given = outputs
        outputs = []
        var bends = false
        for index in 0..<step.width {
            let constant = constants.start[other.place(index)]
            var output = given[side.place(index)]
            switch step.kind {
            case .add: if !isBent { output.addend += constant }
            case .subtract:
                if !isLeft { output.flip() }
                if !isBent { output.addend += isLeft ? -constant : constant }
            case .multiply: scale(&output, by: constant)
            case .divide where isLeft: scale(&output, by: 1 / constant)
            case .power where !isLeft && constant > 0 && constant != 1:
                bends = true
                if constant < 1 { output.flip() }
            case .maximum, .minimum: bends = true
            default: throw Self.unsupported("an operator behind the model that does not keep its order")
            }
            outputs.append(output)
        }
        isBent = isBent || bends
    }

    private func scale(_ output: inout Output, by factor: Double) {
        if isBent {
            if factor < 0 { output.flip() }
        } else {
            output.scale *= factor
            output.addend *= factor
        }
    }
}

extension Arithmetic.Unary {
    /// A greater number never gives a smaller one.
    fileprivate var isIncreasing: Bool {
        switch self {
        case .exp, .log, .squareRoot, .sigmoid, .tanh, .relu, .softplus, .softsign, .erf, .atan, .sinh, .floor, .ceil,
            .round:
            true
        default: false
        }
    }
}

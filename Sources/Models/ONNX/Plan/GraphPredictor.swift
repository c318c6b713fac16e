/// A compiled graph: steps over blocks of rows, with every width, buffer and constant known beforehand.
final class GraphPredictor: Predictor {
    /// Rows at a time at most, and numbers of scratch that a block should not exceed: what fits a second cache.
    private static let blockRowsMax = 256
    private static let scratchTarget = 32_768

    let featureCount: Int
    let outputCount: Int
    let precision: Precision
    /// How each feature is rounded on its way in, by column: to float32, or to whole numbers.
    let inputTypes: [ElementType]
    /// What it was made from, without steps that it does not need; for explanations.
    let draft: PlanDraft
    private let isAllSingle: Bool
    let steps: [any RowStep]
    /// Where each step writes, and where each buffer begins; the rows themselves are buffer 0.
    private let outputs: FrozenArray<Int>
    private let offsets: FrozenArray<Int>
    let result: Operand
    let blockRows: Int
    let pool: ScratchPool

    var rawCount: Int { outputCount }
    var stepCount: Int { steps.count }

    init(_ draft: PlanDraft, inputTypes: [ElementType], result: Operand, precision: Precision) {
        featureCount = inputTypes.count
        outputCount = result.width
        self.inputTypes = inputTypes
        isAllSingle = inputTypes.allSatisfy { $0 == .float }
        self.precision = precision
        self.result = result
        let needed = draft.needed(result: result)
        steps = needed.map { draft.steps[$0] }
        self.draft = draft.keeping(needed)
        let (places, width) = draft.places(needed, result: result)
        blockRows = max(1, min(Self.blockRowsMax, Self.scratchTarget / max(1, width)))
        let rows = blockRows
        offsets = FrozenArray(places.map { $0 * rows })
        outputs = FrozenArray(needed.map { places[$0 + 1] * rows })
        pool = ScratchPool(count: width * rows)
    }

    func predict(
        rows: UnsafePointer<Double>, rowCount: Int, stride: Int, raw: UnsafeMutablePointer<Double>?,
        predictions: UnsafeMutablePointer<Double>?
    ) {
        let scratch = pool.take()
        var start = 0
        while start < rowCount {
            let block = RowBlock(
                scratch: scratch, offsets: offsets.start, rowCount: min(blockRows, rowCount &- start))
            fill(block, rows + start &* stride, stride)
            for index in steps.indices {
                steps[index].run(block, into: scratch + outputs.start[index])
            }
            copy(block, to: raw, from: start)
            copy(block, to: predictions, from: start)
            start &+= block.rowCount
        }
        pool.giveBack(scratch)
    }

    private func fill(_ block: RowBlock, _ rows: UnsafePointer<Double>, _ stride: Int) {
        let target = block.scratch + offsets.start[0]
        for row in 0..<block.rowCount {
            let source = rows + row &* stride
            let here = target + row &* featureCount
            if isAllSingle {
                for feature in 0..<featureCount { here[feature] = Double(Float(source[feature])) }
                continue
            }
            for feature in 0..<featureCount {
                let x = source[feature]
                switch inputTypes[feature] {
                case .float: here[feature] = Double(Float(x))
                case .int: here[feature] = x.rounded(.towardZero)
                case .bool: here[feature] = x == 0 ? 0 : 1
                default: here[feature] = x
                }
            }
        }
    }

    private func copy(_ block: RowBlock, to target: UnsafeMutablePointer<Double>?, from start: Int) {
        guard let target else { return }
        let source = block.start(result)
        for row in 0..<block.rowCount {
            let here = target + (start &+ row) &* outputCount
            for column in 0..<outputCount { here[column] = source[row &* result.stride &+ column] }
        }
    }
}

/// The steps of a graph while it is compiled.
struct PlanDraft {
    var steps: [any RowStep] = []
    /// Numbers a row of each buffer: the rows themselves, then one buffer for each step.
    var widths: [Int] = [0]

    /// The steps that the result depends on, in their order.
    func needed(result: Operand) -> [Int] {
        var isNeeded = [Bool](repeating: false, count: widths.count)
        if let buffer = result.buffer { isNeeded[buffer] = true }
        for index in steps.indices.reversed() where isNeeded[index + 1] {
            for operand in steps[index].operands { if let buffer = operand.buffer { isNeeded[buffer] = true } }
        }
        return steps.indices.filter { isNeeded[$0 + 1] }
    }

    /// The same with nothing in the place of the steps that are not needed.
    func keeping(_ needed: [Int]) -> PlanDraft {
        var draft = PlanDraft(steps: steps.map { _ in NoStep() }, widths: widths)
        for index in needed { draft.steps[index] = steps[index] }
        return draft
    }

    private struct NoStep: RowStep {
        var operands: [Operand] { [] }
        func run(_ block: RowBlock, into output: UnsafeMutablePointer<Double>) {}
    }

    /// Where each buffer begins, in numbers a row, and how many there are together. A buffer's place is used again
    /// after the last step that reads it.
    func places(_ needed: [Int], result: Operand) -> (places: [Int], width: Int) {
        var lastUse = [Int](repeating: -1, count: widths.count)
        for index in needed {
            lastUse[index + 1] = index
            for operand in steps[index].operands { if let buffer = operand.buffer { lastUse[buffer] = index } }
        }
        if let buffer = result.buffer { lastUse[buffer] = Int.max }
        var places = [Int](repeating: 0, count: widths.count)
        var total = widths[0]
        var free: [Int: [Int]] = [:]
        for index in needed {
            let width = widths[index + 1]
            if let place = free[width]?.popLast() {
                places[index + 1] = place
            } else {
                places[index + 1] = total
                total += width
            }
            var seen: Set<Int> = [index + 1]
            for operand in steps[index].operands { if let buffer = operand.buffer { seen.insert(buffer) } }
            for buffer in seen.sorted() where lastUse[buffer] == index {
                free[widths[buffer], default: []].append(places[buffer])
            }
        }
        return (places, total)
    }
}

import Features
import Models

/// Explains rows of one slice after the other and writes their reasons: one a worker, with all its buffers.
///
/// Rows that are to be explained are put together and computed a block at a time; each by itself gives the same bits.
final class RowExplainer {
    private let inputs: [FeatureIndex]
    private let text: ReasonText
    private var selection: ReasonSelection
    private let scratch = ExplanationScratch()
    private var explainer: ScoreExplainer?
    private var sign = 1.0
    /// The inputs of a block's rows.
    private let values: UnsafeMutablePointer<Double>
    private var contributions: UnsafeMutableBufferPointer<Double>
    /// Rows of the batch that the block holds, and how many of them were written.
    private let blockRows: UnsafeMutablePointer<Int>
    private var blockRowsMax = 0
    private var blockCount = 0
    private var written = 0
    private var rows = 0..<0

    private static let rowsMax = 64
    /// Contributions of a block, unless one row has more.
    private static let contributionsMax = 32_768

    init(_ plan: ExplanationPlan, inputs: [FeatureIndex], text: ReasonText) {
        self.inputs = inputs
        self.text = text
        selection = ReasonSelection(capacity: min(plan.reasonsMax, inputs.count), direction: plan.direction)
        values = .allocate(capacity: Self.rowsMax * inputs.count)
        blockRows = .allocate(capacity: Self.rowsMax)
        contributions = .allocate(capacity: Self.contributionsMax)
    }

    deinit {
        values.deallocate()
        contributions.deallocate()
        blockRows.deallocate()
    }

    var bytesMax: Int { text.bytesMax }

    /// Before the rows of a slice, with what explains the model that has scored them.
    func begin(_ rows: Range<Int>, _ explainer: ScoreExplainer) {
        precondition(explainer.featureCount == inputs.count, "\(explainer.featureCount) inputs, not \(inputs.count)")
        self.rows = rows
        self.explainer = explainer
        sign = explainer.isReversed ? -1 : 1
        blockCount = 0
        written = 0
        blockRowsMax = min(Self.rowsMax, max(1, Self.contributionsMax / explainer.contributionCount))
        let needed = blockRowsMax * explainer.contributionCount
        if needed > contributions.count {
            contributions.deallocate()
            contributions = .allocate(capacity: needed)
        }
    }

    /// Writes `[…]` or `null`; rows of a slice come in order.
    func write(_ context: BatchContext, row: Int, to out: inout UnsafeMutablePointer<UInt8>) {
        switch context.explanations[row] {
        case .none: ReasonText.append("[]", to: &out)
        case .skipped: ReasonText.append("null", to: &out)
        case .wanted:
            guard let explainer, let contributions = contributions.baseAddress else { return }
            if written == blockCount { explain(context, from: row, by: explainer, into: contributions) }
            precondition(blockRows[written] == row, "row \(row) where \(blockRows[written]) was explained")
            let place = written &* explainer.contributionCount &+ explainer.contributionStart
            writeReasons(values: values + written &* inputs.count, contributions: contributions + place, to: &out)
            written &+= 1
        }
    }

    private func explain(
        _ context: BatchContext, from first: Int, by explainer: ScoreExplainer,
        into contributions: UnsafeMutablePointer<Double>
    ) {
        let featureCount = context.frame.featureCount
        let dispositions = context.frame.dispositions
        blockCount = 0
        written = 0
        var row = first
        while row < rows.upperBound && blockCount < blockRowsMax {
            if dispositions[row] == .score && context.explanations[row] == .wanted {
                let features = context.frame.features + row &* featureCount
                let target = values + blockCount &* inputs.count
                for input in inputs.indices { target[input] = features[inputs[input].rawValue] }
                blockRows[blockCount] = row
                blockCount &+= 1
            }
            row &+= 1
        }
        explainer.explaining.explain(
            rows: values, rowCount: blockCount, stride: inputs.count, scratch: scratch, into: contributions)
    }

    private func writeReasons(
        values: UnsafePointer<Double>, contributions: UnsafePointer<Double>, to out: inout UnsafeMutablePointer<UInt8>
    ) {
        selection.choose(contributions, inputs.count, sign: sign)
        ReasonText.append("[", to: &out)
        for reason in 0..<selection.count {
            let input = selection[reason]
            text.write(
                input, value: values[input], contribution: sign * contributions[input], isFirst: reason == 0, to: &out)
        }
        ReasonText.append("]", to: &out)
    }
}

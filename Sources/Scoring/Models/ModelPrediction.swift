import Engine
import Events
import Foundation
public import Models

/// Predicts the rows of a table with a model alone: no pipeline, no features.
public struct ModelPrediction {
    /// What is written beside the predictions.
    public struct Columns: Hashable, Sendable {
        /// Raw outputs (margins), before the link function.
        public var raw = false
        /// What each input adds to each output's margin, and the base value behind them.
        public var contributions = false
        /// Columns of the table that are handed on; the first is anyhow, where it is no input.
        public var keep: [String] = []

        public init() {}
    }

    private static let rowsAtOnce = 1_024
    private static let numbersAtOnce = 1 << 20

    private let model: Model
    private let columns: Columns
    private let explainer: (any Explaining)?

    /// - Throws: `ModelFailure` where contributions are asked for of a model that cannot be explained.
    public init(model: Model, columns: Columns) throws {
        self.model = model
        self.columns = columns
        explainer = columns.contributions ? try model.makeExplainer() : nil
    }

    /// Of a table, what became of it.
    public struct Outcome: Hashable, Sendable {
        public let rows: Int
        /// Columns of the table that are no inputs of the model and were not handed on.
        public let passedOver: [String]
    }

    /// Reads `input` (csv, csv.gz or `-`) and writes `output`, a table with a row for each: the cells that are handed on,
    /// as they are written there; `raw0`, ... where asked for, then `pred0`, ..., then `contrib0`, ... where asked for: for
    /// each raw output one for each input and then the base value, which together are its margin. Numbers are the
    /// shortest that read back to the same float32 or float64, as the model computes.
    ///
    /// - Throws: `ReplayFailure` with what to mend; then no output is left behind.
    public func run(input: String, output: String) throws -> Outcome {
        let table = try ModelTable(model: model, path: input, keep: columns.keep)
        let target = try ReplayTarget(path: output)
        do {
            let file = FileByteSink(descriptor: target.descriptor, name: target.name)
            let sink: any ByteSink =
                RecordFormat.named(output).isCompressed ? GzipByteSink(into: file) : file
            let count = try predict(table, into: sink)
            try sink.finish()
            try target.commit()
            return Outcome(rows: count, passedOver: table.passedOver)
        } catch {
            target.discard()
            throw error
        }
    }

    /// What a block of rows needs, made once.
    private struct Block {
        var rows: [Double] = []
        var raw: [Double]
        var predictions: [Double]
        var contributions: [Double]
        /// Cells that are handed on, a row's with a comma behind each.
        var kept: [UInt8] = []
        var keptEnds: [Int] = []
        var count = 0
    }

    private func predict(_ table: ModelTable, into sink: any ByteSink) throws -> Int {
        let rawCount = columns.raw ? model.predictor.rawCount : 0
        let contributionCount = explainer.map { $0.rawCount * ($0.featureCount + 1) } ?? 0
        // Explanations of very wide models are long.
        let rowsAtOnce = max(1, min(Self.rowsAtOnce, Self.numbersAtOnce / max(1, contributionCount)))
        var block = Block(
            raw: [Double](repeating: .nan, count: max(1, rowsAtOnce * rawCount)),
            predictions: [Double](repeating: .nan, count: rowsAtOnce * model.outputCount),
            contributions: [Double](repeating: .nan, count: max(1, rowsAtOnce * contributionCount)))
        let scratch = ExplanationScratch()
        var text = Array(try header(table, rawCount: rawCount, contributionCount: contributionCount).utf8)
        var total = 0
        var isDone = false
        while !isDone {
            isDone = try !fill(&block, rowsAtOnce: rowsAtOnce, from: table)
            predict(&block, wantsRaw: rawCount > 0, scratch)
            for row in 0..<block.count {
                text += block.kept[(row == 0 ? 0 : block.keptEnds[row - 1])..<block.keptEnds[row]]
                append(block.raw, row, of: rawCount, to: &text)
                append(block.predictions, row, of: model.outputCount, to: &text)
                append(block.contributions, row, of: contributionCount, to: &text)
                text[text.count - 1] = UInt8(ascii: "\n")
            }
            total += block.count
            try text.withUnsafeBytes { try sink.write($0) }
            text.removeAll(keepingCapacity: true)
        }
        return total
    }

    /// Reads rows; false: there are no more.
    private func fill(_ block: inout Block, rowsAtOnce: Int, from table: ModelTable) throws -> Bool {
        block.rows.removeAll(keepingCapacity: true)
        block.kept.removeAll(keepingCapacity: true)
        block.keptEnds.removeAll(keepingCapacity: true)
        block.count = 0
        while block.count < rowsAtOnce {
            guard try table.appendRow(to: &block.rows) else { return false }
            table.appendKept(to: &block.kept)
            block.keptEnds.append(block.kept.count)
            block.count += 1
        }
        return true
    }

    private func predict(_ block: inout Block, wantsRaw: Bool, _ scratch: ExplanationScratch) {
        // A model without inputs has rows all the same.
        if block.rows.isEmpty { block.rows.append(.nan) }
        let (count, width) = (block.count, model.featureCount)
        block.rows.withUnsafeBufferPointer { rows in
            block.raw.withUnsafeMutableBufferPointer { raw in
                block.predictions.withUnsafeMutableBufferPointer { predictions in
                    model.predictor.predict(
                        rows: rows.baseAddress!, rowCount: count, stride: width,
                        raw: wantsRaw ? raw.baseAddress! : nil, predictions: predictions.baseAddress!)
                }
            }
            block.contributions.withUnsafeMutableBufferPointer { contributions in
                explainer?.explain(
                    rows: rows.baseAddress!, rowCount: count, stride: width, scratch: scratch,
                    into: contributions.baseAddress!)
            }
        }
    }

    private func header(_ table: ModelTable, rawCount: Int, contributionCount: Int) throws -> String {
        let names =
            table.keptColumns.map(Self.quoted)
            + (0..<rawCount).map { "raw\($0)" } + (0..<model.outputCount).map { "pred\($0)" }
            + (0..<contributionCount).map { "contrib\($0)" }
        var seen: Set<String> = []
        if let twice = names.first(where: { !seen.insert($0).inserted }) {
            throw ReplayFailure(
                .usage, "two columns of the output would be called \(twice): rename the one that is kept")
        }
        return names.joined(separator: ",") + "\n"
    }

    /// A name as a cell of a table's header.
    private static func quoted(_ name: String) -> String {
        let isPlain = !name.contains { ",\"".contains($0) || $0.isNewline }
        return isPlain ? name : "\"" + name.replacingOccurrences(of: "\"", with: "\"\"") + "\""
    }

    /// Appends a row's numbers, a comma behind each.
    private func append(_ values: [Double], _ row: Int, of count: Int, to text: inout [UInt8]) {
        for value in values[row * count..<(row + 1) * count] {
            defer { text.append(UInt8(ascii: ",")) }
            guard value.isFinite else {
                text += Array((value.isNaN ? "nan" : value > 0 ? "inf" : "-inf").utf8)
                continue
            }
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: NumberText.bytesMax) { bytes in
                let start = bytes.baseAddress!
                let count =
                    model.precision == .single
                    ? NumberText.write(Float(value), to: start) : NumberText.write(value, to: start)
                text += UnsafeBufferPointer(start: start, count: count)
            }
        }
    }
}

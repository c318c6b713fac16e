import Engine
import Events
import Foundation
public import Models

/// Predicts the rows of a table with a model alone: no pipeline, no features.
///
/// The table's header names the model's inputs: in any order where the model knows their names, else in the model's.
/// Columns that the model does not know are an error, so that nothing is predicted from the wrong table.
public struct ModelPrediction {
    /// What is written beside the predictions.
    public struct Columns: Hashable, Sendable {
        /// Raw outputs (margins), before the link function.
        public var raw = false

        public init() {}
    }

    private static let rowsAtOnce = 1_024

    private let model: Model
    private let columns: Columns

    public init(model: Model, columns: Columns) {
        self.model = model
        self.columns = columns
    }

    /// Reads `input` (csv, csv.gz or `-`) and writes `output`, a table with a row for each: `raw0`, ... where asked for,
    /// then `pred0`, ... Numbers are the shortest that read back to the same float32 or float64, as the model computes.
    ///
    /// - Returns: rows.
    /// - Throws: `ReplayFailure` with what to mend; then no output is left behind.
    public func run(input: String, output: String) throws -> Int {
        let table = try NumberTableReader(path: input)
        let places = try places(of: table)
        let target = try ReplayTarget(path: output)
        do {
            let file = FileByteSink(descriptor: target.descriptor, name: target.name)
            let sink: any ByteSink =
                RecordFormat.named(output).isCompressed ? GzipByteSink(into: file) : file
            let count = try predict(table, places, into: sink)
            try sink.finish()
            try target.commit()
            return count
        } catch {
            target.discard()
            throw error
        }
    }

    /// For each of the table's columns the model's input that it holds.
    private func places(of table: NumberTableReader) throws -> [Int] {
        let names = model.featureNames
        let count = table.columns.count
        if names.isEmpty || names == table.columns {
            guard count == model.featureCount else {
                throw ReplayFailure(
                    .environment, "\(table.path): \(count) columns, where the model has \(model.featureCount) inputs")
            }
            return Array(0..<count)
        }
        var numbers: [String: Int] = [:]
        for (number, name) in names.enumerated() { numbers[name] = number }
        var places: [Int] = []
        for column in table.columns {
            guard let place = numbers.removeValue(forKey: column) else {
                throw ReplayFailure(
                    .environment,
                    "\(table.path): column \"\(column)\" is no input of the model\(names.contains(column) ? ", twice" : "")"
                        + "; its inputs are \(names.prefix(8).joined(separator: ", "))\(names.count > 8 ? ", ..." : "")"
                )
            }
            places.append(place)
        }
        if let missing = names.first(where: { numbers[$0] != nil }) {
            throw ReplayFailure(
                .environment, "\(table.path): no column \"\(missing)\", which is an input of the model")
        }
        return places
    }

    private func predict(_ table: NumberTableReader, _ places: [Int], into sink: any ByteSink) throws -> Int {
        let width = model.featureCount
        let rawCount = columns.raw ? model.predictor.rawCount : 0
        let outputCount = model.outputCount
        var rows: [Double] = []
        var values: [Double] = []
        var raw = [Double](repeating: .nan, count: max(1, Self.rowsAtOnce * rawCount))
        var predictions = [Double](repeating: .nan, count: Self.rowsAtOnce * outputCount)
        var text = Array(header(rawCount: rawCount).utf8)
        var total = 0
        var isDone = false
        while !isDone {
            rows.removeAll(keepingCapacity: true)
            var count = 0
            while count < Self.rowsAtOnce {
                guard try table.next(into: &values) else {
                    isDone = true
                    break
                }
                let start = rows.count
                rows.append(contentsOf: repeatElement(.nan, count: width))
                for (column, value) in values.enumerated() { rows[start + places[column]] = value }
                count += 1
            }
            // A model without inputs has rows all the same.
            if rows.isEmpty { rows.append(.nan) }
            rows.withUnsafeBufferPointer { rows in
                raw.withUnsafeMutableBufferPointer { raw in
                    predictions.withUnsafeMutableBufferPointer { predictions in
                        model.predictor.predict(
                            rows: rows.baseAddress!, rowCount: count, stride: width,
                            raw: rawCount > 0 ? raw.baseAddress! : nil, predictions: predictions.baseAddress!)
                    }
                }
            }
            for row in 0..<count {
                append(raw[row * rawCount..<(row + 1) * rawCount], to: &text)
                if rawCount > 0 { text.append(UInt8(ascii: ",")) }
                append(predictions[row * outputCount..<(row + 1) * outputCount], to: &text)
                text.append(UInt8(ascii: "\n"))
            }
            total += count
            try text.withUnsafeBytes { try sink.write($0) }
            text.removeAll(keepingCapacity: true)
        }
        return total
    }

    private func header(rawCount: Int) -> String {
        let names = (0..<rawCount).map { "raw\($0)" } + (0..<model.outputCount).map { "pred\($0)" }
        return names.joined(separator: ",") + "\n"
    }

    private func append(_ values: ArraySlice<Double>, to text: inout [UInt8]) {
        for (place, value) in values.enumerated() {
            if place > 0 { text.append(UInt8(ascii: ",")) }
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

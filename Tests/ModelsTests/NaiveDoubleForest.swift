import Foundation
import Testing

@testable import Models

/// A forest in float64 evaluated as LightGBM's documentation says it, to hold the kernels against.
enum NaiveDoubleForest {
    /// The float32 nearest to 1e-35.
    static let zeroMax = 1.0000000180025095e-35

    static func margins(_ forest: DoubleForest, _ row: [Double]) -> [Double] {
        // The library takes a row's values that are next to nothing for 0 before it looks at them.
        let row = row.map { abs($0) <= zeroMax ? 0 : $0 }
        var margins = [Double](repeating: 0, count: forest.groupCount)
        for tree in forest.trees { margins[tree.spec.group] += output(tree.spec, leaf(tree, row), row) }
        return margins
    }

    static func leaf(_ tree: DoubleForest.Tree, _ row: [Double]) -> Int {
        var node = tree.root
        while node >= 0 {
            let split = tree.spec.splits[Int(node)]
            node = goesLeft(split, row[Int(split.feature)], tree.spec.categoryWords) ? split.left : split.right
        }
        return Int(~node)
    }

    private static func output(_ tree: DoubleTreeSpec, _ leaf: Int, _ row: [Double]) -> Double {
        guard let linear = tree.linear else { return tree.leafValues[leaf] }
        let terms = Int(linear.bounds[leaf])..<Int(linear.bounds[leaf + 1])
        if terms.contains(where: { row[Int(linear.features[$0])].isNaN }) { return tree.leafValues[leaf] }
        return terms.reduce(linear.constants[leaf]) { $0 + linear.coefficients[$1] * row[Int(linear.features[$1])] }
    }

    static func goesLeft(_ split: DoubleSplit, _ value: Double, _ words: [UInt32]) -> Bool {
        switch split.rule {
        case .categories:
            guard value > -1, value < 1e9 else { return false }
            let category = Int(value)
            guard category / 32 < Int(split.wordCount) else { return false }
            return words[Int(split.firstWord) + category / 32] & (1 << UInt32(category % 32)) != 0
        case .missingIsZero: return (value.isNaN ? 0 : value) <= split.threshold
        case .zeroLeft: return value.isNaN || value == 0 || value <= split.threshold
        case .zeroRight: return !value.isNaN && value != 0 && value <= split.threshold
        case .missingLeft: return value.isNaN || value <= split.threshold
        case .missingRight: return value <= split.threshold
        }
    }
}

extension Predictor {
    /// Raw outputs and predictions of rows that stand `stride` numbers apart, in calls of at most `batch` rows.
    func outputs(_ values: [Double], rowCount: Int, stride: Int, batch: Int) -> (raw: [Double], predictions: [Double]) {
        var raw = [Double](repeating: .nan, count: rowCount * rawCount)
        var predictions = [Double](repeating: .nan, count: rowCount * outputCount)
        values.withUnsafeBufferPointer { rows in
            for start in Swift.stride(from: 0, to: rowCount, by: batch) {
                raw.withUnsafeMutableBufferPointer { raw in
                    predictions.withUnsafeMutableBufferPointer { predictions in
                        predict(
                            rows: rows.baseAddress! + start * stride, rowCount: min(batch, rowCount - start),
                            stride: stride, raw: raw.baseAddress! + start * rawCount,
                            predictions: predictions.baseAddress! + start * outputCount)
                    }
                }
            }
        }
        return (raw, predictions)
    }
}

/// A csv of float64; `nan` is a missing value.
struct DoubleTable {
    var names: [String] = []
    var columnCount = 0
    var rowCount = 0
    var values: [Double] = []

    init(_ path: String, hasHeader: Bool = true) throws {
        var lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        if hasHeader { names = lines.removeFirst().split(separator: ",").map(String.init) }
        for line in lines { for cell in line.split(separator: ",") { values.append(Double(cell)!) } }
        rowCount = lines.count
        columnCount = rowCount == 0 ? 0 : values.count / rowCount
    }

    func row(_ index: Int) -> [Double] { Array(values[index * columnCount..<(index + 1) * columnCount]) }
}

/// Distance in representable numbers; 0 for equal ones and for two NaN.
func ulps(_ left: Double, _ right: Double) -> UInt64 {
    if left.isNaN, right.isNaN { return 0 }
    func place(_ x: Double) -> Int64 {
        let bits = Int64(bitPattern: x.bitPattern)
        return bits >= 0 ? bits : Int64.min - bits
    }
    let (difference, overflow) = place(left).subtractingReportingOverflow(place(right))
    return overflow ? .max : difference.magnitude
}

import Foundation

@testable import Models

/// An isolation forest evaluated as its paper says it, by recursion over the arrays of its file.
enum NaiveIsolationForest {
    static func raw(_ forest: IsolationForest, _ row: [Double]) -> Double {
        let sum = forest.trees.reduce(0) { $0 + pathLength($1, row, node: 0, depth: 0) }
        let usual = meanPathLength(forest.sample)
        return usual == 0 ? -1 : sum / -(Double(forest.trees.count) * usual)
    }

    static func pathLength(_ tree: IsolationTree, _ row: [Double], node: Int, depth: Int) -> Double {
        if tree.features[node] < 0 { return Double(depth) + meanPathLength(Int(tree.rows[node])) }
        let child = goesRight(tree, row, node) ? tree.rights[node] : tree.lefts[node]
        return pathLength(tree, row, node: Int(child), depth: depth + 1)
    }

    static func goesRight(_ tree: IsolationTree, _ row: [Double], _ node: Int) -> Bool {
        let value = row[Int(tree.features[node])]
        if value.isNaN { return tree.missingRight[node] == 1 }
        // A value that is next to nothing is 0.
        return (abs(value) <= NaiveDoubleForest.zeroMax ? 0 : value) > tree.thresholds[node]
    }

    /// What the splits on a row's paths did to what was to be expected: one for each input, and what it began with.
    static func contributions(_ forest: IsolationForest, _ row: [Double]) -> [Double] {
        var result = [Double](repeating: 0, count: forest.inputs.count + 1)
        for tree in forest.trees {
            result[forest.inputs.count] += expectedLength(tree, node: 0, depth: 0)
            var (node, depth) = (0, 0)
            while tree.features[node] >= 0 {
                let child = Int(goesRight(tree, row, node) ? tree.rights[node] : tree.lefts[node])
                result[Int(tree.features[node])] +=
                    expectedLength(tree, node: child, depth: depth + 1) - expectedLength(tree, node: node, depth: depth)
                (node, depth) = (child, depth + 1)
            }
        }
        return result.map { -$0 / (Double(forest.trees.count) * meanPathLength(forest.sample)) }
    }

    /// Of the sample's rows below a node.
    private static func expectedLength(_ tree: IsolationTree, node: Int, depth: Int) -> Double {
        if tree.features[node] < 0 { return Double(depth) + meanPathLength(Int(tree.rows[node])) }
        let sum = [tree.lefts[node], tree.rights[node]].reduce(0) { sum, child in
            sum + Double(tree.rows[Int(child)]) * expectedLength(tree, node: Int(child), depth: depth + 1)
        }
        return sum / Double(tree.rows[node])
    }

    static func meanPathLength(_ rows: Int) -> Double {
        switch rows {
        case ..<2: 0
        case 2: 1
        default: 2 * (log(Double(rows) - 1) + 0.5772156649015329) - 2 * (Double(rows) - 1) / Double(rows)
        }
    }
}

/// Rows to train on.
struct TrainingTable {
    let width: Int
    var values: [Double] = []

    var rowCount: Int { values.count / width }

    func row(_ number: Int) -> [Double] { Array(values[number * width..<(number + 1) * width]) }

    /// A cloud with ties, missing values and some odd numbers.
    static func random(rows: Int, width: Int, missing: Double = 0, seed: UInt64) -> TrainingTable {
        var random = SeededGenerator(seed: seed)
        var table = TrainingTable(width: width)
        for index in 0..<rows * width {
            if Double.random(in: 0..<1, using: &random) < missing {
                table.values.append(.nan)
            } else if index % width == 1 {
                table.values.append(Double(Int.random(in: -2...2, using: &random)))
            } else {
                table.values.append((0..<4).reduce(0) { sum, _ in sum + .random(in: -1...1, using: &random) })
            }
        }
        return table
    }

    func train(_ parameters: IsolationForestParameters = .init(treeCount: 20)) -> IsolationForest {
        var trainer = IsolationForestTrainer(inputs: (0..<width).map { "x\($0)" }, parameters: parameters)
        for number in 0..<rowCount { row(number).withUnsafeBufferPointer { trainer.add($0) } }
        return trainer.train()
    }
}

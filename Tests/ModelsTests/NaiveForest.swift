@testable import Models

/// A forest evaluated in the most obvious way, to hold the kernels against.
enum NaiveForest {
    static func margins(_ forest: Forest, _ row: [Float], base: [Float]? = nil) -> [Float] {
        var margins = base ?? forest.baseMargins
        for tree in forest.trees {
            margins[tree.nodes.group] += tree.nodes.value[leaf(tree.nodes, row)]
        }
        return margins
    }

    static func leaf(_ tree: TreeSpec, _ row: [Float]) -> Int {
        var node = 0
        while tree.left[node] != TreeSpec.noChild { node = child(tree, node, row) }
        return node
    }

    /// Where a row goes at a split.
    static func child(_ tree: TreeSpec, _ node: Int, _ row: [Float]) -> Int {
        let x = row[Int(tree.feature[node])]
        var goesLeft = x.isNaN ? tree.defaultLeft[node] == 1 : x < tree.value[node]
        if let set = tree.categories(of: node), !x.isNaN {
            // Truncated towards zero, but below zero is below zero.
            let code = x >= 0 && x < 16_777_216 ? Int(x) : -1
            let isMember = code >= 0 && code / 32 < set.words.count && set.words[code / 32] >> (code % 32) & 1 == 1
            goesLeft = !isMember
        }
        return Int(goesLeft ? tree.left[node] : tree.right[node])
    }
}

extension ForestPredictor {
    /// The margins of rows that stand `stride` floats apart, in calls of at most `batch` rows.
    func margins(_ values: [Float], rowCount: Int, stride: Int, batch: Int) -> [Float] {
        var result = [Float](repeating: .nan, count: rowCount * groupCount)
        values.withUnsafeBufferPointer { rows in
            result.withUnsafeMutableBufferPointer { target in
                for start in Swift.stride(from: 0, to: rowCount, by: batch) {
                    predictMargins(
                        rows: rows.baseAddress! + start * stride, rowCount: min(batch, rowCount - start),
                        stride: stride, into: target.baseAddress! + start * groupCount)
                }
            }
        }
        return result
    }

    /// `outputCount` predictions a row.
    func predictions(_ margins: [Float]) -> [Float] {
        var result = margins
        let rowCount = margins.count / groupCount
        result.withUnsafeMutableBufferPointer { transform($0.baseAddress!, rowCount: rowCount) }
        return Array(result[..<(rowCount * outputCount)])
    }

    func leaves(_ values: [Float], row: Int, stride: Int) -> [Int32] {
        var result = [Int32](repeating: -1, count: treeCount)
        values.withUnsafeBufferPointer { rows in
            result.withUnsafeMutableBufferPointer { target in
                leafNumbers(row: rows.baseAddress! + row * stride, into: target.baseAddress!)
            }
        }
        return result
    }
}

extension Model {
    /// Of an ensemble in float32.
    var forestPredictor: ForestPredictor { predictor as! ForestPredictor }

    func scores(_ values: [Float], rowCount: Int, stride: Int) -> [Float] {
        var result = [Double](repeating: .nan, count: rowCount)
        values.map(Double.init).withUnsafeBufferPointer { rows in
            result.withUnsafeMutableBufferPointer { target in
                score(rows: rows.baseAddress!, rowCount: rowCount, stride: stride, into: target.baseAddress!)
            }
        }
        return result.map(Float.init)
    }
}

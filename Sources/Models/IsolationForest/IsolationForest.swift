import Events

/// A trained isolation forest and its file: JSON that `Model.load` reads again to the bit.
public struct IsolationForest: Hashable, Sendable {
    static let formatName = "riffle-isolation-forest"
    static let version = 1

    let inputs: [String]
    /// Rows that each tree was grown from.
    let sample: Int
    let seed: Int
    /// Rows that the samples were drawn from.
    let rowCount: Int
    let trees: [IsolationTree]

    public var treeCount: Int { trees.count }
    /// Nodes of all trees, leaves included.
    public var nodeCount: Int { trees.reduce(0) { $0 + $1.nodeCount } }
    /// Rows that each tree was grown from.
    public var sampleRows: Int { sample }
    /// Inputs that no split asks for: they were constant, or missing, in all samples.
    public var unusedInputs: [String] {
        var isUsed = [Bool](repeating: false, count: inputs.count)
        for tree in trees {
            for feature in tree.features where feature >= 0 { isUsed[Int(feature)] = true }
        }
        return inputs.indices.filter { !isUsed[$0] }.map { inputs[$0] }
    }

    /// The file's bytes: a line for each tree, the same forest always as the same bytes.
    ///
    /// Complexity: O(nodes).
    public func fileBytes() -> [UInt8] {
        var text = ModelText()
        text.add("{\"format\":\"\(Self.formatName)\",\"version\":\(Self.version),\n\"inputs\":[")
        for (number, input) in inputs.enumerated() {
            if number > 0 { text.add(",") }
            text.addString(input)
        }
        text.add("],\n\"sample\":\(sample),\"seed\":\(seed),\"rows\":\(rowCount),\n\"trees\":[\n")
        for (number, tree) in trees.enumerated() {
            if number > 0 { text.add(",\n") }
            text.add("{\"feature\":")
            text.addArray(tree.features) { Int64($0) }
            text.add(",\"threshold\":")
            text.addArray(tree.thresholds)
            text.add(",\"missing_right\":")
            text.addArray(tree.missingRight) { Int64($0) }
            text.add(",\"left\":")
            text.addArray(tree.lefts) { Int64($0) }
            text.add(",\"right\":")
            text.addArray(tree.rights) { Int64($0) }
            text.add(",\"rows\":")
            text.addArray(tree.rows) { Int64($0) }
            text.add("}")
        }
        text.add("\n]}\n")
        return text.bytes
    }
}

/// JSON that is built piece by piece.
private struct ModelText {
    private(set) var bytes: [UInt8] = []

    mutating func add(_ text: String) { bytes += text.utf8 }

    mutating func addString(_ text: String) {
        let utf8 = Array(text.utf8)
        let room = JSONText.bytesMax(forLength: utf8.count)
        bytes += [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
            count = utf8.withUnsafeBufferPointer { JSONText.writeString($0, to: buffer.baseAddress!) }
        }
    }

    mutating func addArray<Element>(_ elements: [Element], _ integer: (Element) -> Int64) {
        addArray(elements.count) { NumberText.write(integer(elements[$0]), to: $1) }
    }

    mutating func addArray(_ elements: [Double]) {
        addArray(elements.count) { NumberText.write(elements[$0], to: $1) }
    }

    private mutating func addArray(_ count: Int, _ write: (Int, UnsafeMutablePointer<UInt8>) -> Int) {
        bytes.append(UInt8(ascii: "["))
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: NumberText.bytesMax) { buffer in
            let start = buffer.baseAddress!
            for index in 0..<count {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                let length = write(index, start)
                bytes += UnsafeBufferPointer(start: start, count: length)
            }
        }
        bytes.append(UInt8(ascii: "]"))
    }
}

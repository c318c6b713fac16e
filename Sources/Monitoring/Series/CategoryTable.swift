import Events

/// The ranks of a field's values, found without making text of them.
///
/// Unknown values have the rank behind the last.
struct CategoryTable: Sendable {
    let values: [String]
    private let type: FieldType
    private var words: [Int64: Int32] = [:]
    private var slots: [Int32] = []
    private var bytes: [[UInt8]] = []

    /// - Precondition: of type `string`, `bool` or `int`.
    init(_ values: [String], type: FieldType) {
        self.values = values
        self.type = type
        switch type {
        case .string: fillSlots()
        case .bool: for (rank, value) in values.enumerated() { words[value == "true" ? 1 : 0] = Int32(rank) }
        case .int: for (rank, value) in values.enumerated() { if let word = Int64(value) { words[word] = Int32(rank) } }
        case .float, .decimal, .time: preconditionFailure("categories of type \(type)")
        }
    }

    static func canHold(_ type: FieldType) -> Bool {
        switch type {
        case .string, .bool, .int: true
        case .float, .decimal, .time: false
        }
    }

    private mutating func fillSlots() {
        bytes = values.map { Array($0.utf8) }
        var size = 16
        while size < 4 * bytes.count { size *= 2 }
        slots = Array(repeating: -1, count: size)
        for (rank, value) in bytes.enumerated() {
            var slot = value.withUnsafeBufferPointer { Self.hash($0) } & (size - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (size - 1) }
            slots[slot] = Int32(rank)
        }
    }

    /// The rank of a present value, or `values.count`. Complexity: O(bytes).
    @inline(__always)
    func rank(_ field: FieldIndex, row: Int, of batch: EventBatch) -> Int32 {
        if type == .string { return rank(batch.string(field, row: row)) }
        return words[batch.words[field.rawValue][row]] ?? Int32(values.count)
    }

    func rank(_ value: UnsafeBufferPointer<UInt8>) -> Int32 {
        var slot = Self.hash(value) & (slots.count - 1)
        while slots[slot] >= 0 {
            let known = bytes[Int(slots[slot])]
            if known.count == value.count, known.elementsEqual(value) { return slots[slot] }
            slot = (slot + 1) & (slots.count - 1)
        }
        return Int32(values.count)
    }

    /// FNV-1a.
    @inline(__always)
    private static func hash(_ value: UnsafeBufferPointer<UInt8>) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in value { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return Int(truncatingIfNeeded: hash ^ hash >> 32)
    }
}

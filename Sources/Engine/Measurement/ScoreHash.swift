/// A 64-bit hash of encoded scores in their order: equal on every machine, and whatever batches the scores came in.
///
/// It tells runs apart that should be equal; it is no defence against someone who wants two results to look the same.
/// Every step can be reversed, so records of equal length that differ in one word never hash the same.
struct ScoreHash {
    private static let factor: UInt64 = 0x9E37_79B9_7F4A_7C15

    private(set) var value: UInt64 = 0x5249_4646_4C45_0001

    /// Complexity: O(bytes), eight at a time.
    mutating func add(_ record: UnsafeRawBufferPointer) {
        mix(UInt64(record.count))
        var place = 0
        while place &+ 8 <= record.count {
            mix(UInt64(littleEndian: record.loadUnaligned(fromByteOffset: place, as: UInt64.self)))
            place &+= 8
        }
        if place == record.count { return }
        var rest: UInt64 = 0
        for index in place..<record.count { rest |= UInt64(record[index]) << UInt64(8 * (index - place)) }
        mix(rest)
    }

    @inline(__always)
    private mutating func mix(_ word: UInt64) {
        value = (value ^ word) &* Self.factor
        value ^= value >> 32
    }
}

/// Writes state that a `StateReader` reads back: numbers, texts, lists and blobs one after the other.
///
/// ```
/// "RFST" | kind: text | version: count | what is written | checksum: 8 bytes
/// ```
/// Words have eight bytes, the lowest first. Counts are LEB128 (seven bits a byte, the lowest first), so that small ones
/// take one byte. The bytes are the same on every machine: equal states have equal bytes if they write in a fixed order.
public struct StateWriter: Sendable {
    static let mark: [UInt8] = Array("RFST".utf8)

    private var bytes: [UInt8]

    public init(_ kind: StateKind) {
        bytes = Self.mark
        write(kind.name)
        write(count: kind.version)
    }

    public mutating func write(_ word: UInt64) { append(word) }
    public mutating func write(_ value: Int64) { append(value) }
    public mutating func write(_ value: UInt32) { append(value) }
    public mutating func write(_ value: UInt16) { append(value) }
    public mutating func write(_ byte: UInt8) { bytes.append(byte) }
    public mutating func write(_ flag: Bool) { bytes.append(flag ? 1 : 0) }
    /// Any number, NaN and infinities too, bit for bit.
    public mutating func write(_ value: Double) { append(value.bitPattern) }

    /// A number of things. - Precondition: not negative.
    public mutating func write(count: Int) {
        precondition(count >= 0, "a count of \(count)")
        var rest = UInt64(count)
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    public mutating func write(_ text: String) {
        write(count: text.utf8.count)
        bytes.append(contentsOf: text.utf8)
    }

    /// Bytes with their count: another state, say, with its own seal.
    public mutating func write(blob: [UInt8]) {
        write(count: blob.count)
        bytes.append(contentsOf: blob)
    }

    public mutating func write(_ values: [Double]) {
        write(count: values.count)
        for value in values { write(value) }
    }

    /// Counts with how many they are. - Precondition: none is negative.
    public mutating func write(counts: [Int]) {
        write(count: counts.count)
        for count in counts { write(count: count) }
    }

    /// Room for what comes. A large state is then written without being moved.
    public mutating func reserve(bytes count: Int) { bytes.reserveCapacity(bytes.count + count) }

    /// All that was written, with the checksum. Complexity: O(bytes).
    public func sealed() -> [UInt8] {
        var copy = self
        copy.append(StateSeal.of(bytes[...]))
        return copy.bytes
    }

    @inline(__always)
    private mutating func append(_ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }
}

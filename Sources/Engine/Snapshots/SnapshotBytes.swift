/// Writes numbers and texts one after the other, little-endian.
struct SnapshotBytesWriter {
    private(set) var bytes: [UInt8] = []

    mutating func write(_ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func write(_ text: String) {
        write(UInt32(text.utf8.count))
        bytes += text.utf8
    }

    mutating func write(raw: [UInt8]) { bytes += raw }
}

/// Reads them back from bytes that nobody vouches for.
struct SnapshotBytesReader {
    private let bytes: [UInt8]
    /// What is being read, for errors.
    private let part: String
    private var offset = 0

    init(_ bytes: [UInt8], part: String) {
        self.bytes = bytes
        self.part = part
    }

    /// Bytes that are left.
    var remaining: Int { bytes.count - offset }

    var fault: SnapshotRefusal { .damaged(part) }

    mutating func number<Number: FixedWidthInteger>(_ type: Number.Type = Number.self) throws(SnapshotRefusal) -> Number
    {
        let count = Number.bitWidth / 8
        guard remaining >= count else { throw fault }
        let number = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Number.self) }
        offset += count
        return Number(littleEndian: number)
    }

    /// A number that counts things of so many bytes each at least, all of which have to be there.
    mutating func count(ofBytes size: Int) throws(SnapshotRefusal) -> Int {
        let count = Int(try number(UInt32.self))
        guard count <= remaining / size else { throw fault }
        return count
    }

    /// A text without control characters, so that it can be shown.
    mutating func text() throws(SnapshotRefusal) -> String {
        let count = try count(ofBytes: 1)
        let range = offset..<offset + count
        guard let text = String(validating: bytes[range], as: UTF8.self),
            text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) })
        else { throw fault }
        offset += count
        return text
    }
}

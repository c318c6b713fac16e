import Engine
import Events

/// Records of a stream of bytes, one after the other with their lines, in bounded memory.
final class RecordFeed {
    enum Splitting { case lines, table }

    static let recordBytesMax = 8 << 20

    private let source: any ByteSource
    private let buffer: UnsafeMutableRawBufferPointer
    private var lines = LineSplitter(recordBytesMax: RecordFeed.recordBytesMax)
    private var table = CSVRecordSplitter(recordBytesMax: RecordFeed.recordBytesMax)
    private var filled = 0
    private var place = 0
    private var isDone = false
    private var passedLines = 0

    /// How the bytes are cut; it may change as long as only `firstByte` was asked for.
    var splitting = Splitting.lines
    /// The line on which the last record begins, counted from 1.
    private(set) var line = 0

    init(_ source: any ByteSource) {
        self.source = source
        buffer = .allocate(byteCount: 2 * Self.recordBytesMax, alignment: 16)
    }

    deinit { buffer.deallocate() }

    /// The first byte that is not blank, behind a byte order mark; `nil` if there is none in the first megabytes.
    func firstByte() throws -> UInt8? {
        while filled < 3 && !isDone { try refill() }
        if filled >= 3, buffer[0] == 0xEF, buffer[1] == 0xBB, buffer[2] == 0xBF { place = 3 }
        var looked = place
        while true {
            while looked < filled {
                if !Self.isBlank(buffer[looked]) { return buffer[looked] }
                looked += 1
            }
            if isDone || filled == buffer.count { return nil }
            try refill(keepsPlace: true)
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || (9...13).contains(byte)
    }

    /// The next record without its line end, cut off where it is too long; valid until the next call. `nil`: the end.
    ///
    /// Complexity: O(bytes of the record).
    func next() throws -> UnsafeRawBufferPointer? {
        while true {
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<filled])
            let before = place
            let range =
                splitting == .lines
                ? lines.next(in: bytes, from: &place, atEnd: isDone)
                : table.next(in: bytes, from: &place, atEnd: isDone)
            guard let range else {
                // What was passed over is the rest of a record that was cut off.
                passedLines += Self.lineEnds(in: bytes, before..<place)
                if isDone { return nil }
                try refill()
                continue
            }
            passedLines += Self.lineEnds(in: bytes, before..<range.lowerBound)
            line = passedLines + 1
            passedLines += Self.lineEnds(in: bytes, range.lowerBound..<place)
            return UnsafeRawBufferPointer(rebasing: bytes[range])
        }
    }

    private static func lineEnds(in bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Int {
        var count = 0
        for place in range where bytes[place] == UInt8(ascii: "\n") { count += 1 }
        return count
    }

    private func refill(keepsPlace: Bool = false) throws {
        if let base = buffer.baseAddress, place > 0, !keepsPlace {
            base.copyMemory(from: base + place, byteCount: filled - place)
            filled -= place
            place = 0
        }
        let count = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
        filled += count
        isDone = count == 0
    }
}

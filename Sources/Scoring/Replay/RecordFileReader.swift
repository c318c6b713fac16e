import Engine
import Events

/// Records of a file, one after the other, in bounded memory: lines, or those of a table, whose quoted cells may hold
/// line ends.
final class RecordFileReader {
    private let source: FileByteSource
    private let buffer: UnsafeMutableRawBufferPointer
    private var splitter: Splitter
    private var filled = 0
    private var place = 0
    private var isDone = false
    private static let bufferBytes = 1 << 20

    private enum Splitter {
        case lines(LineSplitter)
        case table(CSVRecordSplitter)

        mutating func next(in bytes: UnsafeRawBufferPointer, from place: inout Int, atEnd: Bool) -> Range<Int>? {
            switch self {
            case .lines(var lines):
                defer { self = .lines(lines) }
                return lines.next(in: bytes, from: &place, atEnd: atEnd)
            case .table(var records):
                defer { self = .table(records) }
                return records.next(in: bytes, from: &place, atEnd: atEnd)
            }
        }
    }

    init(_ source: FileByteSource, format: RecordFormat = .ndjson, recordBytesMax: Int) {
        self.source = source
        splitter =
            format == .csv
            ? .table(CSVRecordSplitter(recordBytesMax: recordBytesMax))
            : .lines(LineSplitter(recordBytesMax: recordBytesMax))
        buffer = .allocate(byteCount: max(Self.bufferBytes, 2 * recordBytesMax), alignment: 16)
    }

    deinit { buffer.deallocate() }

    /// The next record, cut off where it is too long; valid until the next call. `nil`: the end.
    func next() throws -> UnsafeRawBufferPointer? {
        while true {
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<filled])
            if let range = splitter.next(in: bytes, from: &place, atEnd: isDone) {
                return UnsafeRawBufferPointer(rebasing: bytes[range])
            }
            if isDone { return nil }
            try refill()
        }
    }

    private func refill() throws {
        if let base = buffer.baseAddress, place > 0 {
            base.copyMemory(from: base + place, byteCount: filled - place)
            filled -= place
            place = 0
        }
        let count = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
        filled += count
        isDone = count == 0
    }
}

import Events

/// Cuts a stream of bytes into records and counts its lines; holds a bounded piece of it.
///
/// Records that were taken stay where they are until the next `refill`.
final class ReplayRecordReader {
    private enum Splitter {
        case lines(LineSplitter)
        case csv(CSVRecordSplitter)
    }

    private let source: any ByteSource
    private let buffer: UnsafeMutableRawBufferPointer
    private let recordBytesMax: Int
    private var splitter: Splitter
    private var filled = 0
    private var place = 0
    /// The line that `place` is on, counted from 1.
    private var line: Int64 = 1
    /// The source has given its last byte.
    private var isSourceDone = false

    init(source: any ByteSource, recordBytesMax: Int, bytesMax: Int) {
        self.source = source
        self.recordBytesMax = recordBytesMax
        // A record that is longer than allowed is known to be so one byte behind its bound; the splitter needs to see
        // that byte.
        buffer = .allocate(byteCount: max(bytesMax, 2 * recordBytesMax + 64), alignment: 64)
        splitter = .lines(LineSplitter(recordBytesMax: recordBytesMax))
    }

    deinit { buffer.deallocate() }

    /// Passes over a byte order mark and finds the format where it is not given: NDJSON begins with a brace.
    func open(_ format: RecordFormat?) throws -> RecordFormat {
        while filled < 3 && !isSourceDone { try refill() }
        if filled >= 3, buffer[0] == 0xEF, buffer[1] == 0xBB, buffer[2] == 0xBF { place = 3 }
        let found = try format ?? guess()
        if found == .csv { splitter = .csv(CSVRecordSplitter(recordBytesMax: recordBytesMax)) }
        return found
    }

    private func guess() throws -> RecordFormat {
        // Counted from `place`, which a refill may move.
        var passed = 0
        while true {
            while place + passed == filled && !isSourceDone && passed < buffer.count { try refill() }
            // What is empty is an empty stream of events, not a table without a header.
            guard place + passed < filled else { return .ndjson }
            switch buffer[place + passed] {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"): passed += 1
            case UInt8(ascii: "{"): return .ndjson
            default: return .csv
            }
        }
    }

    /// The first record, which is a table's header; `nil` if there is none. It stays until the next `refill`.
    func header() throws -> UnsafeRawBufferPointer? {
        let records = UnsafeMutableBufferPointer<RecordReference>.allocate(capacity: 1)
        defer { records.deallocate() }
        while take(into: records) == 0 {
            if isAtEnd { return nil }
            try refill()
        }
        return UnsafeRawBufferPointer(start: records[0].value, count: records[0].valueCount)
    }

    /// Nothing is left; asked when `take` has just found nothing.
    var isAtEnd: Bool { isSourceDone && place == filled }

    /// Takes records from what is held; fewer than there is room for only if no further one is whole.
    ///
    /// Complexity: O(bytes).
    func take(into records: UnsafeMutableBufferPointer<RecordReference>) -> Int {
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<filled])
        guard let start = bytes.baseAddress else { return 0 }
        var count = 0
        while count < records.count {
            let before = place
            guard let range = next(in: bytes) else {
                // The rest of a record that was cut off.
                line += Self.lineEnds(in: bytes, before..<place)
                break
            }
            if range.lowerBound > before { line += Self.lineEnds(in: bytes, before..<range.lowerBound) }
            let first = line
            line += Self.lineEnds(in: bytes, range.lowerBound..<place)
            if range.isEmpty { continue }
            records[count] = RecordReference(
                key: nil, keyCount: 0, value: start + range.lowerBound, valueCount: range.count, offset: first,
                timestamp: .min, handle: nil)
            count += 1
        }
        return count
    }

    @inline(__always)
    private func next(in bytes: UnsafeRawBufferPointer) -> Range<Int>? {
        switch splitter {
        case .lines(var lines):
            let range = lines.next(in: bytes, from: &place, atEnd: isSourceDone)
            splitter = .lines(lines)
            return range
        case .csv(var records):
            let range = records.next(in: bytes, from: &place, atEnd: isSourceDone)
            splitter = .csv(records)
            return range
        }
    }

    @inline(__always)
    private static func lineEnds(in bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Int64 {
        var count: Int64 = 0
        for byte in UnsafeRawBufferPointer(rebasing: bytes[range]) where byte == UInt8(ascii: "\n") { count &+= 1 }
        return count
    }

    /// Reads on; records that were taken before are gone.
    func refill() throws {
        if isSourceDone { return }
        if place == filled {
            place = 0
            filled = 0
        } else if filled == buffer.count, let base = buffer.baseAddress {
            base.copyMemory(from: base + place, byteCount: filled - place)
            filled -= place
            place = 0
        }
        let room = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
        precondition(!room.isEmpty, "no room for a record of at most \(recordBytesMax) bytes in \(buffer.count)")
        let count = try source.read(into: room)
        filled += count
        isSourceDone = count == 0
    }
}

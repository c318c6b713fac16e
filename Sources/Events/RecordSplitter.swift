import CSimdjson

/// Finds lines in a stream of bytes that arrives in pieces: newline-delimited JSON.
///
/// Call `next` until it gives `nil`, keep the bytes from `place` on (they may be moved), add more and go on.
public struct LineSplitter: Sendable {
    /// A longer line is given once, cut off one byte behind this length so that the decoder finds it too large; the
    /// rest of it is passed over. A buffer of more than this many bytes therefore always makes progress.
    public let recordBytesMax: Int

    /// How many bytes from the place on are known to hold no line end.
    private var scanned = 0
    private var isSkipping = false

    public init(recordBytesMax: Int) {
        self.recordBytesMax = recordBytesMax
    }

    /// The bytes of the next line from `place` on, without `\n` or `\r\n`, moving `place` behind it; `nil` if more is
    /// needed.
    ///
    /// `atEnd` says that nothing follows the buffer: what is left is then a line too. Empty lines are given as empty
    /// ranges. Complexity: O(length of the line).
    public mutating func next(in buffer: UnsafeRawBufferPointer, from place: inout Int, atEnd: Bool) -> Range<Int>? {
        if isSkipping, !skip(buffer, &place) { return nil }
        let start = place
        let end = buffer.find(UInt8(ascii: "\n"), from: start + scanned, to: buffer.count)
        if end < buffer.count {
            place = end + 1
            scanned = 0
            return buffer.trimmingReturn(start..<end)
        }
        return rest(of: buffer, from: &place, atEnd: atEnd)
    }

    /// What a record without an end in sight comes to: waiting, the last record, or one that is cut off.
    fileprivate mutating func rest(of buffer: UnsafeRawBufferPointer, from place: inout Int, atEnd: Bool) -> Range<Int>?
    {
        let start = place
        scanned = buffer.count - start
        if scanned > recordBytesMax, !atEnd {
            isSkipping = true
        } else if !atEnd || start == buffer.count {
            return nil
        }
        let length = min(scanned, isSkipping ? recordBytesMax + 1 : scanned)
        scanned = 0
        place = buffer.count
        return isSkipping ? start..<start + length : buffer.trimmingReturn(start..<start + length)
    }

    /// Passes over the rest of a record that was cut off; false if it goes on behind the buffer.
    fileprivate mutating func skip(_ buffer: UnsafeRawBufferPointer, _ place: inout Int) -> Bool {
        guard isSkipping else { return true }
        let end = buffer.find(UInt8(ascii: "\n"), from: place, to: buffer.count)
        place = min(end + 1, buffer.count)
        isSkipping = end == buffer.count
        return !isSkipping
    }
}

/// Finds records in CSV (RFC 4180) that arrives in pieces: line ends inside quoted cells belong to the record.
///
/// It is used as `LineSplitter` is. After a record that was cut off, it goes on at the next line end, whatever the
/// quotes.
public struct CSVRecordSplitter: Sendable {
    private enum State { case cellStart, plain, quoted, afterQuote }

    private var lines: LineSplitter
    private var scanned = 0
    private var state = State.cellStart

    public init(recordBytesMax: Int) {
        lines = LineSplitter(recordBytesMax: recordBytesMax)
    }

    /// The bytes of the next record from `place` on, without its line end, moving `place` behind it; `nil` if more is
    /// needed.
    ///
    /// Complexity: O(length of the record).
    public mutating func next(in buffer: UnsafeRawBufferPointer, from place: inout Int, atEnd: Bool) -> Range<Int>? {
        guard lines.skip(buffer, &place) else { return nil }
        let start = place
        if scanned == 0 {
            let end = buffer.find(UInt8(ascii: "\n"), from: start, to: buffer.count)
            if end < buffer.count, buffer.find(UInt8(ascii: "\""), from: start, to: end) == end {
                place = end + 1
                return buffer.trimmingReturn(start..<end)
            }
        }
        let end = scan(buffer, from: start + scanned)
        if end < buffer.count {
            scanned = 0
            state = .cellStart
            place = end + 1
            return buffer.trimmingReturn(start..<end)
        }
        scanned = buffer.count - start
        let record = lines.rest(of: buffer, from: &place, atEnd: atEnd)
        if record != nil {
            scanned = 0
            state = .cellStart
        }
        return record
    }

    /// The first line end outside quotes, or the buffer's count.
    private mutating func scan(_ buffer: UnsafeRawBufferPointer, from start: Int) -> Int {
        var place = start
        while place < buffer.count {
            let byte = buffer[place]
            switch (state, byte) {
            case (.quoted, UInt8(ascii: "\"")): state = .afterQuote
            case (.quoted, _): break
            case (_, UInt8(ascii: "\n")): return place
            case (_, UInt8(ascii: ",")): state = .cellStart
            case (.cellStart, UInt8(ascii: "\"")), (.afterQuote, UInt8(ascii: "\"")): state = .quoted
            default: state = .plain
            }
            place += 1
        }
        return place
    }
}

extension UnsafeRawBufferPointer {
    @inline(__always)
    fileprivate func find(_ byte: UInt8, from start: Int, to end: Int) -> Int {
        guard let base = baseAddress, start < end else { return end }
        let first = (base + start).assumingMemoryBound(to: UInt8.self)
        return start + event_find_byte(first, end - start, byte)
    }

    @inline(__always)
    fileprivate func trimmingReturn(_ range: Range<Int>) -> Range<Int> {
        guard !range.isEmpty, self[range.upperBound - 1] == UInt8(ascii: "\r") else { return range }
        return range.lowerBound..<range.upperBound - 1
    }
}

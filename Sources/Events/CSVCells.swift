import CSimdjson

/// The cells of one CSV record (RFC 4180), for what is not on the hot path.
public enum CSVCells {
    /// One cell without its quotes.
    public struct Cell: Hashable, Sendable {
        public let text: String
        public let isQuoted: Bool
    }

    /// `nil` where quotes do not close, or something stands behind a closing quote.
    public static func split(_ record: UnsafeRawBufferPointer) -> [Cell]? {
        guard let start = record.baseAddress?.assumingMemoryBound(to: UInt8.self) else {
            return [Cell(text: "", isQuoted: false)]
        }
        var cells: [Cell] = []
        var place = 0
        while true {
            var isQuoted = false
            let end = event_csv_cell_end(start, record.count, place, &isQuoted)
            guard end <= record.count else { return nil }
            let bytes = isQuoted ? place + 1..<end - 1 : place..<end
            var text = String(decoding: UnsafeRawBufferPointer(rebasing: record[bytes]), as: UTF8.self)
            if isQuoted {
                text = text.split(separator: "\"\"", omittingEmptySubsequences: false).joined(separator: "\"")
            }
            cells.append(Cell(text: text, isQuoted: isQuoted))
            if end == record.count { return cells }
            place = end + 1
        }
    }
}

import Events

/// Cells of a table's row, and what one says.
enum NumberCell {
    enum Reading: Hashable {
        case number(Double)
        case missing
        case infinite
        /// No number; its beginning.
        case text(String)
    }

    private static let shownCharacters = 40

    static func isBlank(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        bytes.allSatisfy { $0 == UInt8(ascii: " ") || (9...13).contains($0) }
    }

    static func read(_ cell: UnsafeBufferPointer<UInt8>) -> Reading {
        if let value = NumberText.parseDouble(cell) { return .number(value) }
        // Rare: blanks, quotes, `nan`, `inf`, and what is smaller than any double.
        let text = String(decoding: unquoted(cell), as: UTF8.self)
        switch text.lowercased() {
        case "", "nan", "null", "na": return .missing
        case "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity": return .infinite
        default: break
        }
        let isDecimal = text.utf8.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || "+-.eE".utf8.contains($0)
        }
        guard isDecimal, let value = Double(text) else { return .text(String(text.prefix(shownCharacters))) }
        return value.isFinite ? .number(value) : .infinite
    }

    /// The cell at a place, and how many the row has; `nil` if it has too few. Complexity: O(bytes).
    static func find(
        _ place: Int, in row: UnsafeBufferPointer<UInt8>
    ) -> (cell: UnsafeBufferPointer<UInt8>, count: Int)? {
        var found: UnsafeBufferPointer<UInt8>?
        var (count, start) = (0, 0)
        while start <= row.count {
            let end = end(of: start, in: row)
            if count == place { found = UnsafeBufferPointer(rebasing: row[start..<end]) }
            count += 1
            start = end + 1
        }
        return found.map { ($0, count) }
    }

    static func count(in row: UnsafeBufferPointer<UInt8>) -> Int { find(0, in: row)?.count ?? 0 }

    /// All cells as text, without their quotes.
    static func names(in row: UnsafeBufferPointer<UInt8>) -> [String] {
        var names: [String] = []
        var start = 0
        while start <= row.count {
            let end = end(of: start, in: row)
            let cell = UnsafeBufferPointer(rebasing: row[start..<end])
            names.append(String(decoding: unquoted(cell), as: UTF8.self))
            start = end + 1
        }
        return names
    }

    /// Where the cell that begins at `start` ends: before a comma that is not in quotes.
    private static func end(of start: Int, in row: UnsafeBufferPointer<UInt8>) -> Int {
        var place = start
        var isQuoted = false
        while place < row.count {
            if row[place] == UInt8(ascii: "\"") { isQuoted.toggle() }
            if row[place] == UInt8(ascii: ","), !isQuoted { return place }
            place += 1
        }
        return place
    }

    private static func unquoted(_ cell: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var bytes = cell[...]
        let isBlank = { (byte: UInt8) in byte == UInt8(ascii: " ") || (9...13).contains(byte) }
        while let first = bytes.first, isBlank(first) { bytes.removeFirst() }
        while let last = bytes.last, isBlank(last) { bytes.removeLast() }
        let quote = UInt8(ascii: "\"")
        guard bytes.count >= 2, bytes.first == quote, bytes.last == quote else { return Array(bytes) }
        var text: [UInt8] = []
        var place = bytes.startIndex + 1
        while place < bytes.endIndex - 1 {
            text.append(bytes[place])
            // A quote in quotes is written twice.
            place += bytes[place] == quote && bytes[place + 1] == quote && place + 2 < bytes.endIndex ? 2 : 1
        }
        return text
    }
}

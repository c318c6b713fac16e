import Engine
import Events
import Foundation

/// Rows of numbers from a table with a header: plain or gzip, in bounded memory.
final class NumberTableReader {
    private static let recordBytesMax = 8 << 20
    private static let columnsMax = 1_000_000

    let path: String
    let columns: [String]
    private let reader: RecordFileReader
    private var row = 0
    /// By column: whether its cells are numbers that somebody wants.
    private var isRead: [Bool]
    /// Columns whose cells are kept as they stand, and the last row's.
    private var keptColumns: [Int] = []
    private(set) var kept: [[UInt8]] = []

    init(path: String) throws {
        self.path = path
        reader = RecordFileReader(
            try FileByteSource(path: path), format: .csv, recordBytesMax: Self.recordBytesMax)
        guard let header = try reader.next() else {
            throw ReplayFailure(.environment, "\(path): it is empty, where a header and rows of numbers are expected")
        }
        columns = try Self.names(header, path: path)
        isRead = [Bool](repeating: true, count: columns.count)
    }

    /// Passes over all other columns, whatever stands in them.
    ///
    /// - Parameter kept: columns whose cells are handed on as they are written, in this order.
    func read(only wanted: Set<Int>, keeping kept: [Int] = []) {
        isRead = columns.indices.map(wanted.contains)
        keptColumns = kept
        self.kept = [[UInt8]](repeating: [], count: kept.count)
    }

    private static func names(_ header: UnsafeRawBufferPointer, path: String) throws -> [String] {
        var text = String(decoding: header, as: UTF8.self)
        // Spreadsheets write a byte order mark.
        if text.hasPrefix("\u{FEFF}") { text.removeFirst() }
        var names: [String] = []
        var rest = Substring(text)
        while true {
            let (cell, next) = cell(of: rest)
            names.append(cell)
            guard let next else { break }
            rest = next
            if names.count > columnsMax {
                throw ReplayFailure(.environment, "\(path): more than \(columnsMax) columns")
            }
        }
        return names
    }

    /// The first cell, unquoted and trimmed, and what follows behind its comma.
    private static func cell(of text: Substring) -> (String, Substring?) {
        let trimmed = text.drop { $0 == " " }
        guard trimmed.first == "\"" else {
            guard let comma = text.firstIndex(of: ",") else { return (trim(text), nil) }
            return (trim(text[..<comma]), text[text.index(after: comma)...])
        }
        var name = ""
        var place = trimmed.index(after: trimmed.startIndex)
        while place < trimmed.endIndex {
            let character = trimmed[place]
            place = trimmed.index(after: place)
            if character != "\"" {
                name.append(character)
            } else if place < trimmed.endIndex, trimmed[place] == "\"" {
                name.append(character)
                place = trimmed.index(after: place)
            } else {
                break
            }
        }
        guard let comma = trimmed[place...].firstIndex(of: ",") else { return (name, nil) }
        return (name, trimmed[trimmed.index(after: comma)...])
    }

    private static func trim(_ text: Substring) -> String {
        text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Reads the next row into `values`, a number a column; an empty cell and `nan` are missing, which is NaN, as is what
    /// is not read.
    ///
    /// - Returns: false at the end.
    func next(into values: inout [Double]) throws -> Bool {
        while let record = try reader.next() {
            row += 1
            if record.isEmpty && columns.count > 1 { continue }
            try parse(record.bindMemory(to: UInt8.self), into: &values)
            return true
        }
        return false
    }

    private func parse(_ record: UnsafeBufferPointer<UInt8>, into values: inout [Double]) throws {
        values.removeAll(keepingCapacity: true)
        var start = 0
        while true {
            let end = Self.end(ofCellAt: start, in: record)
            let column = values.count
            if column == columns.count { throw wrongWidth("more than \(columns.count)") }
            let cell = UnsafeBufferPointer(rebasing: record[start..<end])
            values.append(isRead[column] ? try number(cell) : .nan)
            for (place, wanted) in keptColumns.enumerated() where wanted == column { kept[place] = Array(cell) }
            if end == record.count { break }
            start = end + 1
        }
        if values.count != columns.count { throw wrongWidth("\(values.count)") }
    }

    /// Where the comma behind a cell stands, or the record ends; commas in a quoted cell belong to it.
    private static func end(ofCellAt start: Int, in record: UnsafeBufferPointer<UInt8>) -> Int {
        let quote = UInt8(ascii: "\"")
        let mayBeQuoted = start < record.count && record[start] == quote
        var isQuoted = false
        var place = start
        while place < record.count, isQuoted || record[place] != UInt8(ascii: ",") {
            // A doubled quote closes and opens again.
            if mayBeQuoted && record[place] == quote { isQuoted.toggle() }
            place += 1
        }
        return place
    }

    private func wrongWidth(_ found: String) -> ReplayFailure {
        ReplayFailure(
            .environment, "\(path): row \(row): \(found) cells, where the header names \(columns.count) columns")
    }

    private func number(_ cell: UnsafeBufferPointer<UInt8>) throws -> Double {
        if let value = NumberText.parseDouble(cell) { return value }
        // Rare: blanks, quotes, `nan`, `inf`, and what is smaller than any double.
        let text = String(decoding: cell, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            .trimmingCharacters(in: ["\""])
        if text.isEmpty { return .nan }
        guard let value = Double(text) else {
            throw ReplayFailure(
                .environment,
                "\(path): row \(row): \"\(text.prefix(40))\" is no number; a missing value is an empty cell or nan")
        }
        return value
    }
}

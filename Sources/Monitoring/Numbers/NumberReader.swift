public import Engine
import Events

/// A stream of numbers from a text: one a line, or one column of a table or of JSON lines.
///
/// JSON lines are known by their first character, a brace; a table is what is not, where a column is named. What is no
/// finite number is an error with its line, but for missing values where they are to be skipped.
///
/// Memory: one buffer of 16 MiB, however long the stream.
public final class NumberReader {
    /// Where numbers stand in the text.
    private enum Layout {
        case lines
        case cells(column: Int, of: Int)
        case members(NumberMember)
    }

    private let name: String
    private let feed: RecordFeed
    private let skipsMissing: Bool
    private let layout: Layout
    /// Numbers given so far.
    public private(set) var count = 0
    /// Missing values passed over so far.
    public private(set) var missingCount = 0

    /// - Parameters:
    ///   - name: what the source is called in messages.
    ///   - column: of a table a column's name, of JSON lines a member's, `a.b` for a member of a member.
    ///   - skipsMissing: an empty cell, `null`, an absent member and NaN are passed over and counted, not refused.
    /// - Throws: `NumberFailure` where the column is not there, and what the source throws.
    public init(_ source: any ByteSource, name: String, column: String? = nil, skipsMissing: Bool = false) throws {
        self.name = name
        self.skipsMissing = skipsMissing
        let feed = RecordFeed(source)
        self.feed = feed
        guard let first = try feed.firstByte() else {
            throw NumberFailure("\(name): it is empty, where numbers are expected")
        }
        if first == UInt8(ascii: "{") {
            guard let column else {
                throw NumberFailure("\(name): it holds JSON lines: choose a member with --column, such as score")
            }
            layout = .members(NumberMember(column))
        } else if let column {
            feed.splitting = .table
            layout = try Self.header(feed, column: column, name: name)
        } else {
            layout = .lines
        }
    }

    /// Where the last number stands: `scores.csv:17`.
    public var position: String { "\(name):\(feed.line)" }

    /// The next number; `nil`: the end.
    ///
    /// - Throws: `NumberFailure` with the line of what is no finite number, and what the source throws.
    public func next() throws -> Double? {
        while let record = try feed.next() {
            if record.count > RecordFeed.recordBytesMax {
                throw problem("more than \(RecordFeed.recordBytesMax) bytes")
            }
            let bytes = record.bindMemory(to: UInt8.self)
            if NumberCell.isBlank(bytes) {
                if case .cells(_, 1) = layout { try passMissing("an empty cell") }
                continue
            }
            guard let value = try value(in: bytes) else { continue }
            count += 1
            return value
        }
        return nil
    }

    /// All numbers that are left, at most `countMax` of them; a stream that holds more is refused.
    public func rest(countMax: Int) throws -> [Double] {
        var values: [Double] = []
        while let value = try next() {
            if values.count == countMax { throw problem("more than \(countMax) numbers, which is as many as are held") }
            values.append(value)
        }
        return values
    }

    private func value(in record: UnsafeBufferPointer<UInt8>) throws -> Double? {
        switch layout {
        case .lines: return try number(record, of: nil)
        case .cells(let column, let width):
            guard let cells = NumberCell.find(column, in: record), cells.count == width else {
                throw problem("\(NumberCell.count(in: record)) cells, where the header names \(width) columns")
            }
            return try number(cells.cell, of: width)
        case .members(let member):
            switch member.read(UnsafeRawBufferPointer(record)) {
            case .number(let value): return value
            case .missing(let what): return try passMissing(what)
            case .unusable(let what): throw problem(what)
            }
        }
    }

    private func number(_ cell: UnsafeBufferPointer<UInt8>, of width: Int?) throws -> Double? {
        switch NumberCell.read(cell) {
        case .number(let value): return value
        case .missing: return try passMissing(cell.isEmpty ? "an empty cell" : "nan")
        case .infinite: throw problem("an infinite number, which no statistic here can use")
        case .text(let text):
            if width != nil { throw problem("\"\(text)\" is no number") }
            let names = NumberCell.names(in: cell)
            if names.count > 1 {
                let listed = names.prefix(8).joined(separator: ", ")
                throw problem("\"\(text)\" is no number; choose a column of a table with --column (\(listed))")
            }
            throw problem("\"\(text)\" is no number; if it is a column's name, say --column \(text)")
        }
    }

    @discardableResult
    private func passMissing(_ what: String) throws -> Double? {
        if !skipsMissing { throw problem("\(what), where a number is expected; --skip-missing passes over such lines") }
        missingCount += 1
        return nil
    }

    private func problem(_ what: String) -> NumberFailure { NumberFailure("\(name):\(feed.line): \(what)") }

    private static func header(_ feed: RecordFeed, column: String, name: String) throws -> Layout {
        guard let record = try feed.next() else { throw NumberFailure("\(name): it has no header") }
        let names = NumberCell.names(in: record.bindMemory(to: UInt8.self))
        guard let place = names.firstIndex(of: column) else {
            let listed = names.prefix(12).joined(separator: ", ") + (names.count > 12 ? ", ..." : "")
            throw NumberFailure("\(name): there is no column \"\(column)\"; its header has \(listed)")
        }
        if names[(place + 1)...].contains(column) {
            throw NumberFailure("\(name): its header names \"\(column)\" twice")
        }
        return .cells(column: place, of: names.count)
    }
}

import Events
import Testing

@testable import Engine

@Suite struct ReplayRecordReaderTests {
    struct Record: Hashable {
        var line: Int64
        var text: String
    }

    static let pieces = [1, 2, 3, 7, 64, Int.max]

    static func records(
        _ bytes: [UInt8], _ format: RecordFormat?, pieceBytes: Int = .max, recordBytesMax: Int = 64, atOnce: Int = 3
    ) throws -> (format: RecordFormat, records: [Record]) {
        let reader = ReplayRecordReader(
            source: MemoryBytes(bytes, pieceBytes: pieceBytes), recordBytesMax: recordBytesMax, bytesMax: 1)
        let found = try reader.open(format)
        let references = UnsafeMutableBufferPointer<RecordReference>.allocate(capacity: atOnce)
        defer { references.deallocate() }
        var records: [Record] = []
        while true {
            let count = reader.take(into: references)
            for reference in references[..<count] {
                let bytes = UnsafeRawBufferPointer(start: reference.value, count: reference.valueCount)
                records.append(Record(line: reference.offset, text: String(decoding: bytes, as: UTF8.self)))
            }
            if count > 0 { continue }
            if reader.isAtEnd { return (found, records) }
            try reader.refill()
        }
    }

    @Test(arguments: pieces) func linesHaveTheirNumbers(pieceBytes: Int) throws {
        let text = "\u{FEFF}{\"a\":1}\n\n{\"b\":2}\r\n\r\n\n{\"c\":3}"
        let (format, records) = try Self.records(Array(text.utf8), nil, pieceBytes: pieceBytes)
        #expect(format == .ndjson)
        #expect(
            records == [
                Record(line: 1, text: "{\"a\":1}"), Record(line: 3, text: "{\"b\":2}"),
                Record(line: 6, text: "{\"c\":3}"),
            ])
    }

    @Test(arguments: pieces) func quotedLineEndsBelongToTheRecord(pieceBytes: Int) throws {
        let text = "a,b\n1,\"x\ny\"\n\n2,\"\"\"\n\n\"\r\n3,z"
        let (format, records) = try Self.records(Array(text.utf8), nil, pieceBytes: pieceBytes)
        #expect(format == .csv)
        #expect(
            records == [
                Record(line: 1, text: "a,b"), Record(line: 2, text: "1,\"x\ny\""),
                Record(line: 5, text: "2,\"\"\"\n\n\""),
                Record(line: 8, text: "3,z"),
            ])
    }

    @Test(arguments: pieces) func aLongLineIsCutOffAndTheNextKeepsItsNumber(pieceBytes: Int) throws {
        let long = String(repeating: "x", count: 1_000)
        let (_, records) = try Self.records(
            Array("one\n\(long)\nthree\n\(long)".utf8), .ndjson, pieceBytes: pieceBytes, recordBytesMax: 20)
        #expect(records.map(\.line) == [1, 2, 3, 4])
        #expect(records[0].text == "one" && records[2].text == "three")
        // Longer than allowed, so that the decoder finds it too large, and never the whole of it where it comes in
        // pieces.
        #expect(records[1].text.utf8.count > 20 && records[3].text.utf8.count > 20)
        #expect(pieceBytes > 64 || records[1].text.utf8.count <= 20 + 64 + 1)
    }

    @Test func anEmptyInputIsNoTable() throws {
        for text in ["", "\u{FEFF}", " \n\t\r\n"] {
            let (format, records) = try Self.records(Array(text.utf8), nil)
            #expect(format == .ndjson)
            #expect(records.allSatisfy { $0.text.allSatisfy(\.isWhitespace) })
        }
    }

    @Test func whatIsAskedForIsNotGuessed() throws {
        #expect(try Self.records(Array("{a},b\n".utf8), .csv).format == .csv)
        #expect(try Self.records(Array("x\n".utf8), .ndjson).format == .ndjson)
        #expect(try Self.records(Array(" \n {\"a\":1}".utf8), nil).format == .ndjson)
        #expect(try Self.records(Array("customer,{\n".utf8), nil).format == .csv)
    }

    @Test(arguments: [1, 5, 9] as [UInt64]) func anyPiecesGiveWhatSplittingGives(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let alphabet = Array("ab,{\r\n\n\n".utf8)
        let bytes = (0..<3_000).map { _ in alphabet[Int(random.next() % UInt64(alphabet.count))] }
        var expected: [Record] = []
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            let text = String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
            if !text.isEmpty { expected.append(Record(line: Int64(index) + 1, text: text)) }
        }
        for pieceBytes in Self.pieces {
            for format in [RecordFormat.ndjson, .csv] {
                let (_, records) = try Self.records(bytes, format, pieceBytes: pieceBytes, recordBytesMax: 200)
                #expect(records == expected, "seed \(seed), \(format), pieces of \(pieceBytes)")
            }
        }
    }
}

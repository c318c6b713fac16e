import Testing

@testable import Events

@Suite struct RecordSplitterTests {
    /// Feeds `text` in pieces of `piece` bytes, as a reader of a file does, and gives the records and the largest
    /// buffer.
    static func split(
        _ text: String, piece: Int, isCSV: Bool, recordBytesMax: Int = 1_000
    ) -> (records: [String], bufferMax: Int) {
        var lines = LineSplitter(recordBytesMax: recordBytesMax)
        var csv = CSVRecordSplitter(recordBytesMax: recordBytesMax)
        let bytes = Array(text.utf8)
        var buffer: [UInt8] = []
        var records: [String] = []
        var read = 0, bufferMax = 0
        while true {
            let end = min(bytes.count, read + piece)
            buffer += bytes[read..<end]
            read = end
            bufferMax = max(bufferMax, buffer.count)
            var place = 0
            buffer.withUnsafeBytes { raw in
                while let record = isCSV
                    ? csv.next(in: raw, from: &place, atEnd: read == bytes.count)
                    : lines.next(in: raw, from: &place, atEnd: read == bytes.count)
                {
                    records.append(String(decoding: raw[record], as: UTF8.self))
                }
            }
            buffer.removeFirst(place)
            if read == bytes.count { return (records, bufferMax) }
        }
    }

    @Test(
        arguments: [
            ("", []), ("a", ["a"]), ("a\n", ["a"]), ("a\r\nb", ["a", "b"]), ("a\n\nb\n", ["a", "", "b"]), ("\n", [""]),
            ("a\rb\n", ["a\rb"]), ("{\"x\":\"\\n\"}\n{}", ["{\"x\":\"\\n\"}", "{}"]), ("\"a\nb\"", ["\"a", "b\""]),
        ] as [(String, [String])])
    func lines(text: String, expected: [String]) {
        for piece in [1, 2, 3, 100] { #expect(Self.split(text, piece: piece, isCSV: false).records == expected) }
    }

    @Test(
        arguments: [
            ("", []), ("a,b", ["a,b"]), ("a,b\r\n", ["a,b"]), ("a,\"b\nc\"\nd", ["a,\"b\nc\"", "d"]),
            ("\"a\"\"\n\"\"\",b\r\nc", ["\"a\"\"\n\"\"\",b", "c"]), ("a\"b\nc\"d\n", ["a\"b", "c\"d"]),
            ("a,\"\"\nb", ["a,\"\"", "b"]),
            ("\"a\nb", ["\"a\nb"]), ("\"a\"b\"\nc", ["\"a\"b\"", "c"]), ("\n\na", ["", "", "a"]),
        ] as [(String, [String])])
    func records(text: String, expected: [String]) {
        for piece in [1, 2, 3, 100] { #expect(Self.split(text, piece: piece, isCSV: true).records == expected) }
    }

    /// A record without an end is given once, cut off, and memory stays bounded.
    @Test(arguments: [false, true])
    func longRecords(isCSV: Bool) {
        let long = String(repeating: "x", count: 1_000)
        let text = "a\n" + long + "\nb\n" + (isCSV ? "\"" : "") + long
        for piece in [1, 7, 64] {
            let (records, bufferMax) = Self.split(text, piece: piece, isCSV: isCSV, recordBytesMax: 20)
            #expect(records.map(\.utf8.count) == [1, 21, 1, 21])
            #expect(bufferMax <= 21 + piece)
        }
        // Behind a quote that does not close, reading goes on at a line end.
        let open = Self.split("\"" + long + "\nb\nc", piece: 10, isCSV: true, recordBytesMax: 20)
        #expect(open.records.dropFirst() == ["b", "c"])
    }

    @Test func randomPiecesGiveTheSame() {
        let seed: UInt64 = 9
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let text = String((0..<60).map { _ in "ab,\"\n\r".randomElement(using: &random)! })
            for isCSV in [false, true] {
                let whole = Self.split(text, piece: 1_000, isCSV: isCSV).records
                #expect(
                    Self.split(text, piece: Int.random(in: 1...9, using: &random), isCSV: isCSV).records == whole,
                    "seed \(seed)")
            }
        }
    }
}

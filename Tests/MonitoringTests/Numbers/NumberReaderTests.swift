import Monitoring
import Testing

@Suite struct NumberReaderTests {
    private static func numbers(
        _ text: String, column: String? = nil, skipsMissing: Bool = false, pieceBytes: Int = 7, countMax: Int = 1_000
    ) throws -> [Double] {
        let source = TextSource(text, pieceBytes: pieceBytes)
        let reader = try NumberReader(source, name: "a.txt", column: column, skipsMissing: skipsMissing)
        return try reader.rest(countMax: countMax)
    }

    private static func message(_ text: String, column: String? = nil, skipsMissing: Bool = false) -> String {
        do {
            return "read \(try numbers(text, column: column, skipsMissing: skipsMissing))"
        } catch { return "\(error)" }
    }

    @Test(arguments: [1, 2, 3, 5, 1_000])
    func oneNumberALine(pieceBytes: Int) throws {
        let text = "\u{FEFF}0.5\r\n\n  1e-3 \n-7\n\"2.25\"\n5e-324"
        let found = try Self.numbers(text, pieceBytes: pieceBytes)
        #expect(found == [0.5, 0.001, -7, 2.25, .leastNonzeroMagnitude])
    }

    @Test(arguments: [1, 4, 1_000])
    func aColumnOfATable(pieceBytes: Int) throws {
        let text = "id,\"the, score\",note\n1,0.5,\"two\nlines, \"\"quoted\"\"\"\n2,.25,x\r\n3, \"0.75\" ,\n"
        #expect(try Self.numbers(text, column: "the, score", pieceBytes: pieceBytes) == [0.5, 0.25, 0.75])
        #expect(try Self.numbers(text, column: "id", pieceBytes: pieceBytes) == [1, 2, 3])
    }

    @Test func aMemberOfJSONLines() throws {
        let text = #"""
            {"score":0.5,"features":{"amount":12},"a.b":1}

            {"features":{"amount":13.5},"score":1,"a.b":2}
            """#
        #expect(try Self.numbers(text, column: "score") == [0.5, 1])
        #expect(try Self.numbers(text, column: "features.amount") == [12, 13.5])
        #expect(try Self.numbers(text, column: "a.b") == [1, 2])
    }

    @Test func missingValuesAreRefusedOrSkipped() throws {
        #expect(
            Self.message("a\n1\n\nnan\n", column: "a")
                == "a.txt:3: an empty cell, where a number is expected; --skip-missing passes over such lines")
        #expect(try Self.numbers("a\n1\n\nnan\n2\n", column: "a", skipsMissing: true) == [1, 2])
        let json = "{\"a\":1}\n{\"a\":null}\n{}\n{\"a\":NaN}\n{\"a\":2}"
        #expect(Self.message(json, column: "a").hasPrefix("a.txt:2: \"a\" is null"))
        #expect(try Self.numbers(json, column: "a", skipsMissing: true) == [1, 2])
    }

    @Test func whatIsNoNumberIsNamedWithItsLine() {
        #expect(
            Self.message("1\n2\nthree\n")
                == "a.txt:3: \"three\" is no number; if it is a column's name, say --column three")
        #expect(
            Self.message("id,score\n1,2\n")
                == "a.txt:1: \"id,score\" is no number; choose a column of a table with --column (id, score)")
        #expect(
            Self.message("id,score\n1,2\n", column: "scor")
                == "a.txt: there is no column \"scor\"; its header has id, score")
        #expect(Self.message("id,id\n", column: "id") == "a.txt: its header names \"id\" twice")
        #expect(
            Self.message("id,score\n1,2\n3\n", column: "score")
                == "a.txt:3: 1 cells, where the header names 2 columns")
        #expect(Self.message("1\ninf\n").hasPrefix("a.txt:2: an infinite number"))
        #expect(Self.message("1\n1e999\n").hasPrefix("a.txt:2: an infinite number"))
        #expect(Self.message("0x10\n").hasPrefix("a.txt:1: \"0x10\" is no number"))
        #expect(Self.message("").hasPrefix("a.txt: it is empty"))
        #expect(Self.message(" \n \n").hasPrefix("a.txt: it is empty"))
        #expect(Self.message("{\"a\":1}").hasPrefix("a.txt: it holds JSON lines: choose a member"))
        #expect(Self.message("{\"a\":\"x\"}", column: "a") == "a.txt:1: \"a\" is no number but a string")
        #expect(Self.message("{\"a\":1}\n{\"a\":", column: "a").hasPrefix("a.txt:2: "))
        #expect(Self.message("{\"a\":1}\n[1]", column: "a") == "a.txt:2: no JSON object")
    }

    @Test func moreThanIsHeldIsRefused() throws {
        #expect(try Self.numbers("1\n2\n3\n", countMax: 3) == [1, 2, 3])
        #expect(throws: NumberFailure("a.txt:3: more than 2 numbers, which is as many as are held")) {
            try Self.numbers("1\n2\n3\n", countMax: 2)
        }
    }
}

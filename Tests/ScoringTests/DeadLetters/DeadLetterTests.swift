import Events
import Kafka
import Testing

@testable import Scoring

/// What a letter says of itself, whoever wrote it, and how it is shown.
struct DeadLetterTests {
    @Test(arguments: [
        ("card.transactions/0/17", "card.transactions/0/17"), ("a/2147483647/9223372036854775807", nil), ("a/0/0", nil),
    ])
    func originsAreRead(text: String, printed: String?) throws {
        let origin = try #require(DeadLetterOrigin(text))
        #expect(origin.description == printed ?? text)
    }

    @Test(arguments: [
        "", "a", "a/0", "a/0/0/0", "/0/0", "a/-1/0", "a/0/-1", "a/+1/0", "a/0/", "a//0", "a/2147483648/0", "a b/0/0",
        "a/0/9223372036854775808", "a/0/1e3", "ü/0/0", "a\n/0/0",
    ])
    func otherTextsAreNoOrigins(text: String) { #expect(DeadLetterOrigin(text) == nil) }

    @Test(arguments: [
        ("17", "0:17"), ("0:17", "0:17"), ("1:5,0:2", "0:2,1:5"), ("0:0", "0:0"),
    ])
    func positionsAreRead(text: String, printed: String) throws {
        let position = try #require(DeadLetterPosition(text))
        #expect(position.description == printed)
        #expect(DeadLetterPosition(position.description) == position)
    }

    @Test(arguments: ["", ":", "a", "1:", ":1", "1:2:3", "-1", "0:1,0:2", "0:1,", "1 ", "9223372036854775807", "٣"])
    func otherTextsAreNoPositions(text: String) { #expect(DeadLetterPosition(text) == nil) }

    @Test func headersAreReadAndThoseOfRiffleTakenAway() {
        let letter = Letter(
            headers: [
                ("trace", "1"), ("riffle-origin", "a/1/2"), ("riffle-error-code", "late"), ("riffle-error", "too late"),
                ("riffle-attempts", "3"), ("riffle-timestamp", "1700000000123"), ("riffle-truncated", "value"),
                ("riffle-else", "x"), ("trace", "2"),
            ]
        ).letter
        #expect(letter.origin == DeadLetterOrigin(topic: "a", partition: 1, offset: 2))
        #expect(letter.code == "late" && letter.message == "too late" && letter.attempts == 3)
        #expect(letter.truncated == "value" && letter.eventTimestampMilliseconds == 1_700_000_000_123)
        #expect(letter.headers.map(\.name) == ["trace", "trace"])
    }

    @Test(arguments: ["", "x", "-4", "1.5", "12345678", "0", "99999999999999999999"])
    func nonsenseInHeadersIsNoNews(text: String) {
        let letter = Letter(headers: [("riffle-attempts", text), ("riffle-timestamp", "-\(text)")]).letter
        #expect(letter.attempts == 1 && letter.eventTimestampMilliseconds == nil && letter.origin == nil)
        #expect(letter.code.isEmpty && letter.message.isEmpty)
    }

    @Test func queriesChoose() throws {
        let letters = [
            Letter(headers: [("riffle-error-code", "late"), ("riffle-origin", "a/0/1")], offset: 0, time: 10),
            Letter(headers: [("riffle-error-code", "late"), ("riffle-origin", "a/0/2")], offset: 1, time: 20),
            Letter(headers: [("riffle-error-code", "other"), ("riffle-origin", "a/0/3")], offset: 2, time: 30),
            Letter(headers: [], offset: 3, time: nil),
        ].map(\.letter)
        func chosen(_ change: (inout DeadLetterQuery) -> Void) throws -> ([Int64], String) {
            var query = DeadLetterQuery()
            change(&query)
            var log = DeadLetterLog(query, source: MemoryLetters(letters))
            var offsets: [Int64] = []
            while let letter = try log.next() { offsets.append(letter.offset) }
            return (offsets, log.position.description)
        }
        #expect(try chosen { _ in } == ([0, 1, 2, 3], "0:3"))
        #expect(try chosen { $0.codes = ["late"] } == ([0, 1], "0:3"))
        #expect(try chosen { $0.origins = [DeadLetterOrigin(topic: "a", partition: 0, offset: 3)] } == ([2], "0:3"))
        #expect(try chosen { $0.sinceMicroseconds = 20 } == ([1, 2], "0:3"))
        #expect(try chosen { $0.limit = 2 } == ([0, 1], "0:1"))
        #expect(
            try chosen {
                $0.limit = 1; $0.codes = ["other"]
            } == ([2], "0:2"))
    }

    @Test func linesShowNoPayloadAndMoveNoCursor() {
        let letter = Letter(
            headers: [
                ("riffle-origin", "card/2/17"), ("riffle-error-code", "co\u{1B}[2Jde"), ("riffle-attempts", "2"),
                ("riffle-error", "line\nbreak \u{202E}back"), ("own\u{7}", "bell\u{7}"),
            ], key: "card-4711", value: "secret\u{0}", time: 1_538_351_997_000_000
        ).letter
        #expect(
            DeadLetterText.line(letter)
                == "0:0  2018-09-30T23:59:57Z  card/2/17  co\\u{1B}[2Jde  attempts 2\n  line\\u{A}break \\u{202E}back")
        #expect(
            DeadLetterText.payload(letter) == "  key: card-4711\n  header own\\u{7}: bell\\u{7}\n  value: secret\\u{0}")
        let unknown = Letter(headers: [], value: nil, time: nil).letter
        #expect(DeadLetterText.line(unknown) == "0:0  -  no origin  no code  attempts 1")
    }

    @Test func jsonIsSoundWhateverTheBytes() throws {
        var letter = Letter(
            headers: [("riffle-origin", "card/2/17"), ("riffle-error-code", "c\"\\"), ("own", "ü")], key: "k", time: 0
        ).letter
        letter.value = [0xFF, 0x00, 0x22]
        let plain = try JSONDocument(parsing: DeadLetterText.json(letter, withPayload: false))
        #expect(plain.root["code"]?.string == "c\"\\")
        #expect(plain.root["origin"]?.string == "card/2/17")
        #expect(plain.root["time"]?.string == "1970-01-01T00:00:00Z")
        #expect(plain.root["value"] == nil && plain.root["value_base64"] == nil)
        let whole = try JSONDocument(parsing: DeadLetterText.json(letter, withPayload: true))
        #expect(whole.root["value_base64"]?.string == "/wAi")
        #expect(whole.root["key"]?.string == "k")
        #expect(DeadLetterText.json(letter, withPayload: true).contains("[{\"name\":\"own\",\"value\":\"ü\"}]"))
    }
}

/// A letter as a test writes it down.
struct Letter {
    var headers: [(String, String)]
    var key: String? = "k"
    var value: String? = "v"
    var partition: Int32 = 0
    var offset: Int64 = 0
    var time: Int64? = 1_000_000

    var letter: DeadLetter {
        DeadLetter(
            partition: partition, offset: offset, timeMicroseconds: time, key: key.map { Array($0.utf8) },
            value: value.map { Array($0.utf8) },
            headers: headers.map { KafkaHeaderCopy(name: $0.0, value: Array($0.1.utf8)) })
    }
}

/// Letters at hand.
struct MemoryLetters: DeadLetterSource {
    private var rest: ArraySlice<DeadLetter>

    init(_ letters: [DeadLetter]) { rest = letters[...] }

    mutating func next() throws -> DeadLetter? { rest.popFirst() }
}

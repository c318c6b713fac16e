import Foundation
import Testing

@testable import Events

/// Changed events never crash the decoder, and what it says of them agrees with an independent parser.
@Suite struct EventMutationTests {
    static let events = [
        JSONEventDecoderTests.payment,
        """
        {"fraud":null,"amount":"12.5","customer":{"id":"ä\\n","since":[2001,{"m":5}]},"at":"2018-09-30","id":7,"n":"x"}
        """,
        """
        { "id": 1, "at": "1999-12-31 23:59:59.25-01:00", "tags": ["a", [], {}],
          "customer": {"home": {"country": "AT", "zip": 1}, "id": "7"}, "amount": 1e2, "risk": null, "fraud": true }
        """,
    ]

    struct Shares {
        var objects = 0
        var sound = 0
        var codes: [FaultCode: Int] = [:]
        /// What the two parsers say of the same bytes, where they must agree and do not.
        var disagreements: [String] = []
    }

    /// Foundation reads other encodings and a byte order mark: what it says is compared for the rest.
    static func isComparable(_ bytes: [UInt8]) -> Bool {
        let isMarked =
            bytes.starts(with: [0xEF, 0xBB, 0xBF]) || bytes.starts(with: [0xFE, 0xFF])
            || bytes.starts(with: [0xFF, 0xFE])
        return !isMarked && !bytes.prefix(4).contains(0) && !bytes.isEmpty
    }

    static func check(_ bytes: [UInt8], _ row: DecodedRow, _ shares: inout Shares) {
        let code = row.fault.code
        shares.codes[code, default: 0] += 1
        let isObject = ![.invalidJSON, .invalidUTF8, .notAnObject, .nestedTooDeep].contains(code)
        shares.objects += isObject ? 1 : 0
        shares.sound += code == .none ? 1 : 0
        guard isComparable(bytes) else { return }
        let parsed = try? JSONSerialization.jsonObject(with: Data(bytes), options: [.fragmentsAllowed])
        let text = String(decoding: bytes, as: UTF8.self)
        // It refuses a number that no double holds, wherever it stands.
        if parsed == nil, code == .none, !text.contains("e400") {
            shares.disagreements.append("taken here, refused there: \(text)")
        }
        // Foundation takes a comma before a closing bracket.
        let hasLooseComma = text.filter { !$0.isWhitespace }.contains(/,[\]}]/)
        if parsed != nil, !hasLooseComma, code == .invalidJSON || code == .invalidUTF8 {
            shares.disagreements.append("refused here, taken there: \(text)")
        }
        if parsed != nil, code == .notAnObject, parsed is [String: Any] {
            shares.disagreements.append("an object there: \(text)")
        }
        guard code == .none, let object = parsed as? [String: Any] else { return }
        let customer = object["customer"] as? [String: Any]
        let isSame =
            row.cells[0] == ((object["id"] as? NSNumber)?.int64Value).map { .number($0) }
            && row.cells[2] == (customer?["id"] as? String).map { .text($0) }
        if !isSame { shares.disagreements.append("other values: \(text)") }
    }

    @Test func mutants() {
        let seed: UInt64 = 20_180_930
        var mutator = EventMutator(seed: seed)
        var shares = Shares()
        let count = 20_000
        let mutants = (0..<count).map { mutator.mutate(Self.events[$0 % Self.events.count]) }
        for (mutant, row) in zip(mutants, Decode.json(mutants, .payments)) { Self.check(mutant, row, &shares) }
        let percent = { (part: Int) in Double(part * 1_000 / count) / 10 }
        print(
            "event mutants: \(percent(shares.objects)) % are objects, \(percent(shares.sound)) % decode without a fault"
        )
        print(shares.codes.sorted { $0.value > $1.value }.map { "\($0.key.name) \($0.value)" }.joined(separator: ", "))
        #expect(shares.objects * 100 >= count * 30, "seed \(seed)")
        #expect(shares.sound * 100 >= count * 5, "seed \(seed)")
        #expect(shares.codes.count >= 11, "seed \(seed)")
        #expect(shares.disagreements.isEmpty, "seed \(seed): \(shares.disagreements.prefix(5))")
    }

    /// One decoder over all mutants gives what a new decoder gives for each: nothing that it remembers changes a
    /// result.
    @Test func memoryChangesNothing() {
        let seed: UInt64 = 77
        var mutator = EventMutator(seed: seed)
        let mutants = (0..<1_500).map { mutator.mutate(Self.events[$0 % Self.events.count]) }
        let together = Decode.json(mutants, .payments)
        for (mutant, row) in zip(mutants, together) {
            #expect(
                Decode.json([mutant], .payments)[0] == row, "seed \(seed): \(String(decoding: mutant, as: UTF8.self))")
        }
    }

    @Test func everyBeginningOfAnEventIsAFault() {
        for event in Self.events {
            #expect(Decode.json(event, .payments).fault == .none)
            let bytes = Array(event.utf8)
            let rows = Decode.json(bytes.indices.map { Array(bytes[..<$0]) }, .payments)
            for (length, row) in rows.enumerated() {
                #expect([.invalidJSON, .invalidUTF8].contains(row.fault.code), "\(length) bytes")
            }
        }
    }

    @Test func randomBytesAndRecords() throws {
        let seed: UInt64 = 5
        var random = SeededGenerator(seed: seed)
        let alphabet = Array("{}[]:,\"\\ \n0123456789.eE+-truefalsnidat\u{0}é".utf8)
        let texts = (0..<5_000).map { _ in
            (0..<Int.random(in: 0...80, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? 0 }
        }
        let rows = Decode.json(texts, .payments)
        #expect(rows.count == texts.count && rows.allSatisfy { $0.fault.code != .none })
        let batch = EventBatch(schema: .payments, capacity: texts.count)
        let decoder = try Array(CSVTests.header.utf8).withUnsafeBytes {
            try CSVEventDecoder(schema: .payments, header: $0)
        }
        for text in texts {
            text.withUnsafeBytes { decoder.decode(record: $0, recordTime: 0, offset: 0, lane: 0, into: batch) }
            text.withUnsafeBytes { _ = try? CSVEventDecoder(schema: .payments, header: $0) }
        }
        #expect(batch.count == texts.count && (0..<batch.count).allSatisfy { batch.faults[$0].code != .none })
    }
}

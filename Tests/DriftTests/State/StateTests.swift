import Testing

@testable import Drift

/// State as bytes: what is written is read, and nothing else is.
@Suite struct StateTests {
    private static let kind = StateKind("something", version: 3)

    private static func written() -> [UInt8] {
        var writer = StateWriter(kind)
        writer.write(UInt64.max)
        writer.write(Int64.min)
        writer.write(UInt32(7))
        writer.write(UInt16(65_535))
        writer.write(UInt8(9))
        writer.write(true)
        writer.write(-Double.infinity)
        writer.write(1.5)
        for count in [0, 127, 128, 16_384, Int.max] { writer.write(count: count) }
        writer.write("Größe")
        writer.write(blob: [1, 2, 3])
        writer.write([0.25, .nan])
        writer.write(counts: [5, 0, 300])
        return writer.sealed()
    }

    private static func read(_ bytes: [UInt8]) throws(StateFault) {
        var reader = try StateReader(bytes, of: kind, oldest: 2)
        #expect(reader.version == 3)
        #expect(try reader.word("") == .max)
        #expect(try reader.integer("") == .min)
        #expect(try reader.word32("") == 7)
        #expect(try reader.word16("") == 65_535)
        #expect(try reader.byte("") == 9)
        #expect(try reader.flag(""))
        #expect(try reader.double("") == -.infinity)
        #expect(try reader.finite("") == 1.5)
        for count in [0, 127, 128, 16_384, Int.max] { #expect(try reader.count(max: .max, "") == count) }
        #expect(try reader.text(bytesMax: 7, "") == "Größe")
        #expect(try reader.blob(bytesMax: 3, "") == [1, 2, 3])
        let doubles = try reader.doubles(countMax: 2, "")
        #expect(doubles[0] == 0.25 && doubles[1].isNaN && doubles.count == 2)
        #expect(try reader.counts(countMax: 3, max: 300, "") == [5, 0, 300])
        #expect(reader.remaining == 0)
        try reader.finish()
    }

    @Test func whatIsWrittenIsRead() throws {
        try Self.read(Self.written())
        #expect(Self.written() == Self.written())
    }

    /// Every cut and every changed bit is found before a value is taken.
    @Test func whatIsDamagedIsRefused() {
        let bytes = Self.written()
        for count in 0..<bytes.count {
            #expect(throws: StateFault.self) { try StateReader(Array(bytes[..<count]), of: Self.kind) }
        }
        for place in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[place] ^= UInt8(1 << bit)
                #expect(throws: StateFault.self) { try StateReader(changed, of: Self.kind) }
            }
        }
        #expect(throws: StateFault.self) { try StateReader(bytes + [0], of: Self.kind) }
    }

    @Test func ofAnotherKindOrVersion() {
        let bytes = Self.written()
        #expect(throws: StateFault.ofAnotherKind(found: "something", expected: "other")) {
            try StateReader(bytes, of: StateKind("other", version: 3))
        }
        #expect(throws: StateFault.ofAnotherVersion(kind: "something", found: 3, expected: 1...2)) {
            try StateReader(bytes, of: StateKind("something", version: 2))
        }
        #expect(throws: StateFault.ofAnotherVersion(kind: "something", found: 3, expected: 4...5)) {
            try StateReader(bytes, of: StateKind("something", version: 5), oldest: 4)
        }
        #expect(throws: StateFault.notState(expected: "something")) { try StateReader([], of: Self.kind) }
        let fault = StateFault.ofAnotherVersion(kind: "monitor", found: 9, expected: 1...2)
        #expect(
            fault.description == "the state of \"monitor\" has version 9; this riffle reads 1 to 2: begin without it")
    }

    /// Sealed as it should be, with contents that nobody wrote: announced sizes take no memory, values are in range.
    @Test func hostileContents() throws {
        func reader(_ write: (inout StateWriter) -> Void) throws -> StateReader {
            var writer = StateWriter(Self.kind)
            write(&writer)
            return try StateReader(writer.sealed(), of: Self.kind)
        }
        var long = try reader { $0.write(count: .max) }
        #expect(throws: StateFault.self) { try long.doubles(countMax: .max, "numbers") }
        var blob = try reader { $0.write(count: 1 << 40) }
        #expect(throws: StateFault.self) { try blob.blob(bytesMax: .max, "bytes") }
        var many = try reader { $0.write(counts: [1, 2, 3]) }
        #expect(throws: StateFault.self) { try many.counts(countMax: 2, max: 9, "counts") }
        var large = try reader { $0.write(counts: [1, 2, 10]) }
        #expect(throws: StateFault.self) { try large.counts(countMax: 3, max: 9, "counts") }
        var endless = try reader { for _ in 0..<11 { $0.write(UInt8(0xFF)) } }
        #expect(throws: StateFault.self) { try endless.count(max: .max, "a count") }
        var padded = try reader { for byte in [0x80, 0x00] as [UInt8] { $0.write(byte) } }
        #expect(throws: StateFault.self) { try padded.count(max: .max, "a count") }
        var text = try reader { $0.write(blob: [0xC3, 0x28]) }
        #expect(throws: StateFault.self) { try text.text(bytesMax: 9, "a text") }
        var flag = try reader { $0.write(UInt8(2)) }
        #expect(throws: StateFault.self) { try flag.flag("a flag") }
        var number = try reader { $0.write(Double.nan) }
        #expect(throws: StateFault.self) { try number.finite("a number") }
        let rest = try reader { $0.write(UInt8(0)) }
        #expect(throws: StateFault.self) { try rest.finish() }
        var empty = try reader { _ in }
        #expect(throws: StateFault.self) { try empty.word("a word") }
    }
}

import Configuration
import Diagnostics
import Foundation
import Testing

/// Files that were made to hurt: each gives diagnostics, none hangs, traps or takes memory without bound.
@Suite struct HostileTests {
    private func codes(_ text: String) -> [String] {
        let file = PipelineFile.load(bytes: Array(text.utf8), path: "p", environment: [:])
        #expect(file.diagnostics.hasErrors)
        #expect(!file.rendered().isEmpty)
        return Array(Set(file.diagnostics.map(\.code))).sorted()
    }

    private static func chain(_ levels: Int, last: String) -> String {
        var text = "l0: &l0 [x, x, x, x]\n"
        for level in 1...levels {
            text += "l\(level): &l\(level) [\(Array(repeating: "*l\(level - 1)", count: 4).joined(separator: ", "))]\n"
        }
        return text + last
    }

    @Test(arguments: ["", "? *l60\n: 1\n", "? [*l60]\n: 1\n", "{*l60 : 1}\n", "*l60 : 1\n", "<<: *l60\n"])
    func aliasesUnfoldNothing(last: String) {
        let found = codes(Self.chain(60, last: last))
        #expect(found.contains { $0.hasPrefix("yaml-") })
    }

    @Test(arguments: ["[", "{", "{a: ", "[{a: ", "- ", "? ", "a: [", "!!seq [", "&a [", "- - ? "])
    func deepNesting(unit: String) {
        for count in [100, 20_000] {
            let found = codes("features: " + String(repeating: unit, count: count))
            #expect(found.contains { $0.hasPrefix("yaml-") || $0 == "nesting-too-deep" })
            #expect(codes(String(repeating: unit, count: count) + "x").isEmpty == false)
        }
    }

    @Test func deepBlocks() {
        let lines = (0..<700).map { String(repeating: " ", count: $0) + "a:" }.joined(separator: "\n")
        #expect(codes(lines).contains("nesting-too-deep"))
    }

    @Test func deepKeysWithinALineOverAndOver() {
        let key = String(repeating: "{", count: 60) + "x: 1" + String(repeating: "}", count: 60)
        let text = (0..<400).map { "k\($0): {\(key): 1}\n" }.joined()
        #expect(codes(text).contains("nesting-too-deep"))
    }

    @Test func manyOfEverything() {
        #expect(codes((0..<3_000).map { "k\($0): 1\n" }.joined()).contains("too-many-problems"))
        #expect(codes(String(repeating: "k: 1\n", count: 3_000)).contains("duplicate-key"))
        #expect(codes((0..<400).map { "k\($0): 1\nk\($0): 1\n" }.joined()).contains("duplicate-key"))
        #expect(codes("features: [" + String(repeating: "1,", count: 10_000) + "]").contains("too-many-problems"))
        #expect(codes("pipeline: " + String(repeating: "x", count: 200_000)).contains("invalid-name"))
        #expect(codes("pipeline: \"" + String(repeating: "\\u00e9", count: 10_000) + "\"").contains("invalid-name"))
        #expect(codes("pipeline: " + String(repeating: "${", count: 60)).contains("invalid-variable"))
        #expect(codes("pipeline: " + String(repeating: "${A}", count: 10_000)).contains("unset-variable"))
        #expect(codes(String(repeating: "\n", count: 100_000)).contains("empty-file"))
        #expect(codes(String(repeating: "\u{0}", count: 100_000)).contains("invalid-character"))
    }

    @Test func windowsTimesAggregatesAreBounded() {
        let windows = (1...3_000).map { "\($0)h" }.joined(separator: ", ")
        let aggregates = (1...3_000).map { "a\($0): count()" }.joined(separator: ", ")
        let text = Pipelines.small.replacing("[1d]", with: "[\(windows)]")
            .replacing("{customer_tx: count()}", with: "{\(aggregates)}")
        #expect(codes(text) == ["too-many-features"])
    }

    @Test func tooLargeAFileIsNotRead() throws {
        #expect(codes(String(repeating: "# padding\n", count: 110_000)) == ["file-too-large"])
        #expect(PipelineFile.load(path: "/dev/zero").diagnostics.map(\.code) == ["file-too-large"])
        #expect(PipelineFile.load(path: "/").diagnostics.map(\.code) == ["unreadable-file"])
    }

    @Test(arguments: 0..<200)
    func randomBytes(seed: Int) {
        var random = SeededRandom(UInt64(seed))
        let alphabet = Array("[]{}:-?&*!|>'\"%@`#,\n \t\r$\\~<=ab01\u{0}é\u{F0000}".utf8)
        let bytes = (0..<Int.random(in: 0..<400, using: &random)).map { _ in
            Int.random(in: 0..<20, using: &random) == 0
                ? UInt8.random(in: 0...255, using: &random) : alphabet.randomElement(using: &random) ?? 0
        }
        let file = PipelineFile.load(bytes: bytes, path: "p", environment: [:])
        #expect(file.diagnostics.hasErrors, "seed \(seed)")
        #expect(!file.rendered(usesColour: true).isEmpty, "seed \(seed)")
    }
}

/// SplitMix64: the same numbers everywhere.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

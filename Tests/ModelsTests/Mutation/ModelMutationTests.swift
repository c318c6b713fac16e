import Foundation
import Testing

@testable import Models

/// A format's files, and changes to them that know its structure.
struct MutatedFormat {
    let name: String
    let sources: [[UInt8]]
    let mutant: (_ source: [UInt8], inout SeededGenerator) -> [UInt8]
    /// Whether a mutant is still what it claims to be, a model or not.
    let parses: ([UInt8]) -> Bool
    /// Holds a mutant that loads against something that is obviously right.
    let check: (Model, inout SeededGenerator, _ comment: String) -> Void

    static func all() throws -> [MutatedFormat] {
        [try xgboostJSON(), try xgboostUBJSON(), try lightgbm(), try onnx()]
    }
}

/// Models that are damaged with knowledge of their structure: numbers, names, lengths and whole pieces are changed, so that
/// most mutants get past the parser and many past the checks. None may crash, hang or take much memory, and what loads must
/// predict right.
///
/// Memory is that of the whole process: to be run by itself, as `make test` does, with 10,000 of them (45 s of a processor
/// where nothing is optimised).
@Suite struct ModelMutationTests {
    /// In all; RIFFLE_MUTANTS says otherwise, RIFFLE_SEED begins elsewhere.
    static let mutantCount = number("RIFFLE_MUTANTS") ?? 2_000
    static let seed = number("RIFFLE_SEED").map(UInt64.init) ?? 1
    private static let growthMax = 256 << 20

    private static func number(_ name: String) -> Int? {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
    }

    private struct Row {
        let name: String
        var mutants = 0
        var parsed = 0
        var predicted = 0
        var codes: [ModelFailure.Code: Int] = [:]

        var text: String {
            let share = { (count: Int) in String(format: "%7d (%2d %%)", count, count * 100 / max(1, mutants)) }
            let name = name.padding(toLength: 16, withPad: " ", startingAt: 0)
            return "\(name)\(String(format: "%8d", mutants))  parse \(share(parsed))  load and predict "
                + "\(share(predicted))  refused in \(codes.count) ways"
        }
    }

    @Test func mutantsAreRefusedOrExact() throws {
        let formats = try MutatedFormat.all()
        let before = Self.status("VmRSS")
        var total = Row(name: "all")
        print("model mutants, seed \(Self.seed):")
        for (place, format) in formats.enumerated() {
            let count = Self.mutantCount * (place + 1) / formats.count - Self.mutantCount * place / formats.count
            let row = Self.run(format, count: count)
            print(row.text)
            print(
                "    "
                    + row.codes.sorted { $0.value > $1.value }.map { "\($0.key.rawValue) \($0.value)" }.joined(
                        separator: ", "))
            #expect(row.parsed * 100 >= row.mutants * 30, "\(row.text)")
            #expect(row.predicted * 100 >= row.mutants * 5, "\(row.text)")
            #expect(row.codes.count >= 6, "\(row.text)")
            total.mutants += row.mutants
            total.parsed += row.parsed
            total.predicted += row.predicted
            total.codes.merge(row.codes, uniquingKeysWith: +)
        }
        // A peak from before counts too: this says too much rather than too little.
        let growth = Self.status("VmHWM") - before
        print(total.text)
        print("the process's peak of memory is \(growth >> 20) MiB above what it began with")
        #expect(total.mutants == Self.mutantCount)
        #expect(before > 0)
        #expect(growth < Self.growthMax, "\(growth) bytes")
    }

    private static func run(_ format: MutatedFormat, count: Int) -> Row {
        var row = Row(name: format.name)
        for number in 0..<count {
            var random = SeededGenerator(seed: seed &* 1_000_003 &+ UInt64(number))
            let mutant = format.mutant(format.sources[number % format.sources.count], &random)
            let comment = "\(format.name), seed \(seed), mutant \(number)"
            row.mutants += 1
            if format.parses(mutant) { row.parsed += 1 }
            do {
                let model = try Model.load(mutant, path: "", options: .init(output: 0))
                format.check(model, &random, comment)
                row.predicted += 1
                // Who only looks into a file reads more of it: as robust, and of the same mind.
                if number % 8 == 0 { #expect(summary(mutant).problems == [], "\(comment)") }
            } catch {
                row.codes[error.code, default: 0] += 1
                let problems = summary(mutant).problems
                #expect(problems.contains { $0.message == error.message }, "\(comment): \(error), \(problems)")
            }
        }
        return row
    }

    private static func summary(_ mutant: [UInt8]) -> ModelSummary {
        ModelSummary(inspecting: mutant, options: .init(output: 0))
    }

    /// A line of the kernel's account of this process, in bytes.
    private static func status(_ key: String) -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("\(key):") }
        let number = line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) }
        return (number ?? 0) << 10
    }
}

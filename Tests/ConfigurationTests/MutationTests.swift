import Configuration
import Diagnostics
import Features
import Foundation
import Testing

/// Mutants of a valid pipeline, made along its lines and tokens: none may crash, and enough of them must get far.
@Suite struct MutationTests {
    private static let seed: UInt64 = 20_260

    @Test(arguments: [
        ("valid-card-fraud", 1_500), ("valid-several-sources", 400), ("valid-filters", 400), ("valid-monitor", 600),
    ])
    func mutantsAreAnswered(golden: String, mutants: Int) throws {
        let url = try GoldenCase.named(golden).folder.appendingPathComponent("pipeline.yaml")
        let text = try String(contentsOf: url, encoding: .utf8)
        var random = SeededRandom(Self.seed)
        var parsed = 0
        var valid = 0
        var planned = 0
        for number in 0..<mutants {
            var mutation = Mutation(text, random)
            for _ in 0..<Int.random(in: 1...3, using: &random) { mutation.step() }
            random = mutation.random
            var file = PipelineFile.load(
                bytes: Array(mutation.text.utf8), path: "mutant.yaml", environment: ["RIFFLE_BROKERS": "a:9092"])
            let isYAML = file.spec != nil
            if isYAML { parsed += 1 }
            let isRead = isYAML && !file.diagnostics.hasErrors
            if isRead { valid += 1 }
            let plan = file.compile()
            if let plan {
                planned += 1
                #expect(isRead && plan.features.featureCount == plan.spec.featureNames.count)
            }
            #expect(
                (plan != nil) != file.diagnostics.hasErrors,
                "seed \(Self.seed), mutant \(number):\n\(mutation.text)")
            #expect(isYAML || file.diagnostics.hasErrors, "seed \(Self.seed), mutant \(number):\n\(mutation.text)")
            for diagnostic in file.diagnostics {
                guard let start = diagnostic.range?.start else { continue }
                #expect(
                    file.source.offset(of: start) != nil, "seed \(Self.seed), mutant \(number): \(diagnostic)")
            }
            #expect(file.rendered().isEmpty == file.diagnostics.isEmpty)
        }
        let shares = [parsed, valid, planned].map { Double($0) / Double(mutants) * 100 }
        let shown = shares.map { Int($0.rounded()) }
        print(
            "\(mutants) mutants of \(golden): YAML \(shown[0]) %, read \(shown[1]) %, planned \(shown[2]) % "
                + "(seed \(Self.seed))")
        #expect(shares[0] >= 30)
        #expect(shares[2] >= 5)
    }
}

/// Changes a text along its lines and tokens.
private struct Mutation {
    private(set) var random: SeededRandom
    private var lines: [String]

    private static let words = [
        "0", "-1", "1e999", "99999999999999999999999", "true", "null", "~", "\"\"", "''", "[]", "{}", "[a, b]",
        "{a: b}",
        "7d", "7", "1 MiB", "int", "decimal", "time", "record", "score", "tx_amount", "customer_id", "${X}", "${X:-1}",
        "${RIFFLE_BROKERS}", "*a", "&a b", "!!int 3", "\"\\0\"", "é🙂", "a: b", "- a", "|", ">", "#", "é", "<<", "all",
        "none", "1 / 0", "tx_amount + 1", "amount", "weekend", "mean(tx_amount) or 0", "count()", "if", "and", "(", "=",
        "labels.tx_fraud", "where: a", "tiled(1%)", "quantile(tx_amount, 0.5)", "rate(1h)", "ewma(tx_amount, 7d)",
        "exactly-once", "\t", "\"", "'", "[", "}", ",", ":",
    ]

    init(_ text: String, _ random: SeededRandom) {
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        self.random = random
    }

    var text: String { lines.joined(separator: "\n") }

    mutating func step() {
        guard !lines.isEmpty else { return }
        let line = Int.random(in: 0..<lines.count, using: &random)
        let other = Int.random(in: 0..<lines.count, using: &random)
        switch Int.random(in: 0..<12, using: &random) {
        case 0: lines.remove(at: line)
        case 1: lines.insert(lines[line], at: other)
        case 2: lines.swapAt(line, other)
        case 3: lines[line] = "  " + lines[line]
        case 4: lines[line] = String(lines[line].dropFirst(lines[line].hasPrefix("  ") ? 2 : 0))
        case 5: lines.insert("", at: line)
        case 6: lines[line] += " # \(Self.words.randomElement(using: &random) ?? "")"
        case 7...9: replaceToken(in: line, with: Self.words.randomElement(using: &random) ?? "")
        case 10: replaceToken(in: line, with: token(of: other) ?? "")
        default: changeCharacter(in: line)
        }
    }

    private func tokens(of line: Int) -> [Range<String.Index>] {
        var tokens: [Range<String.Index>] = []
        let text = lines[line]
        var start: String.Index?
        for index in text.indices {
            let isWord = text[index].isLetter || text[index].isNumber || "_.-$".contains(text[index])
            if isWord, start == nil { start = index }
            if !isWord, let first = start {
                tokens.append(first..<index)
                start = nil
            }
        }
        if let first = start { tokens.append(first..<text.endIndex) }
        return tokens
    }

    private mutating func token(of line: Int) -> String? {
        tokens(of: line).randomElement(using: &random).map { String(lines[line][$0]) }
    }

    private mutating func replaceToken(in line: Int, with word: String) {
        guard let range = tokens(of: line).randomElement(using: &random) else { return }
        lines[line].replaceSubrange(range, with: word)
    }

    private mutating func changeCharacter(in line: Int) {
        guard let index = lines[line].indices.randomElement(using: &random) else { return }
        let characters = Array("[]{}:-?&*!|>'\"%@`#, ab1")
        lines[line].replaceSubrange(index...index, with: String(characters.randomElement(using: &random) ?? "a"))
    }
}

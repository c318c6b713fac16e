/// Changes events at the level of their tokens, so that many changed ones are still JSON.
struct EventMutator {
    var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    private static let numbers = [
        "0", "-0", "-1", "1e5", "1.5", "27.60", "0.001", "1e400", "-1e-400", "9223372036854775807",
        "9223372036854775808", "1e17",
        "123456789012345678901234567890", "0.30000000000000000000000000000000004", "1E+2", "01", "1.", "-", "+1", ".5",
        "0x1", "1e",
    ]
    private static let strings = [
        "\"\"", "\"a\"", "\"2018-09-30T23:59:57Z\"", "\"2018-02-29\"", "\"2018-09-30 01:02:03.5+02:00\"", "\"27.60\"",
        "\"1e2\"",
        "\"\\u0061mount\"", "\"\\ud83d\\ude00\"", "\"\\ud800\"", "\"\\u12\"", "\"\\x\"", "\"\\\\\"", "\"\\\"\"",
        "\"é€😀\"", "\"a\nb\"", "\"id\"",
        "\"amount\"", "\"customer\"", "\"risk\"", "\"\\/\\b\\f\"",
    ]
    private static let others = [
        "true", "false", "null", "[]", "{}", "[1,2]", "{\"id\":\"7\"}", "{\"a\":[{}]}", "nul", "True", "NaN", "[1,]",
        "{,}",
    ]

    /// The tokens of a sound JSON text: punctuation, strings, and whatever else runs together.
    static func tokens(_ text: String) -> [String] {
        var tokens: [String] = []
        var current = ""
        var isInString = false
        var isEscaped = false
        for character in text {
            if isInString {
                current.append(character)
                if isEscaped {
                    isEscaped = false
                } else if character == "\\" {
                    isEscaped = true
                } else if character == "\"" {
                    isInString = false
                    tokens.append(current)
                    current = ""
                }
            } else if "{}[]:,".contains(character) {
                if !current.isEmpty { tokens.append(current) }
                current = ""
                tokens.append(String(character))
            } else {
                current.append(character)
                isInString = character == "\""
            }
        }
        return current.isEmpty ? tokens : tokens + [current]
    }

    mutating func mutate(_ event: String) -> [UInt8] {
        var tokens = Self.tokens(event)
        for _ in 0..<(1 + Int(random.next() % 2)) { change(&tokens) }
        var bytes = Array(tokens.joined(separator: Int.random(in: 0..<12, using: &random) == 0 ? " " : "").utf8)
        switch Int.random(in: 0..<20, using: &random) {
        case 0: bytes.removeLast(Int.random(in: 0...bytes.count, using: &random))
        case 1:
            for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
        case 2:
            bytes.insert(UInt8.random(in: 0...255, using: &random), at: Int.random(in: 0...bytes.count, using: &random))
        default: break
        }
        return bytes
    }

    private mutating func change(_ tokens: inout [String]) {
        let values = tokens.indices.filter { !"{}[]:,".contains(tokens[$0].first ?? ",") }
        guard !values.isEmpty, let value = values.randomElement(using: &random) else { return }
        let place = Int.random(in: 0..<tokens.count, using: &random)
        switch Int.random(in: 0..<13, using: &random) {
        case 0: tokens.swapAt(value, values.randomElement(using: &random) ?? value)
        case 1: tokens.swapAt(place, Int.random(in: 0..<tokens.count, using: &random))
        case 2: tokens.remove(at: place)
        case 3: tokens.insert(tokens[place], at: place)
        case 4, 5: replaceMemberValue(&tokens, Self.numbers.randomElement(using: &random) ?? "0")
        case 6, 7: replaceMemberValue(&tokens, Self.strings.randomElement(using: &random) ?? "\"\"")
        case 8: replaceMemberValue(&tokens, Self.others.randomElement(using: &random) ?? "null")
        case 9:
            let depth = Int.random(in: 1...80, using: &random)
            tokens[value] = String(repeating: "[", count: depth) + tokens[value] + String(repeating: "]", count: depth)
        case 10: insertMember(&tokens)
        case 11: escapeLetter(&tokens[value])
        default: tokens[value] = (Self.strings + Self.numbers + Self.others).randomElement(using: &random) ?? "0"
        }
    }

    /// Changes what stands behind a colon.
    private mutating func replaceMemberValue(_ tokens: inout [String], _ value: String) {
        guard let colon = tokens.indices.filter({ tokens[$0] == ":" }).randomElement(using: &random) else { return }
        if colon + 1 < tokens.count, tokens[colon + 1] != "{", tokens[colon + 1] != "[" { tokens[colon + 1] = value }
    }

    private mutating func insertMember(_ tokens: inout [String]) {
        guard let comma = tokens.indices.filter({ tokens[$0] == "," }).randomElement(using: &random) else { return }
        let key = Self.strings.randomElement(using: &random) ?? "\"k\""
        let value = (Self.strings + Self.numbers + Self.others).randomElement(using: &random) ?? "0"
        tokens.insert(contentsOf: [",", key, ":", value], at: comma)
    }

    /// Writes one ASCII letter of a string as an escape: the same text in other bytes.
    private mutating func escapeLetter(_ token: inout String) {
        guard token.first == "\"", !token.contains("\\"),
            let place = token.indices.filter({ token[$0].isLetter }).randomElement(using: &random),
            let scalar = token[place].unicodeScalars.first, scalar.isASCII
        else { return }
        let hex = String(scalar.value, radix: 16)
        token.replaceSubrange(place...place, with: "\\u" + String(repeating: "0", count: 4 - hex.count) + hex)
    }
}

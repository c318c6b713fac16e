import Diagnostics

/// Divides an expression's text into tokens.
struct ExpressionLexer {
    let text: ExpressionText
    var offset = 0

    init(_ text: ExpressionText) { self.text = text }

    /// All tokens, the last of kind `end`. Complexity: O(length of the text).
    static func tokens(of text: ExpressionText) throws(SyntaxFailure) -> [ExpressionToken] {
        var lexer = ExpressionLexer(text)
        var tokens: [ExpressionToken] = []
        while true {
            let token = try lexer.next()
            tokens.append(token)
            if token.kind == .end { return tokens }
        }
    }

    /// The scalar `ahead` of the current one; NUL behind the end, which no token starts with or contains outside of
    /// texts.
    func peek(_ ahead: Int = 0) -> Unicode.Scalar {
        let place = offset + ahead
        return place < text.scalars.count ? text.scalars[place] : "\0"
    }

    var isAtEnd: Bool { offset >= text.scalars.count }

    func failure(
        _ code: ExpressionDiagnostic, _ message: String, from start: Int, to end: Int, suggestion: String? = nil
    ) -> SyntaxFailure {
        SyntaxFailure(diagnostic: code(message, at: text.range(start..<max(end, start + 1)), suggestion: suggestion))
    }

    private mutating func next() throws(SyntaxFailure) -> ExpressionToken {
        while !isAtEnd, Self.isSpace(peek()) { offset += 1 }
        let start = offset
        if isAtEnd { return ExpressionToken(kind: .end, offsets: start..<start) }
        let scalar = peek()
        if Self.isDigit(scalar) || (scalar == "." && Self.isDigit(peek(1))) {
            if let microseconds = try duration() {
                return ExpressionToken(kind: .duration(microseconds), offsets: start..<offset)
            }
            return ExpressionToken(kind: .number(try number()), offsets: start..<offset)
        }
        if scalar == "\"" || scalar == "'" {
            return ExpressionToken(kind: .text(try quotedText()), offsets: start..<offset)
        }
        if Self.startsName(scalar) {
            let name = name()
            let kind = ExpressionToken.Keyword(rawValue: name).map { ExpressionToken.Kind.keyword($0) } ?? .name(name)
            return ExpressionToken(kind: kind, offsets: start..<offset)
        }
        return ExpressionToken(kind: .symbol(try symbol()), offsets: start..<offset)
    }

    private mutating func name() -> String {
        let start = offset
        while !isAtEnd {
            if Self.continuesName(peek()) {
                offset += 1
            } else if peek() == ".", Self.startsName(peek(1)) {
                offset += 2
            } else {
                break
            }
        }
        return text.slice(start..<offset)
    }

    private mutating func symbol() throws(SyntaxFailure) -> ExpressionToken.Symbol {
        let pair = text.slice(offset..<offset + 2)
        if let hint = Self.foreignSigns[pair] {
            throw failure(
                .syntax, "operator \(quoted(pair)) is not known", from: offset, to: offset + 2, suggestion: hint)
        }
        if pair.unicodeScalars.count == 2, let symbol = ExpressionToken.Symbol(rawValue: pair) {
            offset += 2
            return symbol
        }
        let single = text.slice(offset..<offset + 1)
        if let symbol = ExpressionToken.Symbol(rawValue: single) {
            offset += 1
            return symbol
        }
        throw failure(
            .syntax, "unexpected character \(quoted(single))", from: offset, to: offset + 1,
            suggestion: Self.foreignSigns[single])
    }

    /// What people write who come from another language, and what to write instead.
    private static let foreignSigns: [String: String] = [
        "=": "write \"==\" to compare",
        "!": "write \"not\"",
        "&": "write \"and\"", "&&": "write \"and\"",
        "|": "write \"or\"", "||": "write \"or\"",
        "<>": "write \"!=\"",
        "**": "write \"pow(x, y)\"", "^": "write \"pow(x, y)\"",
        "//": "write \"floor(x / y)\"",
        "?": "write \"if … then … else …\"",
        "{": "write \"(\"", "}": "write \")\"",
        "“": "write \"'\" around a text", "”": "write \"'\" around a text",
        "‘": "write \"'\" around a text", "’": "write \"'\" around a text",
    ]

    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar == " " || scalar == "\n" || scalar == "\t" || scalar == "\r"
    }

    static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    static func startsName(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar == "_" || ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) }
        return scalar.properties.isXIDStart
    }

    static func continuesName(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return startsName(scalar) || isDigit(scalar) }
        return scalar.properties.isXIDContinue
    }
}

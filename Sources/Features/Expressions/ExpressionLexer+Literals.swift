import Diagnostics

extension ExpressionLexer {
    /// `7d`, `1_000ms`: a whole number with a unit right behind it; `nil` where none begins here.
    mutating func duration() throws(SyntaxFailure) -> Int64? {
        let start = offset
        var end = offset
        while end < text.scalars.count, Self.isDigit(text.scalars[end]) || text.scalars[end] == "_" { end += 1 }
        let unitStart = end
        while end < text.scalars.count, Self.continuesName(text.scalars[end]) { end += 1 }
        let name = text.slice(unitStart..<end)
        guard unitStart > start, let unit = DurationUnit.all.first(where: { $0.name == name }) else { return nil }
        var digits = ""
        try appendDigits(to: &digits, from: start)
        offset = end
        guard let count = Int64(digits),
            case let (value, overflows) = count.multipliedReportingOverflow(by: unit.microseconds),
            !overflows
        else {
            throw failure(
                .numberOutOfRange, "duration \(quoted(text.slice(start..<offset))) is too long", from: start, to: offset
            )
        }
        return value
    }

    /// `12`, `1_000_000`, `0.5`, `1.5e-3`.
    mutating func number() throws(SyntaxFailure) -> Double {
        let start = offset
        if peek() == "." {
            while Self.isDigit(peek()) || peek() == "." || peek() == "_" { offset += 1 }
            throw failure(
                .invalidNumber, "number \(quoted(text.slice(start..<offset))) has no digit before the point",
                from: start,
                to: offset, suggestion: "write \"0.\" with the digits behind it")
        }
        var digits = ""
        try appendDigits(to: &digits, from: start)
        if peek() == "." {
            guard Self.isDigit(peek(1)) else {
                offset += 1
                throw failure(
                    .invalidNumber, "number \(quoted(text.slice(start..<offset))) has no digit behind the point",
                    from: start,
                    to: offset, suggestion: "leave the point out")
            }
            offset += 1
            digits += "."
            try appendDigits(to: &digits, from: start)
        }
        let exponentSign = peek(1) == "-" || peek(1) == "+"
        if peek() == "e" || peek() == "E", Self.isDigit(peek(exponentSign ? 2 : 1)) {
            digits += exponentSign && peek(1) == "-" ? "e-" : "e"
            offset += exponentSign ? 2 : 1
            try appendDigits(to: &digits, from: start)
        }
        if Self.continuesName(peek()) || peek() == "." {
            while Self.continuesName(peek()) || peek() == "." { offset += 1 }
            throw failure(
                .invalidNumber, "number \(quoted(text.slice(start..<offset))) is not valid", from: start, to: offset,
                suggestion: "write digits, such as 1_000, 0.5 or 1e-3; a duration is a whole number and a unit: 30m")
        }
        return try value(of: digits, from: start)
    }

    private func value(of digits: String, from start: Int) throws(SyntaxFailure) -> Double {
        let significand = digits.prefix { $0 != "e" }
        guard let value = Double(digits), value.isFinite,
            value != 0 || !significand.contains(where: { ("1"..."9").contains($0) })
        else {
            throw failure(
                .numberOutOfRange, "number \(quoted(text.slice(start..<offset))) does not fit a 64-bit float",
                from: start,
                to: offset)
        }
        return value
    }

    /// Digits with single `_` between them.
    mutating func appendDigits(to digits: inout String, from start: Int) throws(SyntaxFailure) {
        while Self.isDigit(peek()) || peek() == "_" {
            if peek() == "_" {
                guard Self.isDigit(peek(1)), offset > start, Self.isDigit(text.scalars[offset - 1]) else {
                    while Self.continuesName(peek()) { offset += 1 }
                    throw failure(
                        .invalidNumber, "number \(quoted(text.slice(start..<offset))) has \"_\" outside of its digits",
                        from: start, to: offset, suggestion: "write \"_\" only between two digits")
                }
            } else {
                digits.unicodeScalars.append(peek())
            }
            offset += 1
        }
    }

    /// `"…"` or `'…'` with the escapes `\\ \" \' \n \r \t \uXXXX`, the last in surrogate pairs where needed.
    mutating func quotedText() throws(SyntaxFailure) -> String {
        let start = offset
        let quote = peek()
        offset += 1
        var value = String.UnicodeScalarView()
        while true {
            if isAtEnd || peek() == "\n" {
                throw failure(
                    .unterminatedText, "text \(quoted(text.slice(start..<offset))) has no closing quote", from: start,
                    to: offset,
                    suggestion: "close it with \(quote)")
            }
            let scalar = peek()
            offset += 1
            if scalar == quote { return String(value) }
            value.append(scalar == "\\" ? try escape() : scalar)
        }
    }

    /// The scalar that an escape stands for; the backslash is read already.
    private mutating func escape() throws(SyntaxFailure) -> Unicode.Scalar {
        let start = offset - 1
        let letter = peek()
        if isAtEnd || letter == "\n" {
            throw failure(.unterminatedText, "text ends after a backslash", from: start, to: offset)
        }
        offset += 1
        switch letter {
        case "\\", "\"", "'": return letter
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "u":
            let first = try hexadecimal(from: start)
            if let scalar = Unicode.Scalar(first) { return scalar }
            if (0xD800...0xDBFF).contains(first), peek() == "\\", peek(1) == "u" {
                offset += 2
                let second = try hexadecimal(from: start)
                if (0xDC00...0xDFFF).contains(second),
                    let scalar = Unicode.Scalar(0x1_0000 + (first - 0xD800) << 10 + (second - 0xDC00))
                {
                    return scalar
                }
            }
            throw failure(
                .invalidEscape, "escape \(quoted(text.slice(start..<offset))) is half of a surrogate pair", from: start,
                to: offset)
        default:
            throw failure(
                .invalidEscape, "escape \(quoted(text.slice(start..<offset))) is not known", from: start, to: offset,
                suggestion: "expected one of \\\\, \\\", \\', \\n, \\r, \\t, \\uXXXX")
        }
    }

    private mutating func hexadecimal(from start: Int) throws(SyntaxFailure) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard !isAtEnd, peek().isASCII, let digit = Character(peek()).hexDigitValue else {
                throw failure(
                    .invalidEscape, "escape \(quoted(text.slice(start..<offset))) needs four hexadecimal digits",
                    from: start,
                    to: offset)
            }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        return value
    }
}

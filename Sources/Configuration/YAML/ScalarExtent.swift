import Diagnostics

/// Finds where a scalar and each of its characters stand: YAML only tells where it starts.
struct ScalarExtent {
    enum Style { case plain, singleQuoted, doubleQuoted, block }

    private let source: SourceText
    private let style: Style
    private let start: Int
    private var cursor: Int

    private init(_ source: SourceText, style: Style, start: Int) {
        self.source = source
        self.style = style
        self.start = start
        cursor = start
    }

    /// The extent of a scalar that YAML read as `text` at a place of the source.
    static func of(
        _ text: String, style: Style, at start: Int, in source: SourceText
    ) -> (range: SourceRange, places: TextPlaces) {
        let scalars = Array(text.unicodeScalars)
        let quote = style == .singleQuoted || style == .doubleQuoted ? 1 : 0
        let first = source.position(at: start + quote)
        if style != .block, isVerbatim(scalars, at: start + quote, quote: quote, in: source.scalars) {
            let range = SourceRange(
                start: source.position(at: start), length: max(1, scalars.count + 2 * quote))
            return (range, .line(first))
        }
        var extent = ScalarExtent(source, style: style, start: start)
        guard let positions = extent.positions(of: scalars) else {
            return (extent.restOfLine(from: start), .whole)
        }
        return (extent.range(positions), .each(positions))
    }

    private static func isVerbatim(
        _ text: [Unicode.Scalar], at start: Int, quote: Int, in scalars: [Unicode.Scalar]
    ) -> Bool {
        guard start + text.count + quote <= scalars.count, !text.contains("\n") else { return false }
        for (index, scalar) in text.enumerated() where scalars[start + index] != scalar { return false }
        // `'it''s'` begins with itself and goes on.
        if quote == 1 {
            let mark = scalars[start - 1]
            guard scalars[start + text.count] == mark, !text.contains("\\") || mark == "'" else { return false }
            let next = start + text.count + 1
            return mark != "'" || next >= scalars.count || scalars[next] != "'"
        }
        return true
    }

    // MARK: - Following the text

    private mutating func positions(of text: [Unicode.Scalar]) -> [SourcePosition]? {
        switch style {
        case .plain: break
        case .singleQuoted, .doubleQuoted: cursor += 1
        case .block:
            while let scalar = current, scalar != "\n" { cursor += 1 }
            cursor += 1
        }
        var positions: [SourcePosition] = []
        positions.reserveCapacity(text.count + 1)
        for scalar in text {
            guard let place = place(of: scalar) else { return nil }
            positions.append(source.position(at: place))
        }
        positions.append(source.position(at: min(cursor, source.scalars.count)))
        return positions
    }

    private var current: Unicode.Scalar? { cursor < source.scalars.count ? source.scalars[cursor] : nil }

    /// The place of the next scalar of the text; the cursor moves behind it.
    private mutating func place(of scalar: Unicode.Scalar) -> Int? {
        while let found = current {
            let place = cursor
            if style == .doubleQuoted, found == "\\" {
                if skipEscape() { return place }
                continue
            }
            if found == scalar {
                cursor += style == .singleQuoted && found == "'" ? 2 : 1
                return place
            }
            guard Self.isBlank(found) else { return nil }
            if scalar == " " || scalar == "\n" {
                // A folded line end: one space or line feed stands for all the blanks here.
                while let blank = current, Self.isBlank(blank) { cursor += 1 }
                return place
            }
            cursor += 1
        }
        return nil
    }

    /// Moves behind an escape; `false` where it was an escaped line end, which stands for nothing.
    private mutating func skipEscape() -> Bool {
        cursor += 1
        guard let kind = current else { return true }
        cursor += 1
        switch kind {
        case "x": cursor += 2
        case "u": cursor += 4
        case "U": cursor += 8
        case "\n", "\r":
            while let blank = current, Self.isBlank(blank) { cursor += 1 }
            return false
        default: break
        }
        return true
    }

    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
        scalar == " " || scalar == "\t" || scalar == "\n" || scalar == "\r"
    }

    // MARK: - Ranges

    private func range(_ positions: [SourcePosition]) -> SourceRange {
        guard style != .block else {
            guard positions.count > 1, let first = source.offset(of: positions[0]) else {
                return SourceRange(start: source.position(at: start))
            }
            return restOfLine(from: first)
        }
        let begin = source.position(at: start)
        let end = positions[positions.count - 1]
        guard end.line == begin.line else { return restOfLine(from: start) }
        return SourceRange(start: begin, length: end.column - begin.column + (style == .plain ? 0 : 1))
    }

    private func restOfLine(from offset: Int) -> SourceRange {
        let begin = source.position(at: offset)
        let line = source.line(begin.line)
        var end = line.endIndex
        while end > offset, Self.isBlank(line[end - 1]) { end -= 1 }
        return SourceRange(start: begin, length: end - offset)
    }
}

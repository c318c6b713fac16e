import Diagnostics

/// An expression's text and where it stands in the file.
///
/// Offsets count Unicode scalars from the text's start. A line of the text after the first starts in the column of the
/// first, as the lines of a YAML block scalar do.
struct ExpressionText: Hashable, Sendable {
    let scalars: [Unicode.Scalar]
    let start: SourcePosition
    private let lineStarts: [Int]

    init(_ text: String, at start: SourcePosition) {
        scalars = Array(text.unicodeScalars)
        self.start = start
        var starts = [0]
        for (offset, scalar) in scalars.enumerated() where scalar == "\n" { starts.append(offset + 1) }
        lineStarts = starts
    }

    func position(of offset: Int) -> SourcePosition {
        let line = lineIndex(of: offset)
        return SourcePosition(line: start.line + line, column: start.column + offset - lineStarts[line])
    }

    /// The part of `offsets` that stands on its first line.
    func range(_ offsets: Range<Int>) -> SourceRange {
        let line = lineIndex(of: offsets.lowerBound)
        let lineEnd = line + 1 < lineStarts.count ? lineStarts[line + 1] - 1 : max(scalars.count, offsets.upperBound)
        return SourceRange(
            start: position(of: offsets.lowerBound), length: min(offsets.upperBound, lineEnd) - offsets.lowerBound)
    }

    func slice(_ offsets: Range<Int>) -> String {
        var text = ""
        text.unicodeScalars.append(contentsOf: scalars[offsets.clamped(to: 0..<scalars.count)])
        return text
    }

    private func lineIndex(of offset: Int) -> Int {
        var low = 0
        var high = lineStarts.count - 1
        while low < high {
            let middle = (low + high + 1) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle - 1 }
        }
        return low
    }
}

/// A text that positions refer to, cut into lines.
///
/// Lines end at `\n`, `\r\n` or `\r`, as in editors. Memory: 4 bytes a scalar beside the text.
public struct SourceText: Sendable {
    /// What diagnostics call the text: the path as the user gave it.
    public let path: String
    public let text: String
    /// Every Unicode scalar of the text, line ends included.
    public let scalars: [Unicode.Scalar]
    /// Where each line starts in `scalars`.
    public let lineStarts: [Int]

    public init(path: String, text: String) {
        self.path = path
        self.text = text
        let scalars = Array(text.unicodeScalars)
        var starts = [0]
        for (index, scalar) in scalars.enumerated() {
            let endsLine =
                scalar == "\n" || scalar == "\r" && (index + 1 == scalars.count || scalars[index + 1] != "\n")
            if endsLine { starts.append(index + 1) }
        }
        self.scalars = scalars
        lineStarts = starts
    }

    /// The scalars of a line (from 1) without its end; empty where there is no such line. Complexity: O(1).
    public func line(_ number: Int) -> ArraySlice<Unicode.Scalar> {
        guard number >= 1, number <= lineStarts.count else { return [] }
        let start = lineStarts[number - 1]
        var end = number < lineStarts.count ? lineStarts[number] : scalars.count
        while end > start, scalars[end - 1] == "\n" || scalars[end - 1] == "\r" { end -= 1 }
        return scalars[start..<end]
    }

    /// The place in `scalars` of a position, or `nil` where the text has no such place. Complexity: O(1).
    public func offset(of position: SourcePosition) -> Int? {
        guard position.line >= 1, position.line <= lineStarts.count, position.column >= 1 else { return nil }
        let offset = lineStarts[position.line - 1] + position.column - 1
        return offset <= scalars.count ? offset : nil
    }

    /// The position of a place in `scalars`. Complexity: O(log lines).
    public func position(at offset: Int) -> SourcePosition {
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        return SourcePosition(line: low + 1, column: offset - lineStarts[low] + 1)
    }
}

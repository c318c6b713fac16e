public import Diagnostics
import Features

/// A value of a pipeline file, with the place that it was written at.
public struct Located<Value: Sendable>: Sendable {
    public let value: Value
    /// Where it stands in the file; of a text over several lines the part on the first.
    public let range: SourceRange
    /// As it stands in the file, with `${NAME}` unexpanded: the only form that diagnostics and logs may quote.
    public let written: String
    /// Whether any of it came from an environment variable, and so may be secret.
    public let isFromEnvironment: Bool
    private let places: TextPlaces

    init(
        _ value: Value, at range: SourceRange, written: String, isFromEnvironment: Bool = false,
        places: TextPlaces = .whole
    ) {
        self.value = value
        self.range = range
        self.written = written
        self.isFromEnvironment = isFromEnvironment
        self.places = places
    }

    /// Another value read from the same text.
    func map<Other: Sendable>(_ transform: (Value) -> Other) -> Located<Other> {
        Located<Other>(
            transform(value), at: range, written: written, isFromEnvironment: isFromEnvironment, places: places)
    }
}

extension Located: Equatable where Value: Equatable {
    /// Compares values and places.
    public static func == (left: Self, right: Self) -> Bool {
        left.value == right.value && left.range == right.range && left.written == right.written
            && left.isFromEnvironment == right.isFromEnvironment
    }
}

extension Located where Value == String {
    /// Where a part of the text stands in the file, through quotes, escapes, line folding and `${NAME}`.
    ///
    /// - Parameters:
    ///   - offset: the first Unicode scalar of the part, counted from 0 in `value`; the scalar count itself is the end.
    ///   - length: how many scalars it covers. A part that runs over a line end gets the stretch on its first line.
    /// - Returns: the whole text's range where the part cannot be placed.
    /// Complexity: O(length).
    public func range(ofScalarsAt offset: Int, length: Int) -> SourceRange {
        guard offset >= 0, length >= 0 else { return range }
        switch places {
        case .whole: return range
        case .line(let start):
            return SourceRange(
                start: SourcePosition(line: start.line, column: start.column + offset), length: length)
        case .each(let positions):
            guard !positions.isEmpty else { return range }
            let start = positions[min(offset, positions.count - 1)]
            let last = positions[min(offset + max(length, 1) - 1, positions.count - 1)]
            let end = last.line == start.line ? last.column : start.column
            return SourceRange(start: start, length: max(1, end - start.column + 1))
        }
    }
}

extension Located where Value == String {
    /// A diagnostic about `value`, whose positions count from line 1, column 1 of it, moved to where the text stands.
    public func placed(_ diagnostic: Diagnostic) -> Diagnostic {
        var result = diagnostic
        result.range = diagnostic.range.map(placed) ?? range
        result.notes = diagnostic.notes.map { Diagnostic.Note($0.message, at: $0.range.map(placed)) }
        return result
    }

    /// A place in `value`, which counts from line 1, column 1 of it, as one in the file.
    func placed(_ part: SourceRange) -> SourceRange {
        var lineStarts = [0]
        for (index, scalar) in value.unicodeScalars.enumerated() where scalar == "\n" { lineStarts.append(index + 1) }
        guard part.start.line >= 1, part.start.line <= lineStarts.count else { return range }
        return range(ofScalarsAt: lineStarts[part.start.line - 1] + part.start.column - 1, length: part.length)
    }
}

/// Where the scalars of a text stand in the file.
enum TextPlaces: Sendable {
    /// Nowhere in particular.
    case whole
    /// Side by side on one line from here.
    case line(SourcePosition)
    /// Each somewhere of its own; one more at the end for the place behind the last.
    case each([SourcePosition])
}

/// A span of time as it was written: `7d`, or `all` for a window.
public struct TimeSpan: Hashable, Sendable {
    /// `WindowPlan.unbounded` for `all`.
    public let microseconds: Int64
    /// With its unit, for names such as `customer_tx_7d`.
    public let text: String

    var isUnbounded: Bool { microseconds == WindowPlan.unbounded }
}

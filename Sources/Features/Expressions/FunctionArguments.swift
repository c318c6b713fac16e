import Events

/// One call's arguments for one block of rows; valid during the kernel's call only.
public struct FunctionArguments {
    public enum Column {
        case numbers(UnsafePointer<Double>)
        case texts(TextColumn)
        case times(TimeColumn)
    }

    let operands: [FunctionOperand]
    let frame: ExpressionFrame

    /// The rows of the block.
    public var rows: Int { frame.rows }
    public var count: Int { operands.count }

    public subscript(index: Int) -> Column {
        switch operands[index] {
        case .register(let register): .numbers(frame.values(register))
        case .text(let field): .texts(frame.texts(field))
        case .time(let place): .times(frame.times(place))
        }
    }

    /// An argument whose parameter accepts numbers or bools only.
    public func numbers(_ index: Int) -> UnsafePointer<Double> {
        guard case .numbers(let values) = self[index] else { preconditionFailure("argument \(index) is no number") }
        return values
    }

    /// An argument whose parameter accepts texts only.
    public func texts(_ index: Int) -> TextColumn {
        guard case .texts(let column) = self[index] else { preconditionFailure("argument \(index) is no text") }
        return column
    }

    /// An argument whose parameter accepts times only.
    public func times(_ index: Int) -> TimeColumn {
        guard case .times(let column) = self[index] else { preconditionFailure("argument \(index) is no time") }
        return column
    }
}

/// The texts of a field in one block.
public struct TextColumn {
    let words: UnsafePointer<Int64>
    let presence: UnsafePointer<UInt8>
    let bytes: UnsafePointer<UInt8>
    let bytesCount: Int

    /// The UTF-8 bytes of a row, or `nil` where the text is missing.
    ///
    /// The place is checked against the store: a row with a fault holds a word of no meaning.
    @inline(__always)
    public func bytes(_ row: Int) -> UnsafeBufferPointer<UInt8>? {
        guard presence[row] == Presence.present else { return nil }
        let word = words[row]
        let start = Int(truncatingIfNeeded: UInt64(bitPattern: word) >> 32)
        let length = Int(truncatingIfNeeded: word & 0xFFFF_FFFF)
        guard start &+ length <= bytesCount else { return nil }
        return UnsafeBufferPointer(start: bytes + start, count: length)
    }
}

/// The times of a field, or of the events, in one block: microseconds since 1970-01-01 UTC.
public struct TimeColumn {
    let words: UnsafePointer<Int64>
    /// `nil`: present in every row.
    let presence: UnsafePointer<UInt8>?

    @inline(__always)
    public func isPresent(_ row: Int) -> Bool { presence.map { $0[row] == Presence.present } ?? true }

    /// The row's time; of no meaning where it is missing.
    @inline(__always)
    public func microseconds(_ row: Int) -> Int64 { words[row] }
}

/// Missing in place of an infinity or a NaN of any kind, so that the one NaN that is left has the same bits everywhere.
@inlinable
@inline(__always)
public func missingUnlessFinite(_ value: Double) -> Double {
    value.magnitude < .infinity ? value : .nan
}

/// Fills `output` with `body` of each row's value.
@inlinable
@inline(__always)
public func mapRows(
    _ x: UnsafePointer<Double>, rows: Int, into output: UnsafeMutablePointer<Double>, _ body: (Double) -> Double
) {
    for row in 0..<rows { output[row] = body(x[row]) }
}

/// Fills `output` with `body` of each row's two values.
@inlinable
@inline(__always)
public func mapRows(
    _ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>, rows: Int, into output: UnsafeMutablePointer<Double>,
    _ body: (Double, Double) -> Double
) {
    for row in 0..<rows { output[row] = body(x[row], y[row]) }
}

public import Events

/// A row behind which others came late.
public struct ReplayLateCause: Hashable, Sendable {
    /// The place of its file among the inputs.
    public let input: Int
    /// The line of the file on which the record begins, counted from 1.
    public let line: Int64
    /// What it raised the watermark to.
    public let time: EventTime
    /// How many rows were late by it, before another raised the watermark further.
    public internal(set) var lateRows: UInt64 = 0
}

/// Finds the row that made the most others late: a single time far ahead of all others does that to the whole rest of
/// its file.
struct ReplayLateness {
    /// Who raised the watermark last.
    private var current: ReplayLateCause?
    /// Of those before it.
    private var worst: ReplayLateCause?

    mutating func raise(to time: Int64, input: Int, line: Int64) {
        settle()
        current = ReplayLateCause(input: input, line: line, time: EventTime(microseconds: time))
    }

    mutating func addLate() { current?.lateRows += 1 }

    /// `nil`: no row is late. Of equals the first.
    var cause: ReplayLateCause? {
        var copy = self
        copy.settle()
        return copy.worst
    }

    private mutating func settle() {
        if let current, current.lateRows > worst?.lateRows ?? 0 { worst = current }
    }
}

import Drift
import Events

/// Scores and dead letters by the minute, from which a reference of their share is made: neither their order matters, nor
/// that of the partitions that they were read from.
struct DeadLetterTally: Sendable {
    private struct Minute {
        var scores = 0
        var letters = 0
    }

    private var minutes: [Int64: Minute] = [:]
    /// Of the times that were asked for.
    private(set) var letterCount = 0
    /// Events of minutes for which there was no room.
    private(set) var leftOutCount = 0
    private let from: Int64
    private let before: Int64
    /// Some sixteen years.
    private static let minutesMax = 1 << 23

    init(_ settings: BaselineSettings) {
        from = settings.from?.microseconds ?? .min
        before = settings.before?.microseconds ?? .max
    }

    private static func minute(of microseconds: Int64) -> Int64 {
        let (quotient, remainder) = microseconds.quotientAndRemainder(dividingBy: 60_000_000)
        return remainder < 0 ? quotient - 1 : quotient
    }

    private mutating func add(scores: Int = 0, letters: Int = 0, at microseconds: Int64) {
        let number = Self.minute(of: microseconds)
        if minutes.count >= Self.minutesMax, minutes[number] == nil {
            leftOutCount += scores + letters
            return
        }
        minutes[number, default: Minute()].scores += scores
        minutes[number, default: Minute()].letters += letters
    }

    mutating func addScore(at microseconds: Int64) { add(scores: 1, at: microseconds) }

    /// Counts rows of `DeadLetterColumns.schema`; those of other times are left out.
    mutating func add(_ batch: EventBatch) {
        for row in 0..<batch.count where batch.eventTimes[row] >= from && batch.eventTimes[row] < before {
            letterCount += 1
            add(letters: 1, at: batch.eventTimes[row])
        }
    }

    /// - Parameter span: from the first score to the last: what is outside of it has no scores beside it.
    /// - Throws: `ReferenceFault` where there were no events. Complexity: O(events).
    func reference(within span: ClosedRange<Int64>, cellsMax: Int) throws(ReferenceFault) -> SeriesReference {
        var history = ReferenceHistory(grid: .flags, cellsMax: cellsMax)
        let first = Self.minute(of: span.lowerBound)
        let last = Self.minute(of: span.upperBound)
        for (number, minute) in minutes.sorted(by: { $0.key < $1.key }) where (first...last).contains(number) {
            // Spread over their minute, so that no piece of the history has all of them.
            let total = minute.scores + minute.letters
            var spread = 0
            for _ in 0..<total {
                spread += minute.letters
                history.add(cell: spread >= total ? 1 : 0, at: number * 60_000)
                if spread >= total { spread -= total }
            }
        }
        return try SeriesReference(history)
    }
}

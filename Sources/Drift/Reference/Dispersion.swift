/// By how much the counts above a threshold spread more than those of independent events, over long stretches of a
/// history: what waves and bursts in it are worth.
///
/// At each scale (stretches of 1,000 events, 2,000, ...) the squared excess of each stretch is held against its variance
/// under independence; the mean of these is 1 for independent events. Where some scale shows more than chance does, the
/// largest mean over the scales counts; else 1. A history of independent events thus costs no delay.
enum Dispersion {
    static let eventsLeast = 1_000
    /// Scales with fewer stretches say only whether there is dispersion, not how much.
    static let stretchesForEstimate = 25
    static let stretchesLeast = 8
    /// How often chance alone is taken for dispersion, at one scale.
    static let significance = 0.001
    /// No bet is tempered by more.
    static let most = 10_000.0

    static func estimate(_ table: PieceTable, threshold: Int, byHour: Bool) -> Double {
        let strata = table.tallies(threshold, byHour: byHour)
        let total = table.rows.reduce(0) { $0 + $1.events }
        var scale = eventsLeast
        var isShown = false
        var largest = 1.0
        while scale <= total / stretchesLeast {
            let squares = stretches(table, threshold, strata, events: scale)
            let count = Double(squares.count)
            let mean = squares.reduce(0, +) / max(1, count)
            if squares.count >= stretchesLeast {
                let limit = NormalLaw.chiSquareQuantile(1 - significance, degrees: count) / count
                if mean > limit { isShown = true }
                if squares.count >= stretchesForEstimate || mean > limit { largest = max(largest, mean) }
            }
            scale *= 2
        }
        return isShown ? min(most, largest) : 1
    }

    /// The squared excess of each stretch over its variance.
    private static func stretches(
        _ table: PieceTable, _ threshold: Int, _ strata: [PieceTable.Tally], events: Int
    ) -> [Double] {
        var squares: [Double] = []
        var excess = 0.0
        var variance = 0.0
        var count = 0
        for row in table.rows {
            let share = strata[strata.count == 1 ? 0 : row.hourOfDay].share
            excess += Double(row.above[threshold]) - Double(row.events) * share
            variance += Double(row.events) * share * (1 - share)
            count += row.events
            guard count >= events else { continue }
            if variance > 0 { squares.append(excess * excess / variance) }
            (excess, variance, count) = (0, 0, 0)
        }
        return squares
    }
}

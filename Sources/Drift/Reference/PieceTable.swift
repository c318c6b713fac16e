/// The pieces of a history as the thresholds see them: what strata and dispersion are judged by.
struct PieceTable {
    struct Row {
        let hour: Int
        let events: Int
        /// By threshold.
        let above: [Int]

        var hourOfDay: Int { ((hour % 24) + 24) % 24 }
        var day: Int { (hour - hourOfDay) / 24 }
    }

    let rows: [Row]
    let thresholdCount: Int

    init(_ pieces: [ReferenceHistory.Piece], thresholds: [Int]) {
        thresholdCount = thresholds.count
        rows = pieces.map { piece in
            var above = Array(repeating: 0, count: thresholds.count)
            var threshold = thresholds.count - 1
            var sum = 0
            for place in piece.cells.indices.reversed() {
                while threshold >= 0, thresholds[threshold] >= Int(piece.cells[place]) {
                    above[threshold] = sum
                    threshold -= 1
                }
                sum += Int(piece.counts[place])
            }
            // Below all cells with events.
            for rest in 0..<(threshold + 1) { above[rest] = sum }
            return Row(hour: piece.hour, events: piece.events, above: above)
        }
    }

    /// Events, and how many of them were above a threshold.
    struct Tally {
        var events = 0
        var above = 0

        var share: Double { events == 0 ? 0 : Double(above) / Double(events) }
        /// Of the number above, were events independent.
        var variance: Double { Double(events) * share * (1 - share) }

        mutating func add(_ row: Row, _ threshold: Int) {
            events += row.events
            above += row.above[threshold]
        }
    }

    /// By hour of the day, or of all rows as one stratum.
    func tallies(_ threshold: Int, byHour: Bool) -> [Tally] {
        var tallies = Array(repeating: Tally(), count: byHour ? 24 : 1)
        for row in rows { tallies[byHour ? row.hourOfDay : 0].add(row, threshold) }
        return tallies
    }
}

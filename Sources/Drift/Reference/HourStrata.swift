/// Whether a history shows a daily cycle, so that the null is one for each hour of the day.
enum HourStrata {
    /// Fewer days do not tell a cycle from a single good or bad day.
    static let daysLeast = 3
    /// Hours of the day must differ from one another by so much more (in variance) than the same hour does from day to
    /// day. With 23 and at least 48 degrees of freedom chance does not get there once in 10,000 histories.
    static let ratioLeast = 4.0
    /// Below so many expected events above (or not above) a threshold in an hour it is not asked.
    static let countLeast = 10.0

    static func areShown(by table: PieceTable) -> Bool {
        let days = table.rows.reduce(into: [Int: Set<Int>]()) { $0[$1.hourOfDay, default: []].insert($1.day) }
        guard days.count == 24, days.values.allSatisfy({ $0.count >= daysLeast }) else { return false }
        return (0..<table.thresholdCount).contains { differ(table, $0) }
    }

    private static func differ(_ table: PieceTable, _ threshold: Int) -> Bool {
        let hours = table.tallies(threshold, byHour: true)
        let whole = table.tallies(threshold, byHour: false)[0]
        let rare = Double(whole.events) / 24 * min(whole.share, 1 - whole.share)
        guard rare >= countLeast else { return false }
        var between = 0.0
        for hour in hours {
            let excess = Double(hour.above) - Double(hour.events) * whole.share
            between += excess * excess / (Double(hour.events) * whole.share * (1 - whole.share))
        }
        var cells: [Int: PieceTable.Tally] = [:]
        for row in table.rows { cells[row.hour, default: .init()].add(row, threshold) }
        var within = 0.0
        var used = 0
        // In the hours' order: a sum of doubles has a fixed order.
        for (absolute, cell) in cells.sorted(by: { $0.key < $1.key }) {
            let hour = hours[((absolute % 24) + 24) % 24]
            let variance = Double(cell.events) * hour.share * (1 - hour.share)
            guard variance > 0 else { continue }
            let excess = Double(cell.above) - Double(cell.events) * hour.share
            within += excess * excess / variance
            used += 1
        }
        guard used > 24 else { return false }
        return between / 23 >= ratioLeast * max(1, within / Double(used - 24))
    }
}

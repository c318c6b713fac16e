import Foundation

/// The table that `riffle bench drift` prints.
public enum DriftBenchText {
    private static let widths = [12, 8, 9, 9, 17, 7, 6, 6]
    private static let delayWidth = 15

    public static func head(_ bench: DriftBench) -> String {
        let titles = ["stream", "form", "alarms", "per 100k", "95 % bounds", "worst", "hours", "spread"]
        let delays = ["mean", "variance", "contamination", "slow", "prior"]
        return """
            budget    one false alarm in \(grouped(Int(bench.runLength))) events; seed \(bench.seed)
            null      0.995 Beta(0.5, 20) + 0.005 Beta(8, 2), rounded to 3 digits, \(bench.references) references of each kind
                      (\(grouped(bench.referenceEvents)) events, where independent, else \(grouped(bench.longReferenceEvents))), \
            \(grouped(bench.stationaryEvents)) stationary events
            changes   \(bench.references * bench.changesEach) of each, after 20,000 events; found within 100,000, or not

            alarms: false ones; worst: of the reference with the most; hours: references that told the hours of the day apart;
            spread: largest dispersion, on average; then median delays in events, with the share found where not all were

            """ + "\n" + line(titles, delays)
    }

    public static func line(_ row: DriftBench.Row) -> String {
        line(
            [
                row.stream, row.form.rawValue, grouped(row.falseAlarms), String(format: "%.3f", row.rate),
                String(format: "%.3f to %.3f", row.rateBounds.lowerBound, row.rateBounds.upperBound),
                String(row.falseAlarmsAtWorst), String(row.byHour), String(format: "%.1f", row.dispersion),
            ], row.delays.map(text))
    }

    private static func text(_ delays: DriftBench.Delays) -> String {
        let share = Double(delays.detected) / Double(max(1, delays.runs))
        let found = share < 1 ? String(format: " (%.2f)", share) : ""
        return (delays.median.map(grouped) ?? "-") + found
    }

    private static func line(_ columns: [String], _ delays: [String]) -> String {
        let first = zip(columns, widths).enumerated().map { index, cell in
            index < 2 ? cell.0.padding(toLength: cell.1, withPad: " ", startingAt: 0) : right(cell.0, cell.1)
        }
        return (first + delays.map { right($0, delayWidth) }).joined()
    }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(1, width - text.count)) + text
    }

    private static func grouped(_ number: Int) -> String {
        var digits = String(number)
        var end = digits.endIndex
        while digits.distance(from: digits.startIndex, to: end) > 3 {
            end = digits.index(end, offsetBy: -3)
            digits.insert(",", at: end)
        }
        return digits
    }
}

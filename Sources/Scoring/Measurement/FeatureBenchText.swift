import Engine
import Foundation

/// What a bench of features prints.
public enum FeatureBenchText {
    /// What the twelve windows have to reach on one core, rows a second.
    public static let leastRows = 1_500_000.0
    public static let aimRows = 2_500_000.0
    /// From the fewest keys to the most, time an event may grow by so much.
    public static let mostGrowth = 2.0
    /// Between the estimate and the growth of the process.
    public static let mostMemoryError = 0.2

    public static func handbook(_ result: PhaseBenchResult) -> String {
        let times = result.passes.map { Double($0.gather + $0.features) / Double(max(1, $0.events)) }.sorted()
        let median = PairedBenchText.median(times)
        let rate = 1e9 / max(median, 1e-9)
        let met = rate >= aimRows ? "the aim is met" : rate >= leastRows ? "met, the aim is not" : "missed"
        return String(
            format:
                "handbook   12 windows over %@ payments: gather and features %.1f ns a row at best, median %.1f: %@ rows/s on one core\n"
                + "           goal: at least %@, aim %@: %@", number(result.passes[0].events), times[0], median,
            number(rate), number(leastRows), number(aimRows), met)
    }

    // MARK: - Keys

    public static let keysHead =
        "shape           keys    ns/event best  median    events/s   state bytes a key   by the fewest keys"

    public static func line(_ row: FeatureBench.Row, first: FeatureBench.Row) -> String {
        let columns = [
            left(row.shape.rawValue, 10), right(number(row.keys), 10),
            right(String(format: "%.1f", row.best), 17), right(String(format: "%.1f", row.median), 8),
            right(number(1e9 / max(row.median, 1e-9)), 12), right(number(row.stateBytes / row.keys), 20),
            right(String(format: "%.2f", row.median / max(first.median, 1e-9)), 21),
        ]
        return columns.joined()
    }

    /// How the most keys stand to the fewest.
    public static func keysGoal(_ rows: [FeatureBench.Row]) -> String {
        guard let first = rows.first, let last = rows.last, rows.count > 1 else { return "" }
        let growth = last.median / max(first.median, 1e-9)
        return String(
            format: "           goal: at most %.1f times the time an event: %.2f, %@", mostGrowth, growth,
            growth <= mostGrowth ? "met" : "missed")
    }

    // MARK: - Memory

    public static let memoryHead =
        "shape           keys     events   estimated   reserved   resident  (bytes a key)   estimated / resident"

    public static func line(_ memory: FeatureBench.Memory, shape: FeatureBenchShape) -> String {
        func perKey(_ bytes: Double, _ width: Int) -> String {
            right(number(bytes / Double(max(1, memory.keys))), width)
        }
        let ratio = memory.estimatedBytes / Double(max(1, memory.residentBytes))
        let isNear = (ratio - 1).magnitude <= mostMemoryError
        let columns = [
            left(shape.rawValue, 10), right(number(memory.keys), 10), right(number(memory.events), 11),
            perKey(memory.estimatedBytes, 12), perKey(Double(memory.stateBytes), 11),
            perKey(Double(memory.residentBytes), 11), right(String(format: "%.2f", ratio), 24),
            isNear ? " (met)" : " (missed)",
        ]
        return columns.joined()
    }

    // MARK: - Columns

    private static func left(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    private static func number(_ value: some BinaryInteger) -> String {
        let digits = "\(value)"
        var grouped = ""
        for (place, digit) in digits.enumerated() {
            if place > 0, (digits.count - place) % 3 == 0 { grouped.append(",") }
            grouped.append(digit)
        }
        return grouped
    }

    private static func number(_ value: Double) -> String { number(Int64(value.rounded())) }
}

import Foundation

/// What a soak prints.
public enum SoakText {
    public static let head = "minute   outputs/s      p50     p99      max    RSS MiB  windows MiB    (ms)"

    public static func line(_ minute: SoakSample) -> String {
        let columns = [
            right(String(format: "%.1f", minute.minutes), 6), right("\(Int(minute.outputsPerSecond))", 12),
            right(minute.p50, 2, 9), right(minute.p99, 2, 8), right(minute.most, 1, 9),
            right(Double(minute.residentBytes) / 1_048_576, 1, 11),
            right(Double(minute.stateBytes) / 1_048_576, 1, 13),
        ]
        return columns.joined()
    }

    /// Slopes with their standard errors, and what is missing.
    public static func summary(_ result: SoakBench.Result) -> String {
        var lines: [String] = []
        if let trends = result.trends {
            lines.append("slopes, first quarter left out (+- one standard error)")
            lines.append(line("RSS", trends.residentKibibytes, unit: "KiB"))
            lines.append(line("windows", trends.stateKibibytes, unit: "KiB"))
            lines.append(line("RSS without them", trends.restKibibytes, unit: "KiB"))
            lines.append(line("p50", trends.p50, unit: "ms"))
            lines.append(line("p99", trends.p99, unit: "ms"))
        } else {
            lines.append("slopes    too few samples")
        }
        let own = (Double(result.ownResidentBytes.first) / 1_048_576, Double(result.ownResidentBytes.last) / 1_048_576)
        lines.append(
            "events    \(result.sent) sent, \(result.arrived) outputs, \(result.deadLetters) dead letters, \(result.missing) missing"
                + (result.forgotten > 0 ? ", \(result.forgotten) too late to be timed" : ""))
        lines.append(
            String(
                format:
                    "besides   %.2f CPU s per million; sender late by %.2f ms (p99); bench process %.0f to %.0f MiB",
                result.cpuSecondsPerMillion, result.senderP99, own.0, own.1))
        return lines.joined(separator: "\n")
    }

    private static func line(_ name: String, _ trend: TrendLine, unit: String) -> String {
        let share = trend.mean == 0 ? 0 : trend.growth / trend.mean * 100
        let values = String(
            format: "%.4g +- %.2g %@/min; mean %.5g %@, %+.2f %% over %.1f min", trend.slope, trend.slopeError, unit,
            trend.mean, unit, share, trend.span)
        return "  \(name)     \(values): \(trend.isGrowing ? "GROWS" : "flat")"
    }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    private static func right(_ value: Double, _ decimals: Int, _ width: Int) -> String {
        right(String(format: "%.\(decimals)f", value), width)
    }
}

import Engine
import Foundation

/// What a bench of restarts prints.
public enum RestartText {
    static let mostLoadSeconds = 3.0
    static let mostSeconds = 5.0

    public static let head =
        "round    start     join     load   replay   first score    total  without join   replayed  events/s   (s)"

    public static func line(_ times: RestartTimes, name: String) -> String {
        let columns = [
            name + String(repeating: " ", count: max(0, 6 - name.count)), right(times.start, 8), right(times.join, 9),
            right(times.load, 9), right(times.replay, 9), right(times.firstScore, 14), right(times.total, 9),
            right(times.withoutJoin, 14), right("\(times.replayed)", 11), right("\(Int(times.replayedPerSecond))", 10),
        ]
        return columns.joined()
    }

    /// Rounds, medians of each part by itself, the snapshot and the goals.
    public static func table(_ result: RestartBench.Result) -> String {
        func median(_ value: (RestartTimes) -> Double) -> Double { PairedBenchText.median(result.rounds.map(value)) }
        let middle = RestartTimes(
            start: median(\.start), join: median(\.join), load: median(\.load), replay: median(\.replay),
            firstScore: median(\.firstScore), replayed: Int(median { Double($0.replayed) }))
        var lines = [head]
        lines += result.rounds.enumerated().map { line($1, name: "\($0 + 1)") }
        lines.append(line(middle, name: "median"))
        let keys = result.entities.reduce(0) { $0 + $1.keys }
        let perMillion = Double(max(1, keys)) / 1e6
        lines.append(
            "state    "
                + result.entities.map { "\($0.name): \($0.keys) keys, \($0.events) events" }.joined(separator: "; "))
        lines.append(
            String(
                format:
                    "snapshot %.1f MB (%.1f MB per million keys of all entities); durable %.2f s after it was begun beside the stream "
                    + "(%.2f s per million keys)", Double(result.snapshot.bytes) / 1e6,
                Double(result.snapshot.bytes) / 1e6 / perMillion, result.snapshot.seconds,
                result.snapshot.seconds / perMillion))
        lines.append(
            String(
                format: "goal     load under %.0f s: %@; first new score within %.0f s, the group's join aside: %@",
                mostLoadSeconds, middle.load < mostLoadSeconds ? "met" : "missed", mostSeconds,
                middle.withoutJoin <= mostSeconds ? "met" : "missed"))
        return lines.joined(separator: "\n")
    }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    private static func right(_ seconds: Double, _ width: Int) -> String {
        right(String(format: "%.3f", seconds), width)
    }
}

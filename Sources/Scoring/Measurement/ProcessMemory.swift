import Foundation

/// What a program has in memory, and how much of it its windows.
struct ProcessMemory: Hashable {
    var resident = 0
    /// 0 where it says nothing of them.
    var state = 0

    private static let stateMetric = "riffle_state_bytes{"

    /// Out of the metrics that `riffle run` wrote last.
    static func stateBytes(metricsPath: String) -> Int {
        guard let text = try? String(contentsOfFile: metricsPath, encoding: .utf8) else { return 0 }
        return stateBytes(metrics: text)
    }

    static func stateBytes(metrics: String) -> Int {
        for line in metrics.split(separator: "\n") where line.hasPrefix(stateMetric) {
            guard let value = line.split(separator: " ").last.flatMap({ Double($0) }) else { continue }
            return Int(exactly: value.rounded()) ?? 0
        }
        return 0
    }
}

import Drift
public import Foundation

/// How a series was in one window of event time, beside its reference: what describes, and never decides.
public struct WindowReport: Hashable, Sendable {
    public let series: String
    /// In microseconds since 1970-01-01, UTC.
    public let from: Int64
    public let to: Int64
    public let events: Int
    public let missing: Int
    /// By the names of `riffle drift compare`; only those that are defined.
    public let statistics: [String: Double]
    public let pValues: [String: Double]
    /// In events, weighed: an alert is raised when that of all series together reaches the budget.
    public let evidence: Double
    public let isFiring: Bool

    private struct Content: Encodable {
        var series: String
        var from: String
        var to: String
        var events: Int
        var missing: Int
        var statistics: [String: Double]
        var p_values: [String: Double]
        var evidence: Double
        var firing: Bool
    }

    /// One JSON object and a line end.
    public var line: Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let content = Content(
            series: series, from: MonitorText.time(from), to: MonitorText.time(to), events: events, missing: missing,
            statistics: statistics, p_values: pValues, evidence: evidence, firing: isFiring)
        // Every number is finite: encoding cannot fail.
        guard let data = try? encoder.encode(content) else { preconditionFailure("a window that is no JSON") }
        return data + Data("\n".utf8)
    }
}

/// All statistics of a window that are defined, by name.
struct WindowSummary {
    var statistics: [String: Double] = [:]
    var pValues: [String: Double] = [:]

    init(_ counts: [Int], of series: SeriesPlan) {
        let found = series.grid.describe(counts)
        statistics = [
            "psi": found.stabilityIndex, "js": found.jensenShannon, "chi2": found.chiSquare.statistic,
            "ks": found.kolmogorovSmirnov,
        ]
        pValues = ["chi2": found.chiSquare.pValue, "ks": found.kolmogorovSmirnovP]
        // The order of categories says nothing, and of two values all have one and the same to say.
        if series.hasOrder {
            statistics["w1"] = found.wasserstein
            statistics["w1-sd"] = found.wassersteinOverDeviation
            statistics["ad"] = found.andersonDarling
            statistics["cvm"] = found.cramerVonMises
            pValues["ad"] = found.andersonDarlingP
            pValues["cvm"] = found.cramerVonMisesP
        }
        statistics = statistics.filter { $0.value.isFinite }
        pValues = pValues.filter { $0.value.isFinite }
    }
}

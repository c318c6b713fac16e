import Drift

/// What had better not be watched, since its counts spread so far that a change could not be told from a wave.
///
/// Bets are tempered by dispersion, so a change takes as many times more events to be found; and where the history shows waves
/// of hours or days, the next ones are often larger than any before, which raises alarms.
public struct WatchAdvice: Hashable, Sendable {
    /// From so many times what independent events do a value is beyond use: what takes 1,000 events takes 50,000.
    public static let dispersionBeyondUse = 50.0

    public struct Value: Hashable, Sendable {
        public let name: String
        /// The most at any threshold, in the series of all events or of a segment.
        public let dispersion: Double
    }

    /// The widest first.
    public let beyondUse: [Value]
    /// What is left of the section's `watch`.
    private let rest: [String]

    public init(_ reference: ReferenceFile, watch: MonitorPlan.Watch) {
        let names = (watch.score ? ["score"] : []) + watch.features + watch.fields.map(\.name)
        var widest: [String: Double] = [:]
        for (series, known) in reference.series {
            let name = series.split(separator: "{", maxSplits: 1, omittingEmptySubsequences: false)[0]
            widest[String(name)] = max(widest[String(name)] ?? 0, known.dispersion.max() ?? 0)
        }
        beyondUse = names.compactMap { name in
            widest[name].flatMap { $0 > Self.dispersionBeyondUse ? Value(name: name, dispersion: $0) : nil }
        }.sorted { ($1.dispersion, $0.name) < ($0.dispersion, $1.name) }
        let out = Set(beyondUse.map(\.name))
        var rest = watch.score && !out.contains("score") ? ["score"] : []
        if !watch.decisions.isEmpty { rest.append("decisions") }
        if watch.quality { rest.append("quality") }
        self.rest = rest + names.filter { $0 != "score" && !out.contains($0) }
    }

    private static let namesMax = 8

    /// For people, with the line of the pipeline file that follows from it; none: there is nothing to say.
    public var lines: [String] {
        guard let first = beyondUse.first else { return [] }
        let names = beyondUse.prefix(Self.namesMax).map(\.name).joined(separator: ", ")
        let more = beyondUse.count > Self.namesMax ? " and \(beyondUse.count - Self.namesMax) more" : ""
        let spread = Int(min(first.dispersion, 1e15).rounded())
        var lines = [
            "do not watch \(names)\(more): counts of \(first.name) spread \(spread) times as much as those of independent events, and "
                + "over \(Int(Self.dispersionBeyondUse)) times a change cannot be told from a wave"
        ]
        if rest.isEmpty {
            lines.append("  nothing is left to be watched: give a history without such waves, or watch \"decisions\"")
        } else {
            lines.append("  in the \"monitor\" section:  watch: [\(rest.joined(separator: ", "))]")
        }
        return lines
    }
}

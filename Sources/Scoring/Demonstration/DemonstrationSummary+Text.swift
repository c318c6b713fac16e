import Engine

extension DemonstrationSummary {
    /// What is left on the screen when a demonstration has ended.
    public var text: String {
        let seconds = NumberStyle.decimal(Double(last.nanoseconds) / 1e9, places: 1)
        func grouped(_ count: UInt64) -> String { NumberStyle.grouped(Int(count)) }
        var first = "\(grouped(run.consumed)) events in \(seconds) s: \(grouped(run.scored)) scored"
        first += ", \(grouped(run.deadLettered)) dead-lettered"
        if run.absorbed > 0 { first += ", \(grouped(run.absorbed)) absorbed" }
        if run.released > 0 { first += ", \(grouped(run.released)) left unscored" }
        if let firstScoreNanoseconds {
            first += "; first score after \(NumberStyle.decimal(Double(firstScoreNanoseconds) / 1e9, places: 1)) s"
        }
        var lines = [first]
        if let latency = last.latency {
            lines.append(
                "live, from intended send to score computed: p50 \(NumberStyle.milliseconds(latency.p50)), "
                    + "p95 \(NumberStyle.milliseconds(latency.p95)), p99 \(NumberStyle.milliseconds(latency.p99))")
            let all = last.decisions.reduce(0) { $0 + $1.events }
            let decisions = last.decisions.map {
                "\($0.name) \(NumberStyle.grouped($0.events)) (\(NumberStyle.share($0.events, of: all)))"
            }
            if !decisions.isEmpty { lines.append("live decisions: " + decisions.joined(separator: ", ")) }
        }
        if let labels = last.labels, labels.known > 0 {
            let frauds = NumberStyle.share(labels.frauds, of: labels.known)
            let found = last.decisions.filter { $0.labelled > 0 }.map {
                "\($0.name) \(NumberStyle.share($0.frauds, of: $0.labelled)) of \(NumberStyle.grouped($0.labelled))"
            }
            lines.append("labels: \(NumberStyle.grouped(labels.known)), \(frauds) of them fraud")
            if !found.isEmpty { lines.append("fraud among the labelled: " + found.joined(separator: ", ")) }
        }
        if let drift = last.drift { lines += drift.summaryLines }
        lines += run.accounts.waitLines
        return lines.joined(separator: "\n")
    }
}

/// Labelled rows that have something in common, as `--metrics` prints them: a decision, or at least a score.
public struct ReplayGroup: Hashable, Sendable {
    public let name: String
    public let events: Int
    /// Of the events.
    public let positives: Int
    /// Of all labelled rows, and positives among them.
    public let eventsTotal: Int
    public let positivesTotal: Int

    public var share: Double { eventsTotal > 0 ? Double(events) / Double(eventsTotal) : .nan }
    /// NaN without events.
    public var precision: Double { events > 0 ? Double(positives) / Double(events) : .nan }
    /// NaN where nothing is positive.
    public var recall: Double { positivesTotal > 0 ? Double(positives) / Double(positivesTotal) : .nan }

    /// What of all events somebody may look at: a tenth of a percent, one percent, five.
    static let reviewShares = [0.001, 0.01, 0.05]

    /// One for each decision, in the order of the rules; two rules may give the same. Rows for which no rule held come last,
    /// where there are any.
    ///
    /// - Parameter decisions: of each row, an index into the names or -1.
    static func byDecision(_ decisions: [Int16], labels: [Bool], names: [String]) -> [ReplayGroup] {
        if names.isEmpty { return [] }
        var events = Array(repeating: 0, count: names.count + 1)
        var positives = events
        for (decision, isPositive) in zip(decisions, labels) {
            let place = names.indices.contains(Int(decision)) ? Int(decision) : names.count
            events[place] += 1
            if isPositive { positives[place] += 1 }
        }
        var groups: [ReplayGroup] = []
        for name in names where !groups.contains(where: { $0.name == name }) {
            let own = names.indices.filter { names[$0] == name }
            groups.append(
                ReplayGroup(
                    name: name, events: own.reduce(0) { $0 + events[$1] },
                    positives: own.reduce(0) { $0 + positives[$1] }, labels: labels))
        }
        if events[names.count] > 0 {
            groups.append(
                ReplayGroup(
                    name: "(none)", events: events[names.count], positives: positives[names.count], labels: labels))
        }
        return groups
    }

    /// The highest scores, so many that they are a share of all rows or, where equal scores end it, a little more.
    static func byScore(_ scores: [Double], labels: [Bool]) -> [ReplayGroup] {
        if scores.isEmpty { return [] }
        let order = scores.indices.sorted { scores[$0] > scores[$1] }
        var groups: [ReplayGroup] = []
        var (count, positives) = (0, 0)
        for share in reviewShares {
            let wanted = max(1, Int((share * Double(order.count)).rounded(.up)))
            let threshold = scores[order[wanted - 1]]
            while count < order.count, scores[order[count]] >= threshold {
                if labels[order[count]] { positives += 1 }
                count += 1
            }
            groups.append(
                ReplayGroup(name: "score >= \(threshold)", events: count, positives: positives, labels: labels))
        }
        return groups
    }

    private init(name: String, events: Int, positives: Int, labels: [Bool]) {
        self.name = name
        self.events = events
        self.positives = positives
        eventsTotal = labels.count
        positivesTotal = labels.count { $0 }
    }
}

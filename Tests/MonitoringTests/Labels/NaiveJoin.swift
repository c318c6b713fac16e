import Drift

@testable import Monitoring

/// The join by its definition, id by id, with all of the history at hand and room for everything.
struct NaiveJoin {
    var counts = LabelJoinCounts()
    /// By the end of the bucket in which an event came to be over.
    var joined: [Int64: [String]] = [:]
    var windows: [PerformanceWindow] = []

    private struct Fate {
        let event: ScoredEvent
        let isPositive: Bool?
    }

    init(_ history: LabelHistory) {
        let plan = history.plan
        var fates: [Int64: [Fate]] = [:]
        let scores = Dictionary(grouping: history.scores.sorted(by: ScoredEvent.isBefore), by: \.key)
        let labels = Dictionary(grouping: history.labels.sorted(by: LabelEvent.isBefore), by: \.key)
        counts.scores = history.scores.count
        counts.labels = history.labels.count
        for (key, own) in labels where scores[key] == nil { counts.unknownLabels += own.count }
        for (key, own) in scores {
            let event = own[0]
            counts.duplicateScores += own.count - 1
            let end = plan.bucketEnd(of: event.time)
            var answer: LabelEvent?
            var isKnown = false
            for label in labels[key] ?? [] {
                let isForgotten =
                    plan.bucketEnd(of: label.available) < end
                    && plan.bucketEnd(of: label.available + plan.earlyWithin) < end
                if isForgotten {
                    counts.unknownLabels += 1
                } else if let answer {
                    counts.duplicateLabels += 1
                    if answer.isPositive != label.isPositive { counts.contradictingLabels += 1 }
                } else if isKnown || label.available > event.time + plan.within {
                    isKnown = true
                    counts.lateLabels += 1
                } else {
                    answer = label
                }
            }
            if answer == nil { counts.unlabelled += 1 } else { counts.joined += 1 }
            let over = answer.map { max(end, plan.bucketEnd(of: $0.available)) }
            let found = JoinedEvent(
                time: event.time, score: event.score, decision: event.decision, version: event.version,
                isPositive: answer?.isPositive)
            joined[over ?? plan.bucketEnd(of: event.time + plan.within), default: []].append("\(found)")
            fates[plan.windowEnd(of: event.time), default: []].append(
                Fate(event: event, isPositive: answer?.isPositive))
        }
        for end in fates.keys.sorted() {
            let own = fates[end] ?? []
            windows.append(
                PerformanceWindow(
                    from: end - plan.window, to: end, share: 1, isThinned: false, total: Self.measures(own, plan),
                    versions: Set(own.map(\.event.version)).sorted().map { version in
                        .init(
                            version: version, measures: Self.measures(own.filter { $0.event.version == version }, plan))
                    }))
        }
    }

    private static func measures(_ fates: [Fate], _ plan: LabelJoinPlan) -> PerformanceMeasures {
        let known = fates.filter { $0.isPositive != nil }
        let scored = known.filter { !$0.event.score.isNaN }
        var tally = DecisionTally(decisionCount: 4)
        for fate in known { tally.add(Int(fate.event.decision), isPositive: fate.isPositive == true) }
        let cards = scored.filter { $0.event.card != ScoredEvent.noCard }
        return PerformanceMeasures(
            events: fates.count, sampled: fates.count,
            scores: LabelledCounts(scores: scored.map(\.event.score), labels: scored.map { $0.isPositive == true }),
            unscored: known.count - scored.count, tally: tally, flags: [true, true, false, false], basis: .singleScores,
            cardPrecision: CardPrecision.mean(
                scores: cards.map(\.event.score), labels: cards.map { $0.isPositive == true },
                days: cards.map { Int32((Double($0.event.time) / 86_400e6).rounded(.down)) },
                cards: cards.map { Int64($0.event.card) }, top: plan.cardsChecked))
    }
}

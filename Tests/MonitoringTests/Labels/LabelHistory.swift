@testable import Monitoring

/// SplitMix64: the same draws everywhere.
struct LabelDraws: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0xD1B5_4A32_D192_ED03 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    mutating func below(_ bound: Int64) -> Int64 { Int64(next() % UInt64(bound)) }
}

/// What both topics held in the end, and a join over it.
struct LabelHistory {
    static let minute: Int64 = 60_000_000
    static let hour: Int64 = 60 * minute

    var scores: [ScoredEvent] = []
    var labels: [LabelEvent] = []
    var plan: LabelJoinPlan

    /// Payments of some hours with labels hours later: some twice, some contradicting, some late, early or for nobody.
    static func seeded(_ seed: UInt64, events: Int, plan: LabelJoinPlan, onlyOrdinary: Bool = false) -> LabelHistory {
        var random = LabelDraws(seed: seed)
        var history = LabelHistory(plan: plan)
        for number in 0..<events {
            let key = LabelKey(Int64(number))
            // Before 1970, too.
            let time = random.below(10 * hour) - 4 * hour
            let score = random.below(40) == 0 ? Double.nan : Double(random.below(1_001)) / 1_000
            let decision = UInt16(score >= 0.9 ? 0 : score >= 0.5 ? 1 : 2)
            let event = ScoredEvent(
                key: key, time: time, score: score, card: UInt64(1 + random.below(30)), decision: decision,
                version: time < 2 * hour ? 0 : UInt16(random.below(2)))
            history.scores.append(event)
            let kind = onlyOrdinary ? 10 : random.below(40)
            if kind == 0 {
                history.scores.append(event)
            } else if kind == 1 {
                history.scores.append(
                    ScoredEvent(
                        key: key, time: time + random.below(3 * hour), score: 0.5, decision: 1, version: 0))
            }
            let isPositive = Double(random.below(1_000)) / 1_000 < (score.isNaN ? 0.5 : score)
            if random.below(8) == 0 { continue }
            let delay = kind == 2 ? plan.within + 1 + random.below(hour) : random.below(plan.within + 1)
            let available = kind == 3 ? time - random.below(2 * hour) : time + delay
            history.labels.append(LabelEvent(key: key, available: available, isPositive: isPositive))
            if kind == 4 {
                history.labels.append(
                    LabelEvent(
                        key: key, available: available + random.below(2 * hour), isPositive: random.below(2) == 0))
            }
            if kind == 5 {
                history.labels.append(
                    LabelEvent(key: LabelKey(Int64(-1 - number)), available: available, isPositive: true))
            }
        }
        return history
    }

    /// What one step gave.
    struct Step: Equatable {
        let end: Int64
        let joined: [String]
        let finished: [PerformanceWindow]
    }

    /// One way of feeding the join: which side goes how far, in which order rows come, and where it is broken off.
    struct Run {
        var join: LabelJoin
        var steps: [Step] = []
        var heldMost = 0
    }

    /// - Parameter restarts: how often the join is made anew from its bytes, on average once in so many closings; 0: never.
    func run(seed: UInt64, restarts: Int64 = 0) throws -> Run {
        var random = LabelDraws(seed: seed)
        var run = Run(join: LabelJoin(plan))
        let scoresByEnd = Dictionary(grouping: scores.shuffled(using: &random)) { plan.bucketEnd(of: $0.time) }
        let labelsByEnd = Dictionary(grouping: labels.shuffled(using: &random)) { plan.bucketEnd(of: $0.available) }
        let first = min(scoresByEnd.keys.min() ?? 0, labelsByEnd.keys.min() ?? 0)
        let last = max(scoresByEnd.keys.max() ?? 0, labelsByEnd.keys.max() ?? 0)
        let endMost = plan.bucketEnd(of: last + 3 * plan.within + plan.window)
        let ends = (0...Int((endMost - first) / plan.bucket)).map { first + Int64($0) * plan.bucket }
        var (scorePlace, labelPlace) = (0, 0)
        var scoreBucket = run.join.makeScoreBucket()
        var labelBucket = run.join.makeLabelBucket()
        while scorePlace < ends.count || labelPlace < ends.count {
            if labelPlace == ends.count || scorePlace < ends.count && random.below(2) == 0 {
                let rows = scoresByEnd[ends[scorePlace]] ?? []
                for row in rows { scoreBucket.add(row) }
                // What is empty need not be closed by itself.
                if !rows.isEmpty || random.below(4) == 0 || scorePlace == ends.count - 1 {
                    run.join.closeScores(through: ends[scorePlace], &scoreBucket)
                }
                scorePlace += 1
            } else {
                let rows = labelsByEnd[ends[labelPlace]] ?? []
                for row in rows { labelBucket.add(row) }
                if !rows.isEmpty || random.below(4) == 0 || labelPlace == ends.count - 1 {
                    run.join.closeLabels(through: ends[labelPlace], &labelBucket)
                }
                labelPlace += 1
            }
            while let end = run.join.step() {
                run.steps.append(
                    Step(end: end, joined: run.join.joined.map { "\($0)" }, finished: run.join.finished))
                run.heldMost = max(run.heldMost, run.join.heldIDs)
            }
            if restarts > 0, random.below(restarts) == 0 {
                run.join = try LabelJoin(restoring: run.join.stateBytes(), plan)
            }
        }
        return run
    }
}

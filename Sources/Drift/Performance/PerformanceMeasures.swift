/// How well a model and its decisions did on events whose labels are known.
///
/// Events without a label are left out: measures hold for those that got one. Where labels come for some kinds of events
/// only (those that were blocked and looked at, say) they hold for these kinds only.
public struct PerformanceMeasures: Hashable, Sendable {
    /// What the measures of scores were made of. Decisions are always counted one by one.
    public enum Basis: String, Hashable, Sendable {
        case singleScores = "single scores"
        /// Scores were rounded to the cells of a grid: more of them than are kept singly.
        case gridCounts = "counts on a grid"
    }

    /// Events, sampled or not, and those of the sample.
    public let events: Int
    public let sampled: Int
    /// Of the sample: events with a label, and positives among them.
    public let labelled: Int
    public let positives: Int
    /// Labelled events without a score: they count in decisions, and in no measure of scores.
    public let unscored: Int
    public let basis: Basis
    /// By decision.
    public let decisions: [DecisionMeasures]
    /// Of all decisions that call an event positive together.
    public let flagged: DecisionMeasures

    /// `nil` where the labels allow no such measure, or scores are not from 0 to 1 and were counted on a grid.
    public let rocAUC: Double?
    public let averagePrecision: Double?
    /// `nil` also where scores are not probabilities.
    public let logLoss: Double?
    public let brierScore: Double?
    public let calibrationError: CalibrationError?
    /// `nil` also for a sample of the events, and for counts on a grid: cards need all their transactions.
    public let cardPrecision: Double?

    /// The share of the sampled events that got a label; `nil` without events.
    public var coverage: Double? { sampled > 0 ? Double(labelled) / Double(sampled) : nil }

    /// - Parameters:
    ///   - scores: the labelled events that have a score; `nil`: no measure of scores can be given.
    ///   - unscored: labelled events that have none.
    ///   - tally: the decisions of all labelled events.
    ///   - flags: by decision, whether it calls an event positive.
    public init(
        events: Int, sampled: Int, scores: LabelledCounts?, unscored: Int, tally: DecisionTally, flags: [Bool],
        basis: Basis, cardPrecision: Double?
    ) {
        self.events = events
        self.sampled = sampled
        self.basis = basis
        self.cardPrecision = cardPrecision
        decisions = tally.positives.indices.map { tally.measures(of: $0) }
        flagged = tally.measures(of: flags)
        positives = flagged.positives
        labelled = positives + tally.negatives.reduce(0, +)
        self.unscored = unscored
        rocAUC = scores?.rocAUC
        averagePrecision = scores?.averagePrecision
        logLoss = scores?.logLoss
        brierScore = scores?.brierScore
        calibrationError = scores?.calibrationError()
    }
}

/// What became of all scores and labels so far. Nothing of it is forgotten at a restart that restores the join's state.
public struct LabelJoinCounts: Hashable, Sendable {
    /// Scores in all, whether their ids are in the sample or not.
    public var scores = 0
    /// Scores whose ids are not in the sample: when they came, or when the sample became smaller while they waited.
    public var scoresNotSampled = 0
    /// Scores with the id of another one. The first counts.
    public var duplicateScores = 0
    /// Labels in all.
    public var labels = 0
    /// Labels whose ids are not in the sample.
    public var labelsNotSampled = 0
    /// Labels for an event that has one. The first counts.
    public var duplicateLabels = 0
    /// Those among them that say otherwise than the first.
    public var contradictingLabels = 0
    /// Labels that came after `within`.
    public var lateLabels = 0
    /// Labels without a score: of an id that was not scored, or that is remembered no more.
    public var unknownLabels = 0
    /// Pairs of a score and a label.
    public var joined = 0
    /// Scores without a label `within` their time.
    public var unlabelled = 0

    public init() {}
}

/// A score that waits for its label.
public struct ScoredEvent: Hashable, Sendable {
    public let key: LabelKey
    /// Event time, in microseconds since 1970.
    public let time: Int64
    /// NaN: there is none.
    public let score: Double
    /// A hash of the card, for card precision; `noCard`: there is none.
    public let card: UInt64
    /// The place of the decision in the plan.
    public let decision: UInt16
    /// Which version of the model; whoever feeds the join gives versions their numbers, always the same.
    public let version: UInt16

    public static let noCard: UInt64 = 0

    public init(
        key: LabelKey, time: Int64, score: Double, card: UInt64 = ScoredEvent.noCard, decision: UInt16, version: UInt16
    ) {
        self.key = key
        self.time = time
        self.score = score
        self.card = card
        self.decision = decision
        self.version = version
    }

    /// One order of all scores that differ, whatever they came in.
    @inline(__always)
    static func isBefore(_ one: ScoredEvent, _ two: ScoredEvent) -> Bool {
        if one.time != two.time { return one.time < two.time }
        if one.key != two.key { return one.key.isBefore(two.key) }
        if one.score.bitPattern != two.score.bitPattern { return one.score.bitPattern < two.score.bitPattern }
        if one.version != two.version { return one.version < two.version }
        return one.decision != two.decision ? one.decision < two.decision : one.card < two.card
    }
}

/// What became known of an event.
public struct LabelEvent: Hashable, Sendable {
    public let key: LabelKey
    /// Since when it is known, in microseconds since 1970.
    public let available: Int64
    public let isPositive: Bool

    public init(key: LabelKey, available: Int64, isPositive: Bool) {
        self.key = key
        self.available = available
        self.isPositive = isPositive
    }

    /// Of labels that came at one time a positive one is first: it is the one that was looked into.
    @inline(__always)
    static func isBefore(_ one: LabelEvent, _ two: LabelEvent) -> Bool {
        if one.available != two.available { return one.available < two.available }
        if one.key != two.key { return one.key.isBefore(two.key) }
        return one.isPositive && !two.isPositive
    }
}

/// An event whose label is known, or will not be.
public struct JoinedEvent: Hashable, Sendable {
    /// Event time, in microseconds since 1970.
    public let time: Int64
    /// NaN: there is none.
    public let score: Double
    public let decision: UInt16
    public let version: UInt16
    /// `nil`: none came in time.
    public let isPositive: Bool?
}

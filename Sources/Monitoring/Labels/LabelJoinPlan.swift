/// How scores are joined with their labels, and what is measured of them.
public struct LabelJoinPlan: Hashable, Sendable {
    /// Decisions in the order of the rules, and which of them call an event positive.
    public let decisions: [String]
    public let flags: [Bool]
    /// In microseconds: the width of the buckets that are closed, how long after its event a label may come, and the
    /// width of the windows of event time whose performance is measured.
    public let bucket: Int64
    public let within: Int64
    public let window: Int64
    /// The most scores and labels that wait for each other, and that are remembered to tell second ones.
    public let pendingMax: Int
    /// The most events that open windows keep singly; beyond, the largest window goes on with counts on `grid`.
    public let rowsMax: Int
    /// How many cards a day card precision looks at.
    public let cardsChecked: Int

    public static let day: Int64 = 86_400_000_000
    public static let windowDefault = day
    public static let pendingMaxDefault = 1_000_000
    public static let cardsCheckedDefault = 100
    /// The widest `within`: ten years.
    public static let withinMax = 3_660 * day
    public static let pendingMaxLimit = 1 << 26
    public static let decisionsMax = 256
    /// Windows that can be open at a time.
    public static let windowsMax: Int64 = 4_096
    /// A label that is known before its event is kept for so long, or for `within` if that is shorter.
    static let earlyMax = day

    /// - Parameter flags: by default all decisions but the last rule's, which is what happens to ordinary events.
    /// - Precondition: windows are whole numbers of buckets; `within` is at most `withinMax` and so many windows that not
    ///   more than `windowsMax` are open; 1 to `decisionsMax` decisions with a flag each; limits from 1 to
    ///   `pendingMaxLimit`.
    public init(
        decisions: [String], flags: [Bool]? = nil, bucket: Int64, within: Int64,
        window: Int64 = LabelJoinPlan.windowDefault, pendingMax: Int = LabelJoinPlan.pendingMaxDefault,
        rowsMax: Int? = nil, cardsChecked: Int = LabelJoinPlan.cardsCheckedDefault
    ) {
        let flags = flags ?? Self.defaultFlags(decisions)
        let rowsMax = rowsMax ?? pendingMax
        precondition(
            bucket > 0 && window >= bucket && window % bucket == 0, "windows of \(window), buckets of \(bucket)")
        precondition(
            (1...Self.withinMax).contains(within) && within / window + 2 <= Self.windowsMax,
            "labels within \(within), windows of \(window)")
        precondition(
            (1...Self.decisionsMax).contains(decisions.count) && flags.count == decisions.count,
            "\(decisions.count) decisions, \(flags.count) flags")
        precondition(
            (1...Self.pendingMaxLimit).contains(pendingMax) && (1...Self.pendingMaxLimit).contains(rowsMax)
                && (1...Self.pendingMaxLimit).contains(cardsChecked),
            "limits of \(pendingMax), \(rowsMax), \(cardsChecked)")
        self.decisions = decisions
        self.flags = flags
        self.bucket = bucket
        self.within = within
        self.window = window
        self.pendingMax = pendingMax
        self.rowsMax = rowsMax
        self.cardsChecked = cardsChecked
    }

    static func defaultFlags(_ decisions: [String]) -> [Bool] { decisions.indices.map { $0 < decisions.count - 1 } }

    /// The number of any decision that is not among `decisions`: of rules that were changed since, say.
    public var otherDecision: UInt16 { UInt16(decisions.count) }
    /// With one more, that of other decisions.
    var allFlags: [Bool] { flags + [false] }

    var earlyWithin: Int64 { min(within, Self.earlyMax) }
    /// Finished events are remembered in room that is left, and in no more than this.
    var rememberedMax: Int { max(1, pendingMax / 8) }

    /// The end of the bucket that a time lies in.
    func bucketEnd(of time: Int64) -> Int64 { Self.end(of: time, width: bucket) }

    /// The end of the window that a time lies in.
    func windowEnd(of time: Int64) -> Int64 { Self.end(of: time, width: window) }

    /// Of spans [k width, (k + 1) width). Times beyond any calendar count as `timeMax`.
    private static func end(of time: Int64, width: Int64) -> Int64 {
        let time = min(max(time, -timeMax), timeMax)
        let rest = time % width
        return time - (rest < 0 ? rest + width : rest) + width
    }

    /// Far beyond the year 9999, and far from overflow.
    static let timeMax: Int64 = 1 << 60
}

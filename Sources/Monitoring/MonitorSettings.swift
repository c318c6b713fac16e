/// How a monitor watches; all times in microseconds of event time.
public struct MonitorSettings: Hashable, Sendable {
    /// Events between false alarms, on average and over all series together.
    public var runLength = 1_000_000.0
    /// The width of a bucket: a whole number of them is an hour.
    public var bucketMicroseconds: Int64 = 60_000_000
    /// How far behind the newest event of its lane an event may be.
    public var lateMicroseconds: Int64 = 60_000_000
    /// What the describing statistics are about.
    public var windowMicroseconds: Int64 = 3_600_000_000
    /// Scores without evidence of an alert until it is resolved, at least.
    public var resolveAfterEvents = 10_000
    /// After an alert is resolved the same series raises none for so long; updates of one are so far apart.
    public var cooldownMicroseconds: Int64 = 600_000_000
    /// By how much the odds may differ from the reference's when an alert is resolved.
    public var tolerance = 1.25
    public var limits = LimitSettings()
    /// Where people find out what to do.
    public var runbookURL: String?

    public init() {}
}

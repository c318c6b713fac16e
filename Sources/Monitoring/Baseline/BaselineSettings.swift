public import Events

/// What a baseline is made for.
public struct BaselineSettings: Sendable {
    public let pipeline: String
    public let watch: MonitorPlan.Watch
    /// The model's name, for the reference to tell.
    public var model: String?
    /// How the monitor will count: they decide which scores are late.
    public var bucketMicroseconds: Int64 = 60_000_000
    public var lateMicroseconds: Int64 = 60_000_000
    /// The first event time that counts, and the first that does not; `nil`: there is no such bound.
    public var from: EventTime?
    public var before: EventTime?
    /// Grids, categories and segments are chosen from so many scores, the first ones, which are held in memory.
    public var choiceRowsMax = 1_000_000
    public var choiceBytesMax = 256 << 20
    /// Counts that are kept of all series together, 6 bytes each.
    public var cellsMax = 1 << 26

    public init(pipeline: String, watch: MonitorPlan.Watch) {
        self.pipeline = pipeline
        self.watch = watch
    }

    /// Those that scores are read with. Complexity: O(features + fields).
    public var records: ScoreRecordSchema {
        ScoreRecordSchema(
            features: watch.features, fields: watch.fields + watch.segments.filter { !watch.fields.contains($0) })
    }
}

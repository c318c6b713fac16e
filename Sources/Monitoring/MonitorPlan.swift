public import Drift
public import Events

/// What a monitor watches: the score's columns, its series and what they were like before.
public struct MonitorPlan: Sendable {
    /// What is to be watched, by the pipeline file.
    public struct Watch: Sendable {
        public var score = true
        /// Decisions by name; empty: none.
        public var decisions: [String] = []
        /// Features and fields that scores carry.
        public var features: [String] = []
        public var fields: [ScoreRecordSchema.Field] = []
        /// Missing values, values out of range, unseen categories and late scores.
        public var quality = true
        /// Fields whose values divide the stream; which of them are told apart the reference says.
        public var segments: [ScoreRecordSchema.Field] = []
        /// The most values of a field that become segments where a reference is made.
        public var segmentValuesMax = 20

        public init() {}
    }

    public let pipeline: String
    public let records: ScoreRecordSchema
    public internal(set) var settings: MonitorSettings
    public let reference: ReferenceFile
    /// The SHA-256 of the reference's content.
    public let referenceDigest: String
    /// Series of which the reference says nothing, by name: they are not watched.
    public let unwatched: [String]
    /// `nil`: labels are not watched.
    public let labels: LabelPlan?
    /// `nil`: dead letters are not watched.
    public let deadLetters: DeadLetterColumns?
    /// `nil`: the reference knows of no labels.
    let estimation: EstimationPlan?
    let layout: EvidenceLayout
    let series: [SeriesPlan]

    public var seriesNames: [String] { series.map { $0.name.description } }
    /// The bytes of one open bucket's counts.
    public var bucketBytes: Int { layout.countsTotal * MemoryLayout<UInt32>.stride }

    /// A score of an event that is later than its record by more is none: one absurd time would make all others late.
    static let aheadMicroseconds: Int64 = 3_600_000_000
    /// The most counts of a bucket: a dozen buckets may be open.
    static let countsMax = 1 << 24

    /// - Throws: `ReferenceFault`, where nothing could be watched, or too much would be.
    public init(
        pipeline: String, watch: Watch, reference: ReferenceFile, settings: MonitorSettings, labels: LabelPlan? = nil,
        deadLetters: DeadLetterColumns? = nil
    ) throws(ReferenceFault) {
        var fields = watch.fields + watch.segments.filter { segment in !watch.fields.contains(segment) }
        if let card = labels?.card, !fields.contains(card) { fields.append(card) }
        let records = ScoreRecordSchema(
            features: watch.features, fields: fields, aheadMicroseconds: Self.aheadMicroseconds)
        var builder = SeriesBuilder(
            watch: watch, records: records, reference: reference, labels: labels,
            watchesDeadLetters: deadLetters != nil)
        let layout = builder.makeLayout()
        guard layout.countsTotal <= Self.countsMax else {
            throw ReferenceFault(
                "\(layout.subjects.count) values in \(layout.groupCount) groups make \(layout.countsTotal) counts a bucket, "
                    + "at most \(Self.countsMax) are kept: watch fewer features or segments")
        }
        let series = builder.makeSeries(layout)
        guard !series.isEmpty else {
            throw ReferenceFault("the reference holds none of the series that are to be watched: make it anew")
        }
        self.pipeline = pipeline
        self.labels = labels
        self.deadLetters = series.contains { $0.isOfDeadLetters } ? deadLetters : nil
        estimation = EstimationPlan(reference, layout, watch.decisions, labels)
        self.records = records
        self.settings = settings
        self.reference = reference
        do {
            referenceDigest = try reference.sha256()
        } catch {
            throw ReferenceFault("the reference cannot be written as JSON: \(error)")
        }
        self.layout = layout
        self.series = series
        unwatched = builder.unwatched
    }

    /// A batch that holds the records of a lane.
    public func makeBatch(of role: MonitorLane.Role, capacity: Int) -> EventBatch {
        switch role {
        case .scores: EventBatch(schema: records.schema, capacity: capacity)
        case .labels: labels?.columns.makeBatch(capacity: capacity) ?? Self.noBatch(of: role)
        case .deadLetters: EventBatch(schema: DeadLetterColumns.schema, capacity: capacity)
        }
    }

    /// What decodes the values of a lane's records; `nil`: they say nothing.
    func makeDecoder(of role: MonitorLane.Role) -> JSONEventDecoder? {
        switch role {
        case .labels:
            guard let columns = labels?.columns else { Self.noLane(of: role) }
            return JSONEventDecoder(schema: columns.schema, available: columns.available)
        case .scores: return JSONEventDecoder(schema: records.schema)
        case .deadLetters: return nil
        }
    }

    private static func noBatch(of role: MonitorLane.Role) -> EventBatch { noLane(of: role) }

    private static func noLane(of role: MonitorLane.Role) -> Never {
        preconditionFailure("a lane of \(role), which are not watched")
    }
}

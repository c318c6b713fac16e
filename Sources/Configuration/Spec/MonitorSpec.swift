/// `monitor:`: what is watched for drift, and where alerts go.
public struct MonitorSpec: Sendable {
    public let topic: Located<String>
    /// Where it is recorded that a partition was not waited for.
    public let closingsTopic: String
    /// As it was written.
    public let reference: Located<String>
    /// Relative to the working directory, or absolute. Whether there is such a file: `PipelineFile.checkReference`.
    public let referencePath: String
    /// So many events are between two false alarms, on average.
    public let eventsPerFalseAlarm: Double
    public let watch: Watch
    /// Names in `output.fields`, in file order.
    public let segments: [Located<String>]
    /// The most values of a field that are segments of their own.
    public let segmentValuesMax: Int
    /// Divides an hour.
    public let bucketMicroseconds: Int64
    /// An event is no evidence where its bucket ends so far behind its partition's highest event time.
    public let lateMicroseconds: Int64
    /// By the wall clock.
    public let idleAfterMicroseconds: Int64
    /// What the describing statistics are of: a multiple of the bucket.
    public let windowMicroseconds: Int64
    /// `nil`: performance is not watched.
    public let labels: Labels?
    /// Events without a sign of a change that end an alert.
    public let resolveAfterEvents: Int
    public let cooldownMicroseconds: Int64
    /// The odds ratio up to which a change is none; at least 1.
    public let tolerance: Double
    /// The longest time without a score, by the wall clock; `nil`: that raises no alert.
    public let freshnessMicroseconds: Int64?
    /// The most that a score's record may be later than its event; `nil`: that raises no alert.
    public let lagMicroseconds: Int64?
    public let rate: Rate
    /// As it was written, whatever it is.
    public let runbookURL: String?

    /// What is watched.
    public struct Watch: Sendable {
        /// Nothing was chosen: what the reference lacks is passed over. Else every name was written, and what the
        /// reference lacks is a mistake.
        public let isAll: Bool
        public let includesScore: Bool
        public let includesDecisions: Bool
        /// What is missing, out of range or unseen in the score and in what else is watched; late events, dead letters.
        public let includesQuality: Bool
        /// Names in `output.features`, in its order.
        public let features: [String]
        /// Names in `output.fields`, in its order: strings and bools are categories, ints, floats and decimals numbers. None
        /// of them is a watched feature's name.
        public let fields: [String]
    }

    /// `labels:`.
    public struct Labels: Sendable {
        /// Its place in `PipelineSpec.sources`; never the scored one.
        public let source: Int
        /// The source's field, string or int, that holds the id of a scored event, compared as text.
        public let join: SourceSpec.FieldReference
        /// The source's field, bool or int (0 or 1), that says what the event was.
        public let positive: SourceSpec.FieldReference
        public let withinMicroseconds: Int64
        public let pendingMax: Int
        /// What performance is measured of: a multiple of the bucket, not more than `windowsMax` in `withinMicroseconds`.
        public let windowMicroseconds: Int64
        /// A field in `output.fields`, string or int, that names an event's card.
        public let card: String?
        /// `nil`: performance is only logged.
        public let topic: String?

        /// The most windows that may wait for labels at a time.
        public static let windowsMax: Int64 = 4_000
    }

    /// `rate:`; `nil`: no bound.
    public struct Rate: Sendable {
        public let below: EventRate?
        public let above: EventRate?
    }
}

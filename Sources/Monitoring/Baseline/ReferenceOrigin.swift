/// What a reference was made of, beside its series.
public struct ReferenceOrigin: Hashable, Sendable, Codable {
    /// The model's name as the scores have it; `nil`: they have none.
    public var model: String?
    /// How many scores are of each version of the model.
    public var versions: [String: Int]
    /// Scores that were read.
    public var events: Int
    /// Of whole hours of event time between the first score and the last; `nil`: there is none.
    public var hourly: HourlyEvents?
    /// `nil`: no labels were given.
    public var labels: LabelCounts?
    /// The values that are segments, by field, the most frequent first; all others are one more segment.
    public var segments: [String: [String]]

    /// How many scores there were in an hour.
    public struct HourlyEvents: Hashable, Sendable, Codable {
        public var hours: Int
        public var mean: Double
        public var least: Int
        public var most: Int

        public init(hours: Int, mean: Double, least: Int, most: Int) {
            self.hours = hours
            self.mean = mean
            self.least = least
            self.most = most
        }
    }

    public struct LabelCounts: Hashable, Sendable, Codable {
        /// Scores with a label, and how many of these labels were positive.
        public var labelled: Int
        public var positive: Int

        public init(labelled: Int, positive: Int) {
            self.labelled = labelled
            self.positive = positive
        }
    }

    public init(
        model: String? = nil, versions: [String: Int] = [:], events: Int, hourly: HourlyEvents? = nil,
        labels: LabelCounts? = nil, segments: [String: [String]] = [:]
    ) {
        self.model = model
        self.versions = versions
        self.events = events
        self.hourly = hourly
        self.labels = labels
        self.segments = segments
    }

    static let versionsMax = 64
    static let segmentFieldsMax = 64
    static let segmentValuesMax = 1_000
    static let textBytesMax = 1_024
    private static let eventsMax = 1 << 48

    /// Why it cannot be taken from a file; `nil`: it can. Complexity: O(its texts).
    var problem: String? {
        func isCount(_ count: Int) -> Bool { (0...Self.eventsMax).contains(count) }
        func isText(_ text: String) -> Bool { text.utf8.count <= Self.textBytesMax }
        guard isText(model ?? ""), versions.count <= Self.versionsMax, versions.keys.allSatisfy(isText),
            versions.values.allSatisfy(isCount), isCount(events)
        else { return "expected at most \(Self.versionsMax) versions, and counts of 0 to 2^48" }
        if let hourly {
            guard hourly.hours >= 1, hourly.mean.isFinite, isCount(hourly.least), isCount(hourly.most),
                Double(hourly.least) <= hourly.mean, hourly.mean <= Double(hourly.most)
            else { return "hourly: expected at least 1 hour, and the mean between the least and the most" }
        }
        if let labels, !isCount(labels.labelled) || !(0...labels.labelled).contains(labels.positive) {
            return "labels: expected no more positive ones than there are"
        }
        guard segments.count <= Self.segmentFieldsMax, segments.keys.allSatisfy(isText),
            segments.values.allSatisfy({ values in
                values.count <= Self.segmentValuesMax && values.allSatisfy(isText) && Set(values).count == values.count
            })
        else {
            return "segments: expected at most \(Self.segmentFieldsMax) fields, each with at most "
                + "\(Self.segmentValuesMax) values, none twice"
        }
        return nil
    }
}

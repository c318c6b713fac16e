/// How a process stands at one moment: what the dashboard shows.
public struct LiveSample: Sendable {
    /// A name and how many.
    public struct Count: Hashable, Sendable {
        public let name: String
        public let count: UInt64

        public init(_ name: String, _ count: UInt64) {
            self.name = name
            self.count = count
        }
    }

    /// Percentiles of the last seconds, in seconds.
    public struct Latency: Hashable, Sendable {
        public let p50: Double
        public let p95: Double
        public let p99: Double

        public init(p50: Double, p95: Double, p99: Double) {
            (self.p50, self.p95, self.p99) = (p50, p95, p99)
        }
    }

    public struct Lane: Hashable, Sendable {
        public let topic: String
        public let partition: Int
        /// Offsets between what is finished and the end; `nil`: the end is not known.
        public let lag: Int64?
        public let inFlight: UInt64

        public init(topic: String, partition: Int, lag: Int64?, inFlight: UInt64) {
            (self.topic, self.partition, self.lag, self.inFlight) = (topic, partition, lag, inFlight)
        }
    }

    /// How scores fall between edges that rise: what is below the first and above the last falls into the outer bins.
    public struct Distribution: Hashable, Sendable {
        /// One more than there are bins.
        public let edges: [Double]
        public let counts: [UInt64]
        /// The share of each bin in the reference; empty: there is none.
        public let reference: [Double]

        public init(edges: [Double], counts: [UInt64], reference: [Double] = []) {
            (self.edges, self.counts, self.reference) = (edges, counts, reference)
        }
    }

    public struct Alert: Hashable, Sendable {
        public let series: String
        /// What moved, by how much, and what moved with it.
        public let text: String
        /// ISO 8601, in event time.
        public let since: String
        /// `nil`: it is open.
        public let until: String?

        public init(series: String, text: String, since: String, until: String?) {
            (self.series, self.text, self.since, self.until) = (series, text, since, until)
        }
    }

    /// What is known of drift.
    public struct Drift: Hashable, Sendable {
        /// Who watches, in a sentence.
        public let text: String
        public let isWatched: Bool
        /// The newest last.
        public let alerts: [Alert]

        public init(text: String, isWatched: Bool, alerts: [Alert] = []) {
            (self.text, self.isWatched, self.alerts) = (text, isWatched, alerts)
        }
    }

    public var pipeline = ""
    /// What the process is doing, in a few words.
    public var phase = ""
    /// Since it began.
    public var seconds = 0.0
    public var readiness = Readiness(reasons: [])
    public var consumed: UInt64 = 0
    public var scored: UInt64 = 0
    public var deadLettered: UInt64 = 0
    public var late: UInt64 = 0
    /// Scored a second, over the last seconds; `nil`: too early to say.
    public var eventsPerSecond: Double?
    /// From a record's timestamp to its score; `nil`: nothing was scored lately.
    public var latency: Latency?
    /// Of the newest event; ISO 8601.
    public var eventTime: String?
    public var lanes: [Lane] = []
    public var scores: Distribution?
    public var decisions: [Count] = []
    /// By what was wrong.
    public var deadLetters: [Count] = []
    public var drift = Drift(text: "no monitor is connected to this process", isWatched: false)

    public init() {}

    /// All lanes together; `nil` where no end is known.
    var lag: Int64? {
        let known = lanes.compactMap(\.lag)
        return known.isEmpty ? nil : known.reduce(0) { $0 &+ $1 }
    }
}

extension LiveSample {
    var json: JSONContent {
        [
            "pipeline": .string(pipeline), "phase": .string(phase), "seconds": .number(seconds),
            "readiness": readiness.json, "consumed": .count(consumed), "scored": .count(scored),
            "dead_lettered": .count(deadLettered), "late": .count(late), "rate": .optional(eventsPerSecond),
            "latency": latency.map { ["p50": .number($0.p50), "p95": .number($0.p95), "p99": .number($0.p99)] }
                ?? .null,
            "event_time": eventTime.map { .string($0) } ?? .null,
            "lanes": .array(
                lanes.map { lane in
                    [
                        "topic": .string(lane.topic), "partition": .integer(Int64(lane.partition)),
                        "lag": lane.lag.map { .integer($0) } ?? .null, "in_flight": .count(lane.inFlight),
                    ]
                }),
            "scores": scores?.json ?? .null, "decisions": .counts(decisions), "dead_letters": .counts(deadLetters),
            "drift": [
                "text": .string(drift.text), "watched": .bool(drift.isWatched),
                "alerts": .array(
                    drift.alerts.map { alert in
                        [
                            "series": .string(alert.series), "text": .string(alert.text),
                            "since": .string(alert.since), "until": alert.until.map { .string($0) } ?? .null,
                        ]
                    }),
            ],
        ]
    }
}

extension LiveSample.Distribution {
    fileprivate var json: JSONContent {
        [
            "edges": .array(edges.map { .number($0) }), "counts": .array(counts.map { .count($0) }),
            "reference": .array(reference.map { .number($0) }),
        ]
    }
}

extension JSONContent {
    fileprivate static func count(_ count: UInt64) -> JSONContent { .integer(Int64(clamping: count)) }
    fileprivate static func optional(_ value: Double?) -> JSONContent { value.map { .number($0) } ?? .null }
    fileprivate static func counts(_ counts: [LiveSample.Count]) -> JSONContent {
        .array(counts.map { ["name": .string($0.name), "count": .count($0.count)] })
    }
}

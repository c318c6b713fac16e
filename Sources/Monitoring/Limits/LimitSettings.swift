/// Bounds that somebody has set: what is beyond one is an alert, whatever the reference says.
public struct LimitSettings: Hashable, Sendable {
    /// So many scores in a span of event time.
    public struct Rate: Hashable, Sendable {
        public let events: Int64
        public let microseconds: Int64

        /// - Precondition: at least one event, in a span that is not empty.
        public init(events: Int64, microseconds: Int64) {
            precondition(events > 0 && microseconds > 0, "\(events) events in \(microseconds) us")
            self.events = events
            self.microseconds = microseconds
        }
    }

    public var rateBelow: Rate?
    public var rateAbove: Rate?
    /// By how much a score's record may be later than its event.
    public var lagMicroseconds: Int64?
    /// How long there may be no score, by the wall clock.
    public var freshnessMicroseconds: Int64?

    public init() {}

    /// What decides which alerts follow from the log: evidence that was gathered for other limits is not taken up.
    var identity: [String] {
        let rates = [("below", rateBelow), ("above", rateAbove)].compactMap { name, rate in
            rate.map { "\(name) \($0.events) in \($0.microseconds)" }
        }
        return rates + (lagMicroseconds.map { ["lag \($0)"] } ?? [])
    }
}

/// What is limited; its text is the series of alerts, and the key in the pipeline file.
enum LimitName: String, Hashable, Sendable {
    case rateBelow = "rate.below"
    case rateAbove = "rate.above"
    case lag
    case freshness

    static let detectorName = "limit"

    var severity: String { self == .rateAbove ? "warning" : "critical" }

    func fingerprint(pipeline: String) -> String {
        // No version of a model: what arrives and when is no matter of it.
        AlertIdentity.hash([pipeline, "", rawValue, Self.detectorName])
    }
}

/// Whether an alert of a limit is open.
enum LimitPhase: Hashable, Sendable {
    case watching
    case firing(startedAt: Int64)
    /// Until then it is not raised again.
    case cooling(until: Int64)

    var isFiring: Bool {
        if case .firing = self { return true }
        return false
    }
}

/// What a limit has to say.
struct LimitNews: Hashable, Sendable {
    let name: LimitName
    let state: AlertRecordState
    /// Of the alert, in microseconds, as are all times.
    let startedAt: Int64
    /// Since when it has been so, as far as it was looked at.
    let changedAt: Int64
    let time: Int64
    /// In `unit`, as is the limit.
    let value: Double
    let limit: Double
    let unit: String
    /// Scores that this is about.
    let events: Int
    /// In plain words.
    let effect: String
}

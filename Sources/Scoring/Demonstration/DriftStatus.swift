public import Events

/// An alert as a demonstration shows it.
public struct DemonstrationAlert: Hashable, Sendable {
    public var series: String
    /// What moved, by how much.
    public var text: String
    public var since: EventTime
    /// When it was resolved; `nil`: it is open.
    public var until: EventTime?

    public init(series: String, text: String, since: EventTime, until: EventTime? = nil) {
        self.series = series
        self.text = text
        self.since = since
        self.until = until
    }

    public var isOpen: Bool { until == nil }
}

/// How the monitor of a demonstration stands.
public struct DriftStatus: Hashable, Sendable {
    public enum Phase: Hashable, Sendable {
        /// The reference is being made of the history.
        case preparing
        case watching
    }

    public var phase: Phase
    /// Series that are watched.
    public var seriesCount: Int
    public var eventsPerFalseAlarm: Double
    /// In the order in which they were raised.
    public var alerts: [DemonstrationAlert]
    /// What was planted into the events, and when.
    public var planted: String?

    public init(
        phase: Phase = .preparing, seriesCount: Int = 0, eventsPerFalseAlarm: Double = 0,
        alerts: [DemonstrationAlert] = [], planted: String? = nil
    ) {
        self.phase = phase
        self.seriesCount = seriesCount
        self.eventsPerFalseAlarm = eventsPerFalseAlarm
        self.alerts = alerts
        self.planted = planted
    }

    public var openCount: Int { alerts.count(where: \.isOpen) }
}

import Events

/// What an operator wants to hear of a running engine.
public enum EngineNotice: Hashable, Sendable {
    /// State is rebuilt: from where, and how many offsets have to be read before anything is scored.
    case restoring(from: RestoreSource, offsets: Int64)
    /// So many of them are read, and so many events have entered windows; about once a second.
    case restored(offsets: Int64, of: Int64, events: UInt64)
    /// Windows are whole, or as whole as they can be: scoring begins. Where they are not, `incomplete` came before it.
    case restoreFinished(nanoseconds: Int64, isWhole: Bool)
    /// The log does not reach back far enough for these features, or did not when the snapshot was taken.
    case incomplete(IncompleteState)
    /// A snapshot was passed over; why.
    case snapshotRefused(name: String, reason: String)
    case snapshotWritten(sequence: UInt64, bytes: Int, nanoseconds: Int64)
    /// It could not be written; the stream goes on, and a restart takes an older one or the log.
    case snapshotFailed(reason: String)
    /// The last process died: what was in its hands goes one event at a time.
    case carefulRestart(offsets: Int64)
    /// An event killed the process a second time: it is dead-lettered, and never looked at again.
    case quarantined(lane: String, offset: Int64)
    /// The group no longer knows this instance: what was in flight is void, and is read again.
    case assignmentStale
    /// The last commit of an assignment was not taken: what it would have covered is read again, by whoever has the
    /// partitions.
    case commitRefused(reason: String)
}

/// Where state comes from after partitions were assigned.
public enum RestoreSource: Hashable, Sendable, CustomStringConvertible {
    /// It is still in memory.
    case memory
    /// The one with this number.
    case snapshot(UInt64)
    /// From where the longest window needs it.
    case horizon
    /// From the first record that is there.
    case wholeLog

    public var description: String {
        switch self {
        case .memory: "memory"
        case .snapshot(let sequence): "snapshot \(sequence)"
        case .horizon: "the log, from the longest window's horizon on"
        case .wholeLog: "the log, from its first record on"
        }
    }
}

/// Features that lack a part of their windows, since the log no longer holds it.
public struct IncompleteState: Error, Hashable, Sendable, CustomStringConvertible {
    public struct Feature: Hashable, Sendable {
        public let name: String
        /// From this event time on its windows are whole, microseconds; `Int64.max`: never, since they reach back to the
        /// beginning.
        public let wholeFrom: Int64

        public init(name: String, wholeFrom: Int64) {
            self.name = name
            self.wholeFrom = wholeFrom
        }
    }

    public let features: [Feature]
    /// The record time from which on the log holds everything, microseconds.
    public let logFrom: Int64
    /// The snapshot that says so of its windows; `nil`: the log itself does.
    public let snapshot: UInt64?

    public init(features: [Feature], logFrom: Int64, snapshot: UInt64? = nil) {
        self.features = features
        self.logFrom = logFrom
        self.snapshot = snapshot
    }

    /// What of it is still true at a watermark; `nil`: windows have become whole.
    func remaining(at watermark: Int64) -> IncompleteState? {
        let left = features.filter { $0.wholeFrom > watermark }
        return left.isEmpty ? nil : IncompleteState(features: left, logFrom: logFrom, snapshot: snapshot)
    }

    /// What a snapshot lacks and what the log has lost behind it: of each feature the later time.
    func adding(_ other: IncompleteState) -> IncompleteState {
        var all = features
        for feature in other.features {
            if let place = all.firstIndex(where: { $0.name == feature.name }) {
                all[place] = Feature(name: feature.name, wholeFrom: max(all[place].wholeFrom, feature.wholeFrom))
            } else {
                all.append(feature)
            }
        }
        return IncompleteState(features: all, logFrom: max(logFrom, other.logFrom))
    }

    public var description: String {
        let names = features.prefix(8).map { feature in
            feature.wholeFrom == .max
                ? "\(feature.name) (never whole)" : "\(feature.name) (whole from \(Self.text(feature.wholeFrom)) on)"
        }
        let more = features.count > 8 ? " and \(features.count - 8) more" : ""
        let reach = "\(Self.text(logFrom)), which is not far enough back for \(names.joined(separator: ", "))\(more)"
        if let snapshot {
            return
                "snapshot \(snapshot) was written with windows that were not whole, since the log began at \(reach): "
                + "accept it with \"state.incomplete: score\", or delete it if the log or an older snapshot holds more"
        }
        return "the log begins at \(reach): restore a snapshot, raise the topic's retention, or accept it with "
            + "\"state.incomplete: score\""
    }

    private static func text(_ time: Int64) -> String { TimeText.string(EventTime(microseconds: time)) }
}

import Foundation

/// A line that `riffle run --log-format json` wrote.
struct LoggedLine {
    let time: Date
    let message: String
    let fields: [String: String]

    /// All lines that are one, in order; others are passed over.
    static func all(in log: String) -> [LoggedLine] {
        let decoder = JSONDecoder()
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        return log.split(separator: "\n").compactMap { line in
            guard let fields = try? decoder.decode([String: String].self, from: Data(line.utf8)),
                let time = fields["time"].flatMap({ try? style.parse($0) }), let message = fields["message"]
            else { return nil }
            return LoggedLine(time: time, message: message, fields: fields)
        }
    }
}

/// Where the time from the start of a process to its first new score went; seconds, one part after the other.
public struct RestartTimes: Hashable, Sendable {
    /// Until it asks to join its group: the program loaded, pipeline and model read, topics looked at.
    public var start: Double
    /// Until it has its partitions: what the group takes. On the embedded cluster that is first the session time-out
    /// of the killed process, then three seconds for others to join.
    public var join: Double
    /// Until the state is that of a snapshot.
    public var load: Double
    /// Until the log behind it is read, muted, and windows are whole.
    public var replay: Double
    /// Until the first new score has arrived on the output topic.
    public var firstScore: Double
    /// Offsets that were read muted.
    public var replayed: Int

    public init(start: Double, join: Double, load: Double, replay: Double, firstScore: Double, replayed: Int) {
        (self.start, self.join, self.load) = (start, join, load)
        (self.replay, self.firstScore, self.replayed) = (replay, firstScore, replayed)
    }

    public var total: Double { start + join + load + replay + firstScore }
    /// What is Riffle's own: the group's share depends on the cluster and its time-outs.
    public var withoutJoin: Double { total - join }
    public var replayedPerSecond: Double { replay > 0 ? Double(replayed) / replay : 0 }

    /// - Parameters:
    ///   - executed: when the process was started.
    ///   - scored: when its first new score had arrived.
    /// - Throws: `RunFailure` where the log does not tell of a restart from a snapshot.
    init(_ lines: [LoggedLine], executed: Date, scored: Date) throws {
        func line(_ prefix: String) -> LoggedLine? { lines.first { $0.message.hasPrefix(prefix) } }
        if let refused = line("snapshot not used") {
            throw RunFailure("a snapshot was not used: \(refused.fields["reason"] ?? "no reason is given")")
        }
        guard let joining = line("joining the group"), let assigned = line("partitions assigned") else {
            throw RunFailure("the log does not say when the group was joined")
        }
        guard let loaded = line("windows are rebuilt from snapshot") else {
            throw RunFailure("the log does not say that a snapshot was loaded")
        }
        // Logged when whole milliseconds have passed; none of the parts may become negative by that.
        func seconds(_ from: Date, _ to: Date) -> Double { max(0, to.timeIntervalSince(from)) }
        let whole = line("windows are whole") ?? line("windows are rebuilt, but not whole") ?? loaded
        self.init(
            start: seconds(executed, joining.time), join: seconds(joining.time, assigned.time),
            load: seconds(assigned.time, loaded.time), replay: seconds(loaded.time, whole.time),
            firstScore: seconds(whole.time, scored), replayed: loaded.fields["offsets"].flatMap { Int($0) } ?? 0)
    }
}

/// Snapshots as the log tells of them: how large, and how long from the first copy until it was durable.
public struct SnapshotTimes: Hashable, Sendable {
    public let bytes: Int
    public let seconds: Double

    public init(bytes: Int, seconds: Double) {
        self.bytes = bytes
        self.seconds = seconds
    }

    static func all(in lines: [LoggedLine]) -> [SnapshotTimes] {
        lines.filter { $0.message == "snapshot written" }.compactMap { line in
            guard let bytes = line.fields["bytes"].flatMap({ Int($0) }),
                let seconds = line.fields["seconds"].flatMap({ Double($0) })
            else { return nil }
            return SnapshotTimes(bytes: bytes, seconds: seconds)
        }
    }
}

public import Events

/// How a monitor reads dead letters: when the event of each was, and whether it is one that should have been scored.
///
/// The event's own time is not known of an event that cannot be read. What is, is its record's timestamp, which Riffle keeps
/// in the header `riffle-timestamp`: it is the same however often the event is tried, and on the same clock as event times
/// where events are sent when they happen. Where it is absent, or later than the dead letter itself, the dead letter's own
/// timestamp stands for it.
public struct DeadLetterColumns: Hashable, Sendable {
    /// Of the scored source. Several pipelines may share a topic of dead letters: only events of this topic are counted.
    public let origin: String
    private let prefix: [UInt8]
    /// Of a batch: one column, the time.
    public static let schema = EventSchema(
        fields: [FieldPlan(name: "time", path: ["time"], type: .time(.iso8601))], time: .field(FieldIndex(0)))

    public init(origin topic: String) {
        origin = topic
        // No topic has a "/" in its name.
        prefix = Array("\(topic)/".utf8)
    }

    /// Adds a dead letter as a row; one of another topic, or without any time, is left out.
    ///
    /// - Parameters:
    ///   - origin: `topic/partition/offset`, as the header `riffle-origin` has it.
    ///   - timestamp: of the event's record, in microseconds; `nil`: it is not known.
    ///   - recordTime: of the dead letter, in microseconds; `Int64.min`: it has none.
    func append(
        origin: UnsafeRawBufferPointer?, timestamp: Int64?, recordTime: Int64, offset: Int64, lane: Int32,
        to batch: EventBatch
    ) {
        guard let origin, origin.starts(with: prefix) else { return }
        var time = recordTime
        if let timestamp, recordTime == .min || timestamp <= recordTime.addingClamped(MonitorPlan.aheadMicroseconds) {
            time = timestamp
        }
        if time == .min { return }
        let row = batch.count
        batch.count += 1
        batch.eventTimes[row] = time
        batch.recordTimes[row] = recordTime
        batch.offsets[row] = offset
        batch.lanes[row] = lane
        batch.sources[row] = 0
        batch.faults[row] = Fault(.none)
        batch.words[0][row] = time
        batch.presence[0][row] = Presence.present
    }

    /// Milliseconds in digits, as the header has them, in microseconds; `nil`: they are none.
    static func timestamp(_ text: UnsafeRawBufferPointer) -> Int64? {
        guard (1...15).contains(text.count) else { return nil }
        var number: Int64 = 0
        for byte in text {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            number = number * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        return number * 1_000
    }
}

extension Int64 {
    fileprivate func addingClamped(_ other: Int64) -> Int64 {
        let (sum, isTooLarge) = addingReportingOverflow(other)
        return isTooLarge ? .max : sum
    }
}

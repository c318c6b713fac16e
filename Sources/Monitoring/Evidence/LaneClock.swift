/// How far a lane has come in event time.
///
/// Whether an event is late depends on its own lane alone: a bucket closes only when all lanes are past it, so how lanes
/// were interleaved changes nothing.
struct LaneClock: Hashable, Sendable {
    /// The highest event time seen.
    var highest = Int64.min
    /// What a closing raised the watermark to.
    var forced = Int64.min
    /// Behind the last record taken.
    var position: Int64 = 0

    /// No event before it is waited for any more.
    func watermark(late: Int64) -> Int64 {
        highest == .min ? forced : max(forced, highest.subtractingReportingOverflow(late).partialValue)
    }
}

/// Watermarks are raised past a lane that has nothing more to say for now, so that the others' buckets close.
///
/// It is recorded before anything follows from it: a restart raises the same lane at the same place.
public struct LaneClosing: Hashable, Sendable {
    public let topic: String
    public let partition: Int32
    /// Where the lane stood: behind its last record that was taken.
    public let offset: Int64
    /// In microseconds since 1970-01-01, UTC.
    public let watermark: Int64

    public init(topic: String, partition: Int32, offset: Int64, watermark: Int64) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.watermark = watermark
    }
}

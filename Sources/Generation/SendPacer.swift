/// Says when each event is meant to be sent at a steady rate, whatever became of those before (open loop).
///
/// A sender that falls behind finds all missed events due at once, and keeps their intended times: latency measured
/// from them has the waiting in it. Times are nanoseconds of any steady clock, handed in by the caller; a pacer
/// neither reads a clock nor sleeps.
public struct SendPacer: Sendable {
    public static let eventsPerSecondMax = 1e9

    /// `nil`: as fast as it goes.
    public let eventsPerSecond: Double?
    public let startNanoseconds: Int64
    /// The events handed out by `take`.
    public private(set) var taken: Int64 = 0

    /// The first event is due at `startNanoseconds`. A rate must be more than 0, and at most `eventsPerSecondMax`.
    public init(eventsPerSecond: Double?, startNanoseconds: Int64) {
        if let rate = eventsPerSecond {
            precondition(rate > 0 && rate <= Self.eventsPerSecondMax, "a rate of \(rate) events a second")
        }
        self.eventsPerSecond = eventsPerSecond
        self.startNanoseconds = startNanoseconds
    }

    /// When the event with this number (the first is 0) is meant to be sent; as fast as it goes, the start.
    public func intendedNanoseconds(of event: Int64) -> Int64 {
        guard let rate = eventsPerSecond else { return startNanoseconds }
        // From the start each time, so that no rounding adds up; far beyond any run, the end of time.
        let offset = (Double(event) / rate * 1e9).rounded()
        guard offset < 0x1p62 else { return .max }
        let time = startNanoseconds.addingReportingOverflow(Int64(offset))
        return time.overflow ? .max : time.partialValue
    }

    /// Takes the events that are due, at most `limit` of them, and says how many. Complexity: O(number taken).
    public mutating func take(atMost limit: Int, now nanoseconds: Int64) -> Int {
        guard eventsPerSecond != nil else {
            taken += Int64(max(0, limit))
            return max(0, limit)
        }
        var count = 0
        while count < limit, intendedNanoseconds(of: taken) <= nanoseconds {
            taken += 1
            count += 1
        }
        return count
    }

    /// How long until another event is due; 0 where one is due already.
    public func nanosecondsUntilDue(now nanoseconds: Int64) -> Int64 {
        if eventsPerSecond == nil { return 0 }
        let due = intendedNanoseconds(of: taken)
        return due <= nanoseconds ? 0 : due.subtractingReportingOverflow(nanoseconds).partialValue
    }
}

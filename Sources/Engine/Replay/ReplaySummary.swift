public import Events

/// How a replay runs; but for `selection` and `present` nothing here changes a byte of its output.
public struct ReplaySettings: Sendable {
    /// Rows that pass through the phases together.
    public var batchRowsMax = 4_096
    /// Bytes of input that are held; at least twice the longest event fits in any case.
    public var inputBytesMax = 4 << 20
    /// Batches up to this many rows run on the calling thread alone.
    public var inlineRowsMax = ScoringPipeline.inlineRowsMaxDefault
    /// Which scored rows are wanted; `nil`: all. The others fill windows and are not written.
    public var selection: RowSelection?
    /// Rows of a file have no record's timestamp: an event that is later than this by more than its source's `ahead` is
    /// a fault. It is an upper bound and decides nothing else; `nil`: there is none.
    public var present: EventTime?

    public init() {}
}

/// A row of the input that cannot be used.
public struct ReplayFault: Hashable, Sendable {
    /// The place of its file among the inputs.
    public let input: Int
    /// The line of the file on which the record begins, counted from 1.
    public let line: Int64
    public let fault: Fault

    public init(input: Int = 0, line: Int64, fault: Fault) {
        self.input = input
        self.line = line
        self.fault = fault
    }
}

/// What a replay has done so far; `rows = scored + absorbed + faults + lateDropped + muted`, each counted by itself.
public struct ReplaySummary: Sendable {
    /// Records read: neither the header of a CSV file nor empty lines.
    public internal(set) var rows: UInt64 = 0
    /// Rows written.
    public internal(set) var scored: UInt64 = 0
    /// Rows of sources that are not scored.
    public internal(set) var absorbed: UInt64 = 0
    /// Rows that filled windows and were not asked for.
    public internal(set) var muted: UInt64 = 0
    /// Rows that could not be used.
    public internal(set) var faults: UInt64 = 0
    /// Rows older than the watermark by more than `late.after`, whatever became of them.
    public internal(set) var late: UInt64 = 0
    /// Late rows that the policy `drop` left out.
    public internal(set) var lateDropped: UInt64 = 0
    /// The row that made the most others late; `nil`: none is late.
    public internal(set) var lateCause: ReplayLateCause?
    /// The first and the last time of the events of the scored source that can be used and are not late, asked for or
    /// not; `nil`: there are none.
    public private(set) var eventTimes: ClosedRange<EventTime>?
    public internal(set) var batches: UInt64 = 0
    public internal(set) var nanoseconds: Int64 = 0
    public internal(set) var times = ReplayTimes()
    private var faultsByCode = [UInt64](repeating: 0, count: FaultCode.allCases.count)

    public init() {}

    /// The faults by code, those that occurred, in the order of the codes.
    public var faultCounts: [(code: FaultCode, count: UInt64)] {
        zip(FaultCode.allCases, faultsByCode).filter { $1 > 0 }.map { ($0, $1) }
    }

    public func count(of code: FaultCode) -> UInt64 {
        FaultCode.allCases.firstIndex(of: code).map { faultsByCode[$0] } ?? 0
    }

    mutating func addTime(_ microseconds: Int64) {
        let time = EventTime(microseconds: microseconds)
        guard let range = eventTimes else { return eventTimes = time...time }
        if time < range.lowerBound { eventTimes = time...range.upperBound }
        if time > range.upperBound { eventTimes = range.lowerBound...time }
    }

    mutating func add(_ code: FaultCode) {
        faults += 1
        if let place = FaultCode.allCases.firstIndex(of: code) { faultsByCode[place] += 1 }
    }
}

/// Nanoseconds that the replay's thread spent in each step, helpers working beside it.
public struct ReplayTimes: Hashable, Sendable {
    /// Waiting for input.
    public internal(set) var read: Int64 = 0
    /// Finding where records end.
    public internal(set) var split: Int64 = 0
    public internal(set) var decode: Int64 = 0
    /// Bringing decoded rows into one batch, in order.
    public internal(set) var gather: Int64 = 0
    public internal(set) var features: Int64 = 0
    public internal(set) var score: Int64 = 0
    /// Writing rows as text.
    public internal(set) var format: Int64 = 0
    /// Handing text on to the sink.
    public internal(set) var write: Int64 = 0
}

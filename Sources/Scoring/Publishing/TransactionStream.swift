public import Events
import Foundation
public import Generation
import Synchronization

/// How far a stream has come; written by the thread that runs it, read by any.
public final class StreamProgress: Sendable {
    private let eventCount = Atomic<Int>(0)
    private let time = Atomic<Int64>(Int64.min)
    private let waiting = Atomic<Bool>(false)

    init() {}

    public var events: Int { eventCount.load(ordering: .relaxed) }
    /// The event time of the newest event; `nil` before the first.
    public var eventTime: EventTime? {
        let time = time.load(ordering: .relaxed)
        return time == .min ? nil : EventTime(microseconds: time)
    }
    /// Whether there is no room at the moment for what is due.
    public var isWaiting: Bool { waiting.load(ordering: .relaxed) }

    func note(_ newest: EventTime, events: Int) {
        eventCount.store(events, ordering: .relaxed)
        time.store(newest.microseconds, ordering: .relaxed)
        waiting.store(false, ordering: .relaxed)
    }

    func noteWait() { waiting.store(true, ordering: .relaxed) }
}

/// Hands out generated transactions when each is due, open loop, until told to stop.
// SAFETY: `run` belongs to one thread; other threads reach only the atomics.
public final class TransactionStream: @unchecked Sendable {
    /// When one `run` ends beside the generator's end.
    public struct Bounds: Hashable, Sendable {
        public var eventsMax: Int?
        /// The first event that is not handed out any more.
        public var before: EventTime?

        public init(eventsMax: Int? = nil, before: EventTime? = nil) {
            self.eventsMax = eventsMax
            self.before = before
        }
    }

    public let progress = StreamProgress()
    public let clock: AnchoredClock
    private var generator: CardTransactionGenerator
    private var pending: CardTransaction?
    private let isStopRequested = Atomic<Bool>(false)
    /// Events between two looks at the clock and at deliveries.
    private static let burstMax = 500
    /// The longest pause, so that a stop is not waited for.
    private static let pauseNanosecondsMax: Int64 = 10_000_000

    public init(_ options: CardTransactionOptions, clock: AnchoredClock = AnchoredClock()) {
        generator = CardTransactionGenerator(options)
        self.clock = clock
    }

    /// Ends `run` before its next event; from any thread.
    public func requestStop() { isStopRequested.store(true, ordering: .relaxed) }

    public var isWanted: Bool { !isStopRequested.load(ordering: .relaxed) }

    /// Hands out events until the bounds, the generator's end or a stop; a later call goes on behind them.
    ///
    /// - Parameters:
    ///   - eventsPerSecond: `nil`: as fast as it goes.
    ///   - serve: called between bursts of events and while none is due.
    ///   - emit: takes an event with the time of day when it was meant to be sent, in microseconds; false ends the run,
    ///     and the event is handed out again by the next.
    /// - Returns: the number of events handed out.
    @discardableResult
    public func run(
        eventsPerSecond: Double?, until bounds: Bounds = Bounds(), serve: () throws -> Void = {},
        emit: (CardTransaction, _ intendedMicroseconds: Int64) throws -> Bool
    ) throws -> Int {
        var pacer = SendPacer(eventsPerSecond: eventsPerSecond, startNanoseconds: clock.nanoseconds)
        var events = 0
        let eventsBefore = progress.events
        while isWanted {
            let due = pacer.take(atMost: Self.burstMax, now: clock.nanoseconds)
            if due == 0 {
                try serve()
                pause(nanoseconds: pacer.nanosecondsUntilDue(now: clock.nanoseconds))
                continue
            }
            for _ in 0..<due {
                if let eventsMax = bounds.eventsMax, events >= eventsMax { return events }
                guard let transaction = pending ?? generator.next() else { return events }
                pending = transaction
                if let before = bounds.before, transaction.time >= before { return events }
                let intended = eventsPerSecond == nil ? clock.nanoseconds : pacer.intendedNanoseconds(of: Int64(events))
                guard try emit(transaction, clock.microseconds(at: intended)) else { return events }
                pending = nil
                events += 1
                progress.note(transaction.time, events: eventsBefore + events)
            }
            try serve()
        }
        return events
    }

    private func pause(nanoseconds: Int64) {
        var time = timespec()
        time.tv_nsec = Int(min(max(0, nanoseconds), Self.pauseNanosecondsMax))
        nanosleep(&time, nil)
    }
}

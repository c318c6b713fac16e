#if canImport(Glibc)
    import Glibc
#endif

/// The waits between attempts: they double and have jitter, so that instances that were cut off together do not come
/// back together.
public struct RetryBackoff: Sendable {
    private var waitMilliseconds = Self.firstMilliseconds
    public static let firstMilliseconds = 20
    public static let maxMilliseconds = 1_000

    public init() {}

    /// How long to wait before the next attempt: between half of the wait and all of it.
    public mutating func nextMilliseconds() -> Int {
        let half = waitMilliseconds / 2
        defer { waitMilliseconds = min(waitMilliseconds * 2, Self.maxMilliseconds) }
        return half + Int.random(in: 0...half)
    }
}

/// The attempts of one blocking question, until its time is up, with a `RetryBackoff` between them.
public struct RetryPace {
    private let deadline: ContinuousClock.Instant
    private var backoff = RetryBackoff()

    public init(milliseconds: Int) { deadline = .now.advanced(by: .milliseconds(max(0, milliseconds))) }

    /// At least 1, since librdkafka's 0 does not wait for anything.
    public var leftMilliseconds: Int {
        max(1, Int((ContinuousClock.now.duration(to: deadline) / .milliseconds(1)).rounded()))
    }

    /// Waits before the next attempt; `false` where there is no time for one.
    public mutating func wait() -> Bool {
        guard ContinuousClock.now < deadline else { return false }
        let wait = min(backoff.nextMilliseconds(), leftMilliseconds)
        // Waits for no descriptor.
        _ = poll(nil, 0, Int32(clamping: wait))
        return ContinuousClock.now < deadline
    }

    /// The answer, or the last failure once the time is up; a failure that waiting does not mend at once.
    ///
    /// - Parameter attempt: gets the milliseconds that are left.
    static func untilAnswered<Answer: ~Copyable>(
        milliseconds: Int, _ attempt: (Int) throws(KafkaFailure) -> Answer
    ) throws(KafkaFailure) -> Answer {
        try untilAnswered(
            milliseconds: milliseconds, attemptMilliseconds: milliseconds, passes: { $0.isRetriable },
            beforeNext: { (_, _) throws(KafkaFailure) in }, attempt)
    }

    /// The same where one attempt keeps to one broker, which may be gone: none gets all the time.
    ///
    /// - Parameters:
    ///   - attemptMilliseconds: the first attempt's share; twice as much after each that was not answered, since a
    ///     broker may also be slow.
    ///   - passes: whether waiting may mend a failure.
    ///   - beforeNext: runs after the wait; gets the failure and the milliseconds that are left.
    static func untilAnswered<Answer: ~Copyable>(
        milliseconds: Int, attemptMilliseconds: Int, passes: (KafkaFailure) -> Bool,
        beforeNext: (KafkaFailure, Int) throws(KafkaFailure) -> Void,
        _ attempt: (Int) throws(KafkaFailure) -> Answer
    ) throws(KafkaFailure) -> Answer {
        var pace = RetryPace(milliseconds: milliseconds)
        var share = max(1, attemptMilliseconds)
        while true {
            do throws(KafkaFailure) {
                return try attempt(min(share, pace.leftMilliseconds))
            } catch {
                guard passes(error), !error.isFatal, pace.wait() else { throw error }
                if error.isTimeOut { share = min(share, milliseconds / 2) * 2 }
                try beforeNext(error, pace.leftMilliseconds)
            }
        }
    }
}

/// Time for waits and rates only; it decides no result. Swapped in tests and simulation.
public protocol EngineClock: Sendable {
    /// Monotonic nanoseconds.
    var nanoseconds: Int64 { get }
}

/// The machine's monotonic clock.
public struct MonotonicClock: EngineClock {
    private let start = ContinuousClock.now

    public init() {}

    public var nanoseconds: Int64 {
        let elapsed = ContinuousClock.now - start
        return elapsed.components.seconds * 1_000_000_000 + elapsed.components.attoseconds / 1_000_000_000
    }
}

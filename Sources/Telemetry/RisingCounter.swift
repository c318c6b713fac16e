public import CoreMetrics

/// A counter of what somebody else counts.
///
/// It belongs to one thread.
public final class RisingCounter {
    private let counter: Counter
    private var known: UInt64

    /// - Parameter start: what was counted before this process, which counts from 0.
    public init(_ counter: Counter, from start: UInt64 = 0) {
        self.counter = counter
        known = start
    }

    /// What is no more than before adds nothing.
    public func rise(to count: UInt64) {
        if count > known { counter.increment(by: count - known) }
        known = count
    }
}

import Engine
import Foundation

/// Time of day that runs as evenly as the monotonic clock: a correction of the system's clock meanwhile is not seen.
///
/// Record timestamps and latencies of one process are taken from one such clock, so that their differences are true.
public struct AnchoredClock: Sendable {
    private let steady = MonotonicClock()
    private let startMicroseconds: Int64

    public init() {
        // Seconds since 1970 fit a double to less than a microsecond for a century to come.
        startMicroseconds = Int64(Date().timeIntervalSince1970 * 1e6)
    }

    /// Steady nanoseconds since the clock was made.
    public var nanoseconds: Int64 { steady.nanoseconds }

    /// The time of day in microseconds since 1970 at so many of the clock's nanoseconds.
    public func microseconds(at nanoseconds: Int64) -> Int64 { startMicroseconds + nanoseconds / 1_000 }

    public var microseconds: Int64 { microseconds(at: nanoseconds) }
}

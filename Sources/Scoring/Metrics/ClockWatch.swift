import Foundation
import Synchronization

/// Notices that the wall clock was set: it and the monotonic clock then tell of different times that have passed.
final class ClockWatch: Sendable {
    /// Smaller steps are what a time service does all day.
    static let stepMillisecondsMin: Int64 = 1_000
    /// Looks more often than this see nothing.
    static let everyMilliseconds: Int64 = 1_000

    private struct Reading {
        let wall: Int64
        let monotonic: Int64
    }

    private let last = Mutex<Reading?>(nil)

    /// - Parameters:
    ///   - wall: milliseconds since 1970.
    ///   - monotonic: milliseconds of a clock that nobody sets and that goes on while the machine sleeps.
    /// - Returns: by how many milliseconds the wall clock was set since the last look; `nil`: it was not.
    func step(wall: Int64, monotonic: Int64) -> Int64? {
        last.withLock { last in
            guard let before = last else {
                last = Reading(wall: wall, monotonic: monotonic)
                return nil
            }
            let (passed, overflow) = monotonic.subtractingReportingOverflow(before.monotonic)
            if !overflow && passed < Self.everyMilliseconds { return nil }
            last = Reading(wall: wall, monotonic: monotonic)
            let (shown, wallOverflow) = wall.subtractingReportingOverflow(before.wall)
            if overflow || wallOverflow { return nil }
            let (step, stepOverflow) = shown.subtractingReportingOverflow(passed)
            return stepOverflow || step.magnitude < Self.stepMillisecondsMin ? nil : step
        }
    }

    /// The same, by the machine's clocks.
    func step() -> Int64? {
        let passed = Self.origin.duration(to: .now).components
        return step(
            wall: Int64(Date().timeIntervalSince1970 * 1_000),
            monotonic: passed.seconds * 1_000 + passed.attoseconds / 1_000_000_000_000_000)
    }

    private static let origin = ContinuousClock.now
}

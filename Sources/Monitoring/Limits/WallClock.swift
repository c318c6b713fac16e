import Foundation

/// The time of day, for what is about it alone: whether scores are fresh. Swapped in tests.
public protocol WallClock: Sendable {
    /// Since 1970-01-01, UTC. It may be set, and go back.
    var microseconds: Int64 { get }
}

/// The machine's.
public struct SystemWallClock: WallClock {
    public init() {}

    public var microseconds: Int64 { Int64(Date().timeIntervalSince1970 * 1_000_000) }
}

/// Lets a message into the log so often and no oftener: one fault that comes back a thousand times a second is one fault.
///
/// What is told apart is the message, not what comes with it; so messages are constant texts, and what changes is metadata.
public struct LogThrottle {
    /// So many lines of one message,
    public static let linesMax = 20
    /// in so long; then the next one says how many were left out.
    public static let spanNanoseconds: Int64 = 10_000_000_000
    /// Messages that are told apart; more of them in one span are all let through.
    static let messagesMax = 512

    private struct Recent {
        var spanStart: Int64
        var lines = 0
        var leftOut = 0
    }

    private var recent: [String: Recent] = [:]

    public init() {}

    /// - Parameter now: of a steady clock.
    /// - Returns: how many lines of this message were left out since its last one; `nil`: leave out this one, too.
    public mutating func take(_ message: String, now: Int64) -> Int? {
        if recent[message] == nil, recent.count >= Self.messagesMax {
            recent = recent.filter { now - $0.value.spanStart < Self.spanNanoseconds }
            if recent.count >= Self.messagesMax { return 0 }
        }
        var entry = recent[message] ?? Recent(spanStart: now)
        defer { recent[message] = entry }
        if now - entry.spanStart >= Self.spanNanoseconds {
            (entry.spanStart, entry.lines) = (now, 0)
        }
        if entry.lines >= Self.linesMax {
            entry.leftOut += 1
            return nil
        }
        entry.lines += 1
        defer { entry.leftOut = 0 }
        return entry.leftOut
    }
}

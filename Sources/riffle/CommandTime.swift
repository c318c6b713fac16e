import ArgumentParser
import Events
import Foundation

/// An instant on the command line: `2025-01-31`, which is its midnight, or `2025-01-31T12:00:00Z`.
struct CommandTime: ExpressibleByArgument {
    let time: EventTime

    init?(argument: String) {
        if let day = CommandDay(argument: argument) {
            time = day.time
            return
        }
        guard let date = try? Date(argument, strategy: .iso8601), date.formatted(.iso8601) == argument else {
            return nil
        }
        time = EventTime(microseconds: Int64(date.timeIntervalSince1970) * 1_000_000)
    }
}

/// A share on the command line: `10%`, `0.5%`.
struct CommandShare: ExpressibleByArgument {
    let share: Double

    init?(argument: String) {
        guard argument.hasSuffix("%"), let percent = Double(argument.dropLast()), percent > 0, percent <= 100 else {
            return nil
        }
        share = percent / 100
    }
}

extension EventTime {
    /// The present: an upper bound of what can have happened, and nothing else.
    static var wallClock: EventTime {
        EventTime(microseconds: Int64(Date().timeIntervalSince1970) * 1_000_000)
    }
}

public import Engine

extension Array where Element == LaneAccount {
    /// A line for each topic that held the merge back for half a second or more, or without which it went on.
    public var waitLines: [String] {
        Set(map(\.topic)).sorted().compactMap { topic in
            let waits = filter { $0.topic == topic }.map(\.waits)
            let nanoseconds = waits.map(\.nanoseconds).max() ?? 0
            let begun = waits.reduce(0) { $0 + $1.begun }
            let expired = waits.reduce(0) { $0 + $1.expired }
            if expired == 0 && nanoseconds < Self.waitNanosecondsMin { return nil }
            let seconds = NumberStyle.decimal(Double(nanoseconds) / 1e9, places: 1)
            let line = "the merge waited \(begun) times for \(topic), \(seconds) s at most for one partition"
            return expired > 0 ? line + "; \(expired) times in vain: merge.wait was over" : line
        }
    }

    private static var waitNanosecondsMin: Int64 { 500_000_000 }
}

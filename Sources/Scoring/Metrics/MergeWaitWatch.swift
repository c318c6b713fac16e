import Engine

/// Tells, now and then, which topics hold the merge back: what an operator cannot see in any event.
struct MergeWaitWatch {
    /// What is worth a line of one topic, since its last line.
    struct Line: Hashable {
        var topic: String
        /// Those that were waited for.
        var partitions: [Int32]
        /// The longest that was waited for one partition.
        var nanoseconds: Int64
        /// Waits that `merge.wait` ended.
        var expired: UInt64
    }

    /// Between two lines of one topic.
    static let everyNanoseconds: Int64 = 10_000_000_000
    /// Shorter waits, all together, are the course of things.
    static let waitNanosecondsMin: Int64 = 1_000_000_000

    private var epoch: UInt64 = 0
    /// By topic and partition: what the last line has told.
    private var told: [TopicPlace: LaneWaits] = [:]
    private var lastLine: [String: Int64] = [:]

    private struct TopicPlace: Hashable {
        let topic: String
        let partition: Int32
    }

    /// The lines that are due, by topic. Complexity: O(partitions).
    mutating func lines(_ books: StreamBooks, now: Int64) -> [Line] {
        if books.epoch != epoch {
            epoch = books.epoch
            told.removeAll()
        }
        var lines: [Line] = []
        for topic in Set(books.lanes.map(\.account.topic)).sorted() {
            if let last = lastLine[topic], now - last < Self.everyNanoseconds { continue }
            let accounts = books.lanes.map(\.account).filter { $0.topic == topic }
            guard let line = line(topic, accounts) else { continue }
            lines.append(line)
            lastLine[topic] = now
            for account in accounts { told[TopicPlace(topic: topic, partition: account.partition)] = account.waits }
        }
        return lines
    }

    private func line(_ topic: String, _ accounts: [LaneAccount]) -> Line? {
        var line = Line(topic: topic, partitions: [], nanoseconds: 0, expired: 0)
        for account in accounts {
            let known = told[TopicPlace(topic: topic, partition: account.partition)] ?? LaneWaits()
            if account.waits == known { continue }
            line.partitions.append(account.partition)
            line.nanoseconds = max(line.nanoseconds, account.waits.nanoseconds - known.nanoseconds)
            line.expired += account.waits.expired - known.expired
        }
        return line.expired > 0 || line.nanoseconds >= Self.waitNanosecondsMin ? line : nil
    }
}

import Engine
import Kafka

/// When offsets that could not be committed are sent again, in one assignment: after waits that double and have jitter,
/// for so long; and never where no repetition mends it.
struct CommitRetry {
    /// As long as a record may be on its way.
    static let failingMillisecondsMax: Int64 = 300_000

    private var backoff = RetryBackoff()
    private var notBefore = Int64.min
    /// Of the first failure since the last success, and the newest.
    private var failing: (since: Int64, failure: KafkaFailure)?
    /// The group has gone on without this assignment: a rebalance is to come, and only its last commit is still tried.
    private(set) var isSuperseded = false

    /// Whether offsets may be sent.
    ///
    /// - Parameter now: monotonic nanoseconds.
    /// - Throws: where they could not be for too long: a rebalance that does not come, too, ends here.
    func maySend(now: Int64) throws(KafkaFailure) -> Bool {
        if let failing, now - failing.since >= Self.failingMillisecondsMax * 1_000_000 {
            var failure = failing.failure
            failure.message =
                "offsets could not be committed for \(Self.failingMillisecondsMax / 1_000) s: \(failure.message)"
            throw failure
        }
        return !isSuperseded && now >= notBefore
    }

    mutating func didCommit() {
        backoff = RetryBackoff()
        notBefore = .min
        failing = nil
    }

    /// - Parameter failures: of one commit.
    /// - Throws: what no waiting mends.
    mutating func didFail(_ failures: [KafkaFailure], now: Int64) throws(KafkaFailure) {
        guard let first = failures.first else { return }
        if let final = failures.first(where: { !Self.mayPass($0) }) {
            var failure = final
            failure.message = "offsets cannot be committed: \(final.message)\(Self.advice(final))"
            throw failure
        }
        failing = (since: failing?.since ?? now, failure: first)
        if failures.contains(where: Self.isOver) { isSuperseded = true }
        notBefore = now + Int64(backoff.nextMilliseconds()) * 1_000_000
    }

    private static func mayPass(_ failure: KafkaFailure) -> Bool {
        switch failure.name {
        // A topic that is being made anew, or whose leader does not know of it yet: librdkafka asks again, too.
        case "UNKNOWN_TOPIC_OR_PART": true
        // A broker that says no more than that something went wrong.
        case "UNKNOWN": true
        default: failure.isRetriable || isOver(failure)
        }
    }

    /// Of a static member that another one has replaced librdkafka tells again, and fatally.
    private static func isOver(_ failure: KafkaFailure) -> Bool {
        failure.isSuperseded || failure.name == "FENCED_INSTANCE_ID"
    }

    private static func advice(_ failure: KafkaFailure) -> String {
        switch failure.name {
        case "GROUP_AUTHORIZATION_FAILED", "TOPIC_AUTHORIZATION_FAILED":
            "; the user needs READ on the group and on its topics"
        case "OFFSET_METADATA_TOO_LARGE": "; the brokers' \"offset.metadata.max.bytes\" has to be 64 at least"
        default: ""
        }
    }
}

extension CommitReport {
    /// Of the commit as a whole and of its partitions, each once.
    var failures: [KafkaFailure] {
        var found = entries.compactMap(\.failure)
        if let failure, !found.contains(where: { $0.code == failure.code }) { found.insert(failure, at: 0) }
        return found
    }
}

import Kafka
import Testing

@testable import Scoring

/// When offsets that could not be committed are sent again.
struct CommitRetryTests {
    private static let second: Int64 = 1_000_000_000
    private static func failure(_ code: Int32) -> KafkaFailure { KafkaFailure(code: code) }

    /// NOT_ENOUGH_REPLICAS, UNKNOWN_TOPIC_OR_PART, _TIMED_OUT, UNKNOWN.
    @Test(arguments: [19, 3, -185, -1] as [Int32])
    func waitsDoubleUntilOneIsIn(code: Int32) throws {
        var retry = CommitRetry()
        var now = 7 * Self.second
        #expect(try retry.maySend(now: now))
        for round in 0..<3 {
            for longest in [20, 40, 80, 160, 320, 640, 1_000, 1_000] as [Int64] {
                try retry.didFail([Self.failure(code)], now: now)
                // Half of the wait at least, whatever the jitter.
                #expect(try !retry.maySend(now: now + longest / 2 * 1_000_000 - 1), "round \(round), \(longest) ms")
                now += longest * 1_000_000
                #expect(try retry.maySend(now: now), "round \(round), \(longest) ms")
            }
            retry.didCommit()
        }
    }

    @Test func oneThatGoesOnForFiveMinutesEndsTheRun() throws {
        var retry = CommitRetry()
        try retry.didFail([Self.failure(19)], now: Self.second)
        try retry.didFail([Self.failure(7)], now: 300 * Self.second)
        #expect(try retry.maySend(now: 301 * Self.second - 1))
        let thrown = try #require(throws: KafkaFailure.self) { try retry.maySend(now: 301 * Self.second) }
        #expect(thrown.name == "REQUEST_TIMED_OUT")
        #expect(thrown.message.hasPrefix("offsets could not be committed for 300 s: "))
        retry.didCommit()
        #expect(try retry.maySend(now: 400 * Self.second))
    }

    /// ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID, REBALANCE_IN_PROGRESS, FENCED_INSTANCE_ID.
    @Test(arguments: [22, 25, 27, 82] as [Int32])
    func whatTheGroupHasGoneOnFromIsNotSentAgain(code: Int32) throws {
        var retry = CommitRetry()
        try retry.didFail([Self.failure(19), Self.failure(code)], now: 0)
        #expect(retry.isSuperseded)
        for seconds in [1, 60, 299] as [Int64] { #expect(try !retry.maySend(now: seconds * Self.second)) }
        // A rebalance that does not come is a fault of its own.
        #expect(throws: KafkaFailure.self) { try retry.maySend(now: 300 * Self.second) }
    }

    /// Whatever else failed beside it.
    @Test(
        arguments: [
            (30, "GROUP_AUTHORIZATION_FAILED", "READ on the group"), (29, "TOPIC_AUTHORIZATION_FAILED", "READ on"),
            (12, "OFFSET_METADATA_TOO_LARGE", "offset.metadata.max.bytes"), (28, "INVALID_COMMIT_OFFSET_SIZE", ""),
        ] as [(Int32, String, String)])
    func whatNoWaitingMendsEndsTheRun(code: Int32, name: String, advice: String) throws {
        var retry = CommitRetry()
        let thrown = try #require(throws: KafkaFailure.self) {
            try retry.didFail([Self.failure(19), Self.failure(code)], now: 0)
        }
        #expect(thrown.name == name && thrown.message.hasPrefix("offsets cannot be committed: "))
        #expect(advice.isEmpty || thrown.message.contains(advice), "\(thrown)")
    }
}

import Foundation
import Kafka
import Testing

@testable import Scoring

/// Dead letters on an embedded cluster: what goes back is the event as it came, and where it came from.
struct DeadLetterReplayTests {
    @Test func eventsGoBackAsTheyCame() throws {
        let topics = try DeadLetterTopics(sourcePartitions: 3, letterPartitions: 2)
        try topics.add([
            Letter(
                headers: [
                    ("trace", "a"), ("riffle-origin", "card.transactions/2/7"), ("riffle-attempts", "3"),
                    ("riffle-error-code", "late"), ("riffle-timestamp", "1700000000123"), ("trace", "b"),
                ], key: "k1", value: "first"),
            Letter(headers: [("riffle-origin", "card.transactions/2/9")], key: "", value: "second", time: 5_000),
            Letter(headers: [("riffle-origin", "card.transactions/0/1")], key: nil, value: nil, partition: 1),
            Letter(headers: [("riffle-origin", "card.transactions/2/8")], key: "k1", value: "", partition: 1),
        ])
        let (summary, refused) = try topics.replay()
        #expect(summary.replayed == 4 && summary.refused == 0 && refused.isEmpty)
        #expect(summary.position.description == "0:1,1:1")
        let back = try topics.readSource()
        #expect(back.map(\.partition) == [0, 2, 2, 2])
        #expect(back.map { $0.value.map(text) } == [nil, "first", "second", ""])
        #expect(back.map { $0.key.map(text) } == [nil, "k1", "", "k1"])
        #expect(
            back[1].headers.map { "\($0.name)=\(text($0.value ?? []))" } == ["trace=a", "trace=b", "riffle-attempts=3"])
        #expect(back[2].headers.map { "\($0.name)=\(text($0.value ?? []))" } == ["riffle-attempts=1"])
        // Of the second nothing but the letter's own time is known.
        #expect(back[1].timeMicroseconds == 1_700_000_000_123_000 && back[2].timeMicroseconds == 5_000)
    }

    @Test func aPartitionThatIsGoneLeavesTheChoiceToTheKey() throws {
        let topics = try DeadLetterTopics(sourcePartitions: 2, letterPartitions: 1)
        let keys = (0..<20).map { "key-\($0)" }
        try topics.add(keys.map { Letter(headers: [("riffle-origin", "card.transactions/7/1")], key: $0) })
        #expect(try topics.replay().summary.replayed == 20)
        let partitioned = Dictionary(grouping: try topics.readSource(), by: \.partition)
        #expect(partitioned.count == 2)
        for letter in partitioned.values.joined() {
            let key = letter.key ?? []
            #expect(letter.partition == key.withUnsafeBytes { KafkaPartitioner.partition(of: $0, partitions: 2) })
        }
    }

    @Test func whatCannotGoBackStaysAndIsNamed() throws {
        let topics = try DeadLetterTopics(
            sourcePartitions: 1, letterPartitions: 1, properties: "message.max.bytes: \"2000\"")
        let origin = ("riffle-origin", "card.transactions/0/1")
        try topics.add([
            Letter(headers: []), Letter(headers: [("riffle-origin", "other/0/1")]),
            Letter(headers: [origin, ("riffle-truncated", "value")], value: nil),
            Letter(headers: [origin, ("riffle-attempts", "5")]), Letter(headers: [origin, ("riffle-attempts", "4")]),
            Letter(headers: [origin], value: String(repeating: "x", count: 3_000)),
        ])
        let (summary, refused) = try topics.replay()
        #expect(summary.replayed == 1 && summary.refused == 5)
        #expect(refused.map(\.offset) == [0, 1, 2, 3, 5])
        let reasons = refused.map(\.refusal)
        #expect(reasons[..<4] == [.noOrigin, .otherTopic("other"), .truncated, .attempts(5, max: 5)])
        guard case .tooLarge(let bytes) = reasons[4] else {
            Issue.record("\(reasons[4])")
            return
        }
        #expect(bytes > 3_000)
        #expect(reasons.allSatisfy { !$0.description.isEmpty })
        #expect(try topics.readSource().map { $0.headers.last?.value.map(text) } == ["4"])
    }

    @Test func aTrialSendsNothingAndALimitLeavesTheRestForLater() throws {
        let topics = try DeadLetterTopics(sourcePartitions: 1, letterPartitions: 1)
        try topics.add(
            (0..<5).map { Letter(headers: [("riffle-origin", "card.transactions/0/\($0)")], value: "\($0)") })
        let trial = try topics.replay(isTrial: true).summary
        #expect(trial.replayed == 5)
        #expect(try topics.readSource().isEmpty)
        let first = try topics.replay { $0.limit = 2 }.summary
        #expect(first.replayed == 2 && first.position.description == "0:1")
        let second = try topics.replay { $0.after = first.position }.summary
        #expect(second.replayed == 3 && second.position.description == "0:4")
        let none = try topics.replay { $0.after = second.position }.summary
        #expect(none.replayed == 0 && none.position.description == "0:4")
        #expect(try topics.readSource().map { text($0.value ?? []) } == ["0", "1", "2", "3", "4"])
    }

    /// More than are sent at once, so that positions are passed from one round to the next.
    @Test func manyKeepTheirOrder() throws {
        let topics = try DeadLetterTopics(sourcePartitions: 2, letterPartitions: 1)
        try topics.add(
            (0..<2_500).map {
                Letter(headers: [("riffle-origin", "card.transactions/\($0 % 2)/\($0)")], value: "\($0)")
            })
        #expect(try topics.replay().summary.replayed == 2_500)
        let values = try topics.readSource().map { Int(text($0.value ?? [])) ?? -1 }
        #expect(values == (0..<1_250).map { $0 * 2 } + (0..<1_250).map { $0 * 2 + 1 })
    }

    @Test func whatTheBrokersRefuseIsNoSuccess() throws {
        let topics = try DeadLetterTopics(sourcePartitions: 1, letterPartitions: 1)
        try topics.add((0..<3).map { Letter(headers: [("riffle-origin", "card.transactions/0/\($0)")]) })
        // TOPIC_AUTHORIZATION_FAILED.
        topics.cluster.failNext(.produce, codes: [29])
        var summary = DeadLetterReplaySummary()
        #expect(throws: KafkaFailure.self) { _ = try topics.replay(into: &summary) }
        #expect(summary.replayed == 0 && summary.position.isEmpty)
        #expect(try topics.replay(into: &summary).isEmpty)
        #expect(summary.replayed == 3)
    }

    @Test func aTopicThatIsNotThereIsSaid() throws {
        let topics = try DeadLetterTopics(sourcePartitions: 1, letterPartitions: 0)
        #expect(throws: RunFailure.self) { _ = try topics.replay() }
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}

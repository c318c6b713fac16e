import Engine
import Kafka
import Logging
import Testing

@testable import Scoring

/// What is known of the output topics' bounds decides what is too large.
struct TopicBoundsTests {
    private static let logger = Logger(label: "test")
    private static let topics = OutputTopics(scores: "scores", deadLetters: "letters", order: nil)

    @Test func whatIsNotToldIsNoBound() throws {
        let cluster = try EmbeddedCluster()
        let admin = try KafkaAdmin(brokers: cluster.bootstrapServers)
        let refusal = try #require(throws: KafkaFailure.self) {
            _ = try admin.topicConfigurations(of: ["scores"], milliseconds: 20_000)
        }
        let bounds = TopicBounds(
            [
                TopicConfiguration(topic: "scores", entries: ["max.message.bytes": "5000"]),
                TopicConfiguration(topic: "letters", failure: refusal),
                TopicConfiguration(topic: "order", entries: ["max.message.bytes": "3000"]),
            ], logger: Self.logger)
        #expect(bounds.batchBytesMax == ["scores": 5_000, "order": 3_000] && bounds.least == 3_000)
        #expect(TopicBounds().least == nil)
        let unknown = try TopicBounds(
            of: Self.topics, brokers: cluster.bootstrapServers, properties: KafkaProperties(), logger: Self.logger)
        #expect(unknown == TopicBounds())
    }

    @Test func aScoreBeyondItsTopicIsTooLargeAndADeadLetterIsNot() throws {
        let sink = try KafkaSinkPort(
            brokers: "", properties: KafkaProperties(), topics: Self.topics,
            bounds: TopicBounds(batchBytesMax: ["scores": 1_000, "letters": 10_000]), transactionalID: nil,
            logger: Self.logger)
        func send(_ kind: OutputKind, bytes: Int) throws -> SendOutcome {
            try [UInt8](repeating: 1, count: bytes).withUnsafeBytes { value in
                try sink.send(
                    OutputRecord(
                        kind: kind, key: nil, value: value, headers: UnsafeBufferPointer(start: nil, count: 0),
                        origin: RecordReference(
                            key: nil, keyCount: 0, value: nil, valueCount: 0, offset: 0, timestamp: 0, handle: nil),
                        token: 1, partition: 0))
            }
        }
        #expect(try send(.score, bytes: 500) == .queued)
        #expect(try send(.score, bytes: 1_000) == .tooLarge)
        #expect(try send(.deadLetter, bytes: 1_000) == .queued)
        #expect(try send(.deadLetter, bytes: 10_000) == .tooLarge)
    }
}

import Engine
import Kafka
import Logging
import Testing

@testable import Scoring

/// Where outputs of events without a key go.
struct KeylessOutputTests {
    /// By the event's own partition: what is sent again after a crash stands where it stood at first.
    @Test func anOutputWithoutAKeyGoesByItsEventsPartition() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("scores", partitions: 3)
        try cluster.createTopic("letters", partitions: 2)
        let sink = try KafkaSinkPort(
            brokers: cluster.bootstrapServers, properties: KafkaProperties(),
            topics: OutputTopics(
                scores: "scores", deadLetters: "letters", order: nil, scorePartitions: 3, deadLetterPartitions: 2),
            transactionalID: nil, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        for partition in [0, 1, 1, 4, 4, 4, 5] as [Int32] {
            for kind in [.score, .deadLetter] as [OutputKind] {
                let outcome = try sink.send(
                    OutputRecord(
                        kind: kind, key: nil, value: nil, headers: UnsafeBufferPointer(start: nil, count: 0),
                        origin: RecordReference(
                            key: nil, keyCount: 0, value: nil, valueCount: 0, offset: 0, timestamp: 0, handle: nil),
                        token: 1, partition: partition))
                #expect(outcome == .queued)
            }
        }
        sink.close()
        let admin = try KafkaAdmin(brokers: cluster.bootstrapServers)
        #expect(try admin.endOffsets(of: "scores", milliseconds: 10_000) == [1, 5, 1])
        #expect(try admin.endOffsets(of: "letters", milliseconds: 10_000) == [4, 3])
    }
}

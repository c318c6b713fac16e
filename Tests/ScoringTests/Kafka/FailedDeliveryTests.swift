import Engine
import Logging
import Testing

@testable import Kafka
@testable import Scoring

/// What becomes of outputs behind one that the brokers never take.
struct FailedDeliveryTests {
    /// The first is refused for good while the others wait for it to be out of the way: none of them is sent, since the
    /// next start sends all of them again, and a reader that has the later ones would pass the first over.
    @Test func whatIsQueuedBehindAFailureIsGivenUp() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("scores", partitions: 1)
        // In a queue for a minute, or until somebody flushes.
        let sink = try KafkaSinkPort(
            brokers: cluster.bootstrapServers, properties: KafkaProperties(["linger.ms": "60000"]),
            topics: OutputTopics(scores: "scores", deadLetters: "scores", order: nil), transactionalID: nil,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let listener = Listener()
        sink.attach(listener)
        for token in 0..<100 as Range<UInt64> { #expect(try send(token, to: sink) == .queued) }
        sink.deliveries.acknowledge(
            Delivery(token: 0, errorCode: 29, partition: 0, offset: -1, isPossiblyPersisted: false))
        sink.serve(milliseconds: 0)
        sink.serve(milliseconds: 1_000)
        #expect(listener.failures == 101)
        sink.close()
        let admin = try KafkaAdmin(brokers: cluster.bootstrapServers)
        #expect(try admin.endOffsets(of: "scores", milliseconds: 10_000) == [0])
    }

    private func send(_ token: UInt64, to sink: KafkaSinkPort) throws -> SendOutcome {
        try sink.send(
            OutputRecord(
                kind: .score, key: nil, value: nil, headers: UnsafeBufferPointer(start: nil, count: 0),
                origin: RecordReference(
                    key: nil, keyCount: 0, value: nil, valueCount: 0, offset: 0, timestamp: 0, handle: nil),
                token: token, partition: 0))
    }

    private final class Listener: SinkObserver {
        var failures = 0
        func sinkDidAcknowledge(token: UInt64) {}
        func sinkDidFail(token: UInt64, error: any Error) { failures += 1 }
    }
}

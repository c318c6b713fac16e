import Engine
import Kafka
import Logging
import Telemetry
import Testing

@testable import Scoring

/// What the ports make of failures that no waiting mends.
@Suite struct KafkaPortFailureTests {
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private final class Nobody: SourceObserver {
        func sourceDidAssign(epoch: UInt64, lanes: [AssignedLane]) -> [LaneStart] {
            lanes.map {
                LaneStart(topic: $0.topic, partition: $0.partition, offset: $0.begin, mutedUntil: $0.begin)
            }
        }
        func sourceWillRevoke(epoch: UInt64, isLost: Bool) {}
    }

    private final class Listener: SinkObserver {
        var failures: [any Error] = []
        func sinkDidAcknowledge(token: UInt64) {}
        func sinkDidFail(token: UInt64, error: any Error) { failures.append(error) }
    }

    /// GROUP_AUTHORIZATION_FAILED and CLUSTER_AUTHORIZATION_FAILED: librdkafka tells it once and asks on in silence.
    @Test(
        arguments: [
            (.findCoordinator, 30, "GROUP_AUTHORIZATION_FAILED"), (.joinGroup, 30, "GROUP_AUTHORIZATION_FAILED"),
            (.findCoordinator, 31, "CLUSTER_AUTHORIZATION_FAILED"),
        ] as [(KafkaRequest, Int32, String)])
    func aGroupThatIsDeniedStopsTheRun(request: KafkaRequest, code: Int32, name: String) throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("events", partitions: 1)
        cluster.failNext(request, codes: [code])
        try expectStop(cluster, name)
    }

    @Test func aTopicThatIsDeniedStopsTheRun() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("events", partitions: 1)
        cluster.setError(ofTopic: "events", code: 29)
        try expectStop(cluster, "TOPIC_AUTHORIZATION_FAILED")
    }

    private func expectStop(_ cluster: EmbeddedCluster, _ name: String) throws {
        let consumer = try KafkaConsumer(
            brokers: cluster.bootstrapServers, group: "g",
            properties: KafkaProperties(["retry.backoff.ms": "20", "reconnect.backoff.max.ms": "100"]))
        let source = KafkaSourcePort(consumer: consumer, start: .earliest, logger: logger)
        try consumer.subscribe(["events"])
        let observer = Nobody()
        let end = ContinuousClock.now.advanced(by: .seconds(30))
        var stopped: KafkaFailure?
        while stopped == nil, ContinuousClock.now < end {
            do {
                try source.poll(observer)
                source.wait(milliseconds: 20)
            } catch {
                stopped = error as? KafkaFailure
            }
        }
        #expect(stopped?.name == name)
        try? source.close(observer)
    }

    /// Whoever hears of it first, a producer that is fenced is told with both causes.
    @Test func aFencingNamesBothItsCauses() throws {
        let fenced = KafkaFailure(code: -144, message: "fenced", isFatal: true)
        try #require(fenced.name == "_FENCED")
        let heard = Listener()
        let deliveries = SinkDeliveries(logger: logger, transactionMilliseconds: 45_000)
        deliveries.observer = heard
        deliveries.report(fenced)
        let error = try #require(heard.failures.first as? TransactionFenced)
        #expect(
            "\(error)" == """
                the cluster has ended this instance's transactions: fenced [_FENCED]. Either one was open for longer \
                than transaction.timeout.ms (45 s), because the process or its network stood still for so long: start \
                again, nothing is lost or doubled. Or another instance with the same "kafka.instance" runs: give each \
                its own
                """)
        // Without transactions there is no such thing, and other failures are what they are.
        let plain = SinkDeliveries(logger: logger)
        plain.observer = heard
        plain.report(fenced)
        deliveries.report(KafkaFailure(code: -150, message: "fatal", isFatal: true))
        #expect(heard.failures.dropFirst().allSatisfy { $0 is KafkaFailure })
        #expect(heard.failures.count == 3)
    }

    /// INVALID_PRODUCER_EPOCH, met at the start and by a commit.
    @Test(arguments: [.initProducerID, .endTransaction] as [KafkaRequest])
    func aFencedTransactionNamesBothItsCauses(request: KafkaRequest) throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("out", partitions: 1)
        let producer = try TransactionalProducer(
            brokers: cluster.bootstrapServers, transactionalID: "t",
            properties: KafkaProperties(["retry.backoff.ms": "20", "transaction.timeout.ms": "1500"]),
            onDelivery: { _ in })
        let port = KafkaTransactionPort(producer, logger: logger)
        cluster.failNext(request, codes: [47])
        #expect {
            try port.initialize()
            try port.begin()
            let topic = try producer.producer.topic("out")
            _ = producer.producer.produce(
                to: topic, partition: 0, key: nil, value: UnsafeRawBufferPointer(start: nil, count: 0),
                headers: UnsafeBufferPointer(start: nil, count: 0), token: 0)
            _ = try port.commit(OffsetCommit(positions: [], note: ""), membership: nil)
        } throws: {
            "\($0)".contains("transaction.timeout.ms (1500 ms)") && StopReason($0) == .fenced
        }
    }

    /// A transaction that an instance left open hides what comes after it in the order topic, too.
    @Test(arguments: [("1000", 60_000), (nil, 70_000), ("300000", 325_000)] as [(String?, Int)])
    func theOrderIsWaitedForAsLongAsATransactionMayHideIt(timeout: String?, expected: Int) {
        let port = KafkaOrderPort(
            brokers: "", group: "g", properties: KafkaProperties(timeout.map { ["transaction.timeout.ms": $0] } ?? [:]),
            topic: "order", pipeline: "p", logger: logger)
        #expect(port.silenceMilliseconds == expected)
    }
}

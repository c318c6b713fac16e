import CRdkafka
import Synchronization
import Testing

@testable import Kafka

/// How much a topic takes: asked for, read, and kept to.
@Suite struct TopicConfigurationTests {
    @Test func entriesAreReadFromAResource() throws {
        let resource = try #require(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, "scores"))
        defer { rd_kafka_ConfigResource_destroy(resource) }
        for (name, value) in [("max.message.bytes", "64000"), ("cleanup.policy", "delete")] {
            #expect(rd_kafka_ConfigResource_set_config(resource, name, value) == RD_KAFKA_RESP_ERR_NO_ERROR)
        }
        let configuration = KafkaAdmin.configuration(resource)
        #expect(configuration.topic == "scores" && configuration.failure == nil)
        #expect(configuration.entries == ["max.message.bytes": "64000", "cleanup.policy": "delete"])
        #expect(configuration.batchBytesMax == 64_000)
    }

    @Test(arguments: [(nil, nil), ("", nil), ("many", nil), ("-1", nil), ("99999999999999999999", nil), ("0", 0)])
    func aBoundIsANumberOrNothing(value: String?, expected: Int?) {
        let entries = value.map { ["max.message.bytes": $0] } ?? [:]
        #expect(TopicConfiguration(topic: "t", entries: entries).batchBytesMax == expected)
    }

    /// The embedded cluster has no such request: that is an answer at once and no wait for the time-out.
    @Test func aClusterThatCannotTellIsAFailure() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("known", partitions: 1)
        let admin = try KafkaAdmin(brokers: cluster.bootstrapServers)
        let failure = #expect(throws: KafkaFailure.self) {
            _ = try admin.topicConfigurations(of: ["known"], milliseconds: 60_000)
        }
        #expect(failure?.name == "_UNSUPPORTED_FEATURE")
        #expect(try admin.topicConfigurations(of: [], milliseconds: 1).isEmpty)
    }

    @Test func aSmallerBoundOfTheTopicIsKeptTo() throws {
        let producer = try KafkaProducer(
            brokers: "", properties: KafkaProperties(["message.max.bytes": "5000"]), onDelivery: { _ in })
        let small = try producer.topic("small", batchBytesMax: 1_000)
        let open = try producer.topic("open")
        #expect(small.recordBytesMax == 872 && open.recordBytesMax == .max)
        func send(_ bytes: Int, to topic: KafkaTopic, headers: Int = 0) -> String {
            let value = [UInt8](repeating: 1, count: bytes)
            let list = Array(repeating: KafkaHeader(name: "h", value: nil), count: headers)
            return value.withUnsafeBytes { value in
                list.withUnsafeBufferPointer { list in
                    switch producer.produce(to: topic, partition: 0, key: nil, value: value, headers: list, token: 0) {
                    case .queued: "queued"
                    case .tooLarge(let bytes, let bytesMax): "\(bytes) of \(bytesMax)"
                    case .queueFull: "full"
                    case .failed(let failure): "\(failure)"
                    }
                }
            }
        }
        #expect(send(872, to: small) == "queued" && send(873, to: small) == "873 of 872")
        // Each header takes its name and ten bytes.
        #expect(send(850, to: small, headers: 2) == "queued" && send(851, to: small, headers: 2) == "853 of 872")
        #expect(send(873, to: open) == "queued" && send(5_001, to: open) == "5001 of 5000")
        let tiny = try producer.topic("tiny", batchBytesMax: 5)
        #expect(tiny.recordBytesMax == 0 && send(1, to: tiny) == "1 of 0")
        let wide = try producer.topic("wide", batchBytesMax: 1 << 30)
        #expect(send(5_001, to: wide) == "5001 of 5000")
        producer.purge()
        try until("purged") {
            producer.poll(milliseconds: 20)
            return producer.outstandingCount == 0
        }
    }

    @Test(arguments: [(nil, "700"), (900, "700"), (600, "600"), (0, "1")] as [(Int?, String)])
    func batchesKeepToTheLeastBound(bytesMax: Int?, expected: String) {
        let configuration = ConfigurationHandle()
        _ = configuration.set("batch.size", "700")
        configuration.limitBatch(to: bytesMax)
        #expect(configuration.value(of: "batch.size") == expected)
    }

    /// Records that arrive together go in batches that the topic takes.
    @Test func aProducersBatchesAreAsShortAsItsTopicWants() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("batches", partitions: 1)
        let count = try batches(cluster.bootstrapServers, bytesMax: 1_000)
        #expect(count >= 10, "\(count) batches of 100 records of 100 bytes")
        #expect(try batches(cluster.bootstrapServers, bytesMax: nil) < 10)
    }

    /// How many produce requests 100 records of 100 bytes take.
    private func batches(_ brokers: String, bytesMax: Int?) throws -> Int {
        let properties = KafkaProperties(["linger.ms": "50", "debug": "msg"])
        let counter = BatchCounter()
        let producer = try KafkaProducer(
            brokers: brokers, properties: properties, batchBytesMax: bytesMax, onDelivery: { _ in },
            onLog: { counter.note($0.message) })
        let topic = try producer.topic("batches", batchBytesMax: bytesMax)
        for _ in 0..<100 {
            [UInt8](repeating: 1, count: 100).withUnsafeBytes {
                _ = producer.produce(to: topic, partition: 0, key: nil, value: $0, token: 0)
            }
        }
        try until("delivery of all") { producer.flush(milliseconds: 100) == 0 }
        return counter.count
    }
}

/// Counts the batches that librdkafka's debug log tells of; on its threads.
private final class BatchCounter: Sendable {
    private let batches = Atomic<Int>(0)

    var count: Int { batches.load(ordering: .relaxed) }

    func note(_ message: String) {
        if message.contains("Produce MessageSet") { batches.add(1, ordering: .relaxed) }
    }
}

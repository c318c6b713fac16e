import CRdkafka
import Testing

@testable import Kafka

@Suite struct KafkaStrayTests {
    /// Records reach the main queue only where librdkafka forwards a partition's queue against expectation: the test
    /// does so.
    @Test(arguments: [3, 1_000])
    func recordsThatComeByTheMainQueueAreTakenFirstAndInOrder(takeMax: Int) throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("stray", partitions: 2)
        let sender = try Sender(cluster.bootstrapServers, "stray")
        for index in 0..<20 { sender.send("\(index)", partition: Int32(index % 2)) }
        try sender.flush()
        let reader = try makeReader(cluster.bootstrapServers, "stray", from: [0, 0])
        reader.takeMax = takeMax
        let partition = reader.consumer.partitions[0]
        let mainQueue = rd_kafka_queue_get_consumer(reader.consumer.client.pointer)
        rd_kafka_queue_forward(partition.queue, mainQueue)
        try until("strays") {
            reader.consumer.wait(milliseconds: 20)
            try reader.consumer.poll(reader.recorder)
            return partition.strays.count >= 10
        }
        #expect(!reader.consumer.isAtEnd(partition))
        rd_kafka_queue_forward(partition.queue, nil)
        rd_kafka_queue_destroy(mainQueue)
        for index in 20..<40 { sender.send("\(index)", partition: Int32(index % 2)) }
        try sender.flush()
        try reader.read(40)
        #expect(reader.taken[0]?.map(\.offset) == Array(0..<20))
        #expect(reader.taken[1]?.map(\.offset) == Array(0..<20))
        #expect(reader.consumer.straysDropped == 0)
    }
}

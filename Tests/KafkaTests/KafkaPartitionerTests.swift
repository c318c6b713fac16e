import Kafka
import Testing

@Suite struct KafkaPartitionerTests {
    /// From the tests of Apache Kafka's Java client.
    @Test(
        arguments: [
            ("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971), ("abc", 479_470_107),
        ] as [(String, Int32)])
    func hashesAreJavas(key: String, hash: Int32) {
        Array(key.utf8).withUnsafeBytes { #expect(Int32(bitPattern: KafkaPartitioner.murmur2($0)) == hash) }
    }

    @Test func recordsGoWhereThePartitionerSays() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("keys", partitions: 7)
        let sender = try Sender(cluster.bootstrapServers, "keys")
        let keys = ["21", "foobar", "abc", "", "customer-1", "a", "ab"] + (0..<100).map { "key-\($0)" }
        for key in keys { sender.send("v", key: key) }
        try sender.flush()
        #expect(sender.delivered.count == keys.count)
        #expect(Set(sender.delivered.map(\.partition)).count == 7)
        for delivery in sender.delivered where !keys[Int(delivery.token)].isEmpty {
            let key = Array(keys[Int(delivery.token)].utf8)
            let partition = key.withUnsafeBytes { KafkaPartitioner.partition(of: $0, partitions: 7) }
            #expect(delivery.partition == partition, "\(keys[Int(delivery.token)])")
        }
    }
}

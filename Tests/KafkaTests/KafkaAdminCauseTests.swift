import Synchronization
import Testing

@testable import Kafka

/// Who asks a cluster that does not answer learns why.
@Suite struct KafkaAdminCauseTests {
    @Test func aBrokerThatIsDownIsNamed() throws {
        let cluster = try EmbeddedCluster()
        try cluster.takeDown(broker: 1)
        let address = cluster.bootstrapServers
        let warned = Mutex<[KafkaLogEntry]>([])
        let admin = try KafkaAdmin(brokers: address) { entry in
            if entry.level <= 3 { warned.withLock { $0.append(entry) } }
        }
        #expect { try admin.metadata(of: "t", milliseconds: 500) } throws: { error in
            guard let failure = error as? KafkaFailure else { return false }
            return failure.message.hasPrefix("\(address)/bootstrap: Connect to ") && failure.name == "_TRANSPORT"
                && failure.isRetriable && failure.topic == "t"
        }
        #expect { try admin.topics(milliseconds: 500) } throws: {
            ($0 as? KafkaFailure)?.message.contains("Connection refused") == true
        }
        // In time, and where errors of connections are not left to somebody else.
        let said = warned.withLock { $0 }
        #expect(said.contains { $0.facility == "connection" && $0.message.contains(address) }, "\(said)")
        #expect(!said.contains { $0.facility == "FAIL" })
    }

    /// The code is that of the connection, not that of the question.
    @Test func aBrokerWithoutTLSIsToldFromOneThatIsSilent() throws {
        let cluster = try EmbeddedCluster()
        let admin = try KafkaAdmin(
            brokers: cluster.bootstrapServers, properties: KafkaProperties(["security.protocol": "ssl"]))
        #expect { try admin.metadata(of: "t", milliseconds: 500) } throws: { error in
            guard let failure = error as? KafkaFailure else { return false }
            return failure.isRetriable && failure.message.contains("SSL_HANDSHAKE")
        }
    }

    /// What was wrong with a connection once is no answer to a question that got one.
    @Test func anAnswerIsAnAnswer() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("t", partitions: 2)
        try cluster.takeDown(broker: 1)
        let admin = try KafkaAdmin(
            brokers: cluster.bootstrapServers,
            properties: KafkaProperties(["reconnect.backoff.ms": "10", "reconnect.backoff.max.ms": "50"]))
        #expect(throws: KafkaFailure.self) { try admin.metadata(of: "t", milliseconds: 200) }
        try cluster.bringUp(broker: 1)
        #expect(try admin.metadata(of: "t", milliseconds: 10_000)?.partitions.count == 2)
    }
}

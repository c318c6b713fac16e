import Foundation
import Synchronization
import Testing

@testable import Kafka

@Suite struct KafkaStatisticsTests {
    private static func read(_ json: String) -> KafkaStatistics? { KafkaStatistics(json: Data(json.utf8)) }

    @Test func whatIsNamedIsRead() throws {
        let statistics = try #require(
            Self.read(
                """
                {"name":"riffle#producer-1","type":"producer","msg_cnt":7,"msg_size":700,"simple_cnt":0,"brokers":{
                  "127.0.0.1:1/2":{"nodeid":2,"nodename":"127.0.0.1:1","source":"learned","state":"UP","disconnects":3,
                    "txretries":4,"req_timeouts":5,"txerrs":6,"rxerrs":1,"rtt":{"p99":10},"toppars":{}},
                  "TxnCoordinator":{"nodeid":2,"nodename":"127.0.0.1:1","source":"logical","state":"DOWN"}},
                 "topics":{"a":{"partitions":{"0":{"consumer_lag":-1}}}}}
                """))
        #expect(statistics.queuedRecords == 7 && statistics.queuedBytes == 700)
        #expect(statistics.brokers.map(\.name) == ["127.0.0.1:1/2", "TxnCoordinator"])
        let broker = statistics.brokers[0]
        #expect(broker.nodeID == 2 && broker.isUp && !broker.isCoordinator)
        #expect([broker.disconnects, broker.retries, broker.timeouts, broker.errors] == [3, 4, 5, 7])
        #expect(statistics.brokers[1].isCoordinator && !statistics.brokers[1].isUp)
    }

    @Test(arguments: ["", "{", "[]", "7", "{\"brokers\":[]}", "{\"brokers\":{\"a\":1}}", "\u{0}"])
    func whatIsNoStatisticsIsRefused(json: String) {
        #expect(Self.read(json) == nil)
    }

    @Test(arguments: ["-5", "1e400", "\"x\"", "null", "1.5", "99999999999999999999999", "[1]", "{}"])
    func anOddNumberCostsOnlyItself(number: String) throws {
        // What no double holds, a parser may refuse as a whole.
        guard let statistics = Self.read("{\"msg_cnt\":\(number),\"msg_size\":3,\"brokers\":{}}") else {
            #expect(number == "1e400")
            return
        }
        #expect(statistics.queuedRecords == 0)
        #expect(statistics.queuedBytes == 3)
    }

    @Test func lengthAndBrokersAreBounded() throws {
        let brokers = (0..<1_500).map { "\"b\($0)\":{\"nodeid\":\($0)}" }.joined(separator: ",")
        #expect(Self.read("{\"brokers\":{\(brokers)}}")?.brokers.count == KafkaStatistics.brokersMax)
        var long = Data("{\"msg_cnt\":1}".utf8)
        long.append(Data(repeating: 0x20, count: KafkaStatistics.bytesMax))
        #expect(KafkaStatistics(json: long) == nil)
    }

    private final class Sink: KafkaStatisticsSink {
        let reports = Mutex<[Data]>([])
        var statisticsMilliseconds: Int? { 20 }
        func didReport(_ statistics: UnsafeRawBufferPointer) { reports.withLock { $0.append(Data(statistics)) } }
        func didThrottle(milliseconds: Int) {}
        var last: KafkaStatistics? { reports.withLock { $0.last }.flatMap { KafkaStatistics(json: $0) } }
    }

    @Test func librdkafkaReportsBothKindsOfClients() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("t", partitions: 1)
        let (sent, read) = (Sink(), Sink())
        let producer = try KafkaProducer(
            brokers: cluster.bootstrapServers, onDelivery: { _ in }, statistics: sent)
        try until("the producer knows its broker") {
            producer.poll(milliseconds: 20)
            return sent.last?.brokers.contains { $0.nodeID >= 0 && $0.isUp && !$0.isCoordinator } == true
        }
        let consumer = try KafkaConsumer(brokers: cluster.bootstrapServers, group: "g", statistics: read)
        try consumer.subscribe(["t"])
        let reader = Reader(consumer)
        try until("the consumer knows its coordinator") {
            try reader.turn()
            return read.last?.brokers.contains { $0.isCoordinator && $0.isUp && !$0.nodeName.isEmpty } == true
        }
        try consumer.close(reader.recorder)
    }

    /// 0 is librdkafka's own default: it cannot be told from what a user has set.
    @Test func theIntervalIsTheUsersIfThereIsOne() throws {
        let sink = Sink()
        for (own, expected) in [(nil, "20"), ("0", "20"), ("5000", "5000")] as [(String?, String)] {
            let properties = KafkaProperties(own.map { ["statistics.interval.ms": $0] } ?? [:])
            let configuration = try properties.makeConfiguration(brokers: "127.0.0.1:1", role: .producer)
            configuration.report(to: sink)
            #expect(configuration.value(of: "statistics.interval.ms") == expected)
        }
    }
}

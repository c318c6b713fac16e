import Synchronization
import Testing

@testable import Kafka

@Suite struct KafkaPropertiesTests {
    @Test func anUnknownNameIsAnsweredByLibrdkafkaWithASuggestion() throws {
        let problems = KafkaProperties(["lingr.ms": "5"]).check()
        let problem = try #require(problems.first)
        #expect(problems.count == 1)
        #expect(problem.kind == .unknown)
        #expect(problem.property == "lingr.ms")
        #expect(problem.message == "No such configuration property: \"lingr.ms\"")
        #expect(problem.suggestion == "did you mean \"linger.ms\"?")
    }

    @Test func allProblemsAreFoundAtOnceInOrderOfTheirNames() {
        let problems = KafkaProperties([
            "session.timeout.ms": "soon", "enable.auto.commit": "true", "nothing.like.it": "1", "linger.ms": "2",
        ]).check()
        #expect(problems.map(\.property) == ["enable.auto.commit", "nothing.like.it", "session.timeout.ms"])
        #expect(problems.map(\.kind) == [.owned, .unknown, .value])
        #expect(problems[1].suggestion == nil)
        #expect(problems[2].message.contains("session.timeout.ms"))
    }

    @Test(arguments: [
        "bootstrap.servers", "metadata.broker.list", "group.id", "enable.auto.commit", "enable.auto.offset.store",
        "auto.offset.reset", "enable.partition.eof", "enable.idempotence", "partitioner", "transactional.id",
        "test.mock.num.brokers", "group.protocol",
    ])
    func whatPromisesHangOnIsRefusedWithAReason(name: String) throws {
        let properties = KafkaProperties([name: "1"])
        let problem = try #require(properties.check().first)
        #expect(problem.kind == .owned)
        #expect(problem.message.count > 10)
        #expect(throws: KafkaFailure.self) { try KafkaConsumer(brokers: "", group: "g", properties: properties) }
    }

    @Test func cooperativeRebalancesAreRefusedAndOthersAreNot() {
        let name = "partition.assignment.strategy"
        #expect(KafkaProperties([name: "cooperative-sticky"]).check().map(\.kind) == [.owned])
        #expect(KafkaProperties([name: "roundrobin"]).check().isEmpty)
    }

    @Test func whatContradictsItselfIsFoundTogether() throws {
        // An idempotent producer may have at most five requests under way.
        let problem = try #require(KafkaProperties(["max.in.flight": "100"]).check().first)
        #expect(problem.kind == .combination)
        #expect(problem.message.contains("max.in.flight"))
    }

    @Test func secretsAreMaskedWhereverPropertiesArePrinted() {
        let secrets = [
            "sasl.password": "hunter2", "ssl.key.password": "hunter2", "sasl.oauthbearer.client.secret": "hunter2",
            "sasl.oauthbearer.config": "hunter2", "ssl.key.pem": "hunter2", "ssl.keystore.password": "hunter2",
        ]
        let properties = KafkaProperties(secrets.merging(["client.rack": "a1"]) { $1 })
        var dumped = ""
        dump(properties, to: &dumped)
        for text in ["\(properties)", String(reflecting: properties), dumped, "\([properties])"] {
            #expect(!text.contains("hunter2"))
            #expect(text.contains("a1"))
            for name in secrets.keys { #expect(text.contains(name)) }
        }
    }

    @Test func aSecretValueInLibrdkafkasAnswerIsMasked() throws {
        let problems = KafkaProperties(["ssl.key.pem": "hunter2", "sasl.oauthbearer.method": "hunter2"]).check()
        #expect(!problems.isEmpty)
        for problem in problems where problem.property == "ssl.key.pem" {
            #expect(!problem.message.contains("hunter2"))
        }
        #expect(KafkaProperties.shown("hunter2", of: "sasl.password") == "********")
        #expect(KafkaProperties.shown("5", of: "linger.ms") == "5")
    }

    @Test func theCatalogueIsLibrdkafkasOwn() {
        let catalogue = KafkaPropertyCatalogue.current
        #expect(catalogue.names.count > 120)
        #expect(catalogue.scope(of: "linger.ms") == .producer)
        #expect(catalogue.scope(of: "fetch.message.max.bytes") == .consumer)
        #expect(catalogue.scope(of: "sasl.password") == .both)
        #expect(catalogue.scope(of: "partitioner") == .producer)
        #expect(catalogue.scope(of: "max.partition.fetch.bytes") == .consumer)
        #expect(catalogue.scope(of: "rebalance_cb") == nil)
        #expect(Set(catalogue.names).count == catalogue.names.count)
    }

    @Test func eachClientGetsOnlyItsProperties() throws {
        let properties = KafkaProperties(["linger.ms": "7", "fetch.message.max.bytes": "65536", "client.rack": "a1"])
        let consumer = try properties.makeConfiguration(
            brokers: "localhost:1", role: .consumer(group: "g", prefetch: KafkaPrefetch()))
        let producer = try properties.makeConfiguration(brokers: "localhost:1", role: .producer)
        #expect(consumer.value(of: "fetch.message.max.bytes") == "65536")
        #expect(consumer.value(of: "linger.ms") != "7")
        #expect(producer.value(of: "linger.ms") == "7")
        #expect(producer.value(of: "fetch.message.max.bytes") != "65536")
        #expect(consumer.value(of: "client.rack") == "a1")
        #expect(producer.value(of: "client.rack") == "a1")
        #expect(consumer.value(of: "group.id") == "g")
    }

    @Test func makingClientsWarnsOfNoProperty() throws {
        let lines = Mutex<[KafkaLogEntry]>([])
        let sink: KafkaLogSink = { entry in lines.withLock { $0.append(entry) } }
        let properties = KafkaProperties(["linger.ms": "7", "fetch.message.max.bytes": "65536"])
        do {
            _ = try KafkaConsumer(brokers: "", group: "g", properties: properties, onLog: sink)
            _ = try KafkaProducer(brokers: "", properties: properties, onDelivery: { _ in }, onLog: sink)
            _ = try KafkaAdmin(brokers: "", properties: properties, onLog: sink)
        }
        let warnings = lines.withLock { $0 }.filter { $0.facility == "CONFWARN" && !$0.message.contains("bootstrap") }
        #expect(warnings.isEmpty, "\(warnings)")
    }

    @Test func thePrefetchIsSharedByThePartitions() {
        let one = KafkaPrefetch(bytesMax: 64 << 20, recordsMax: 100_000, partitions: 1)
        let eight = KafkaPrefetch(bytesMax: 64 << 20, recordsMax: 100_000, partitions: 8)
        #expect(one.kilobytesPerPartition == 65_536)
        #expect(eight.kilobytesPerPartition == 8_192)
        #expect(eight.recordsPerPartition == 12_500)
    }

    @Test func unknownCodesOfErrorsAreData() {
        for code: Int32 in [-100_000, 30_000, 12_345] {
            let failure = KafkaFailure(code: code)
            #expect(failure.code == code)
            #expect(!failure.message.isEmpty)
            #expect(!failure.isRetriable)
        }
        #expect(KafkaFailure(code: -195).isRetriable)
        #expect(KafkaFailure(code: -195).name == "_TRANSPORT")
    }
}

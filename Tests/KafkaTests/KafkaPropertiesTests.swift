import Foundation
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
        "test.mock.num.brokers", "group.protocol", "isolation.level", "group.instance.id",
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

    /// Without a callback for tokens, which Riffle has none of, librdkafka would try for ever.
    @Test(arguments: ["sasl.mechanisms", "sasl.mechanism"])
    func aTokenHasToComeFromSomewhere(name: String) throws {
        let bare = ["security.protocol": "SASL_SSL", name: "OAUTHBEARER"]
        let problems = KafkaProperties(bare).check()
        let problem = try #require(problems.first)
        #expect(problems.count == 1 && problem.kind == .combination && problem.property == name)
        #expect(problem.message.hasPrefix("OAUTHBEARER has nowhere to get a token from"))
        #expect(problem.suggestion?.hasPrefix("set \"sasl.oauthbearer.method: oidc\"") == true)
        #expect(!KafkaProperties(bare.merging(["sasl.oauthbearer.method": "default"]) { $1 }).check().isEmpty)
        #expect(KafkaProperties(bare.merging(["enable.sasl.oauthbearer.unsecure.jwt": "true"]) { $1 }).check().isEmpty)
        #expect(
            !KafkaProperties(bare.merging(["sasl.oauthbearer.method": "oidc"]) { $1 }).check()
                .contains { $0.message.hasPrefix("OAUTHBEARER") })
        let plain = ["sasl.mechanisms": "PLAIN", "sasl.username": "u", "sasl.password": "p"]
        #expect(KafkaProperties(plain).check().isEmpty)
    }

    @Test func aFileThatIsNotThereIsNamedByItsProperty() throws {
        let properties = ["ssl.ca.location": "/no/ca.pem", "ssl.key.location": "/no/key.pem"]
        let problems = KafkaProperties(properties.merging(["security.protocol": "sasl_ssl"]) { $1 }).check()
        #expect(problems.map(\.property) == ["ssl.ca.location", "ssl.key.location"])
        #expect(problems.allSatisfy { $0.message == "the file cannot be read: No such file or directory" })
        // Nothing reads them without TLS.
        #expect(KafkaProperties(properties.merging(["security.protocol": "sasl_plaintext"]) { $1 }).check().isEmpty)
        // One that is there and is no certificate: librdkafka's words, at its property.
        let file = FileManager.default.temporaryDirectory.appending(path: "riffle-\(UUID().uuidString).pem")
        try Data("no certificate".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let wrong = KafkaProperties(["ssl.ca.location": file.path, "security.protocol": "ssl"]).check()
        #expect(wrong.map(\.property) == ["ssl.ca.location"] && wrong.map(\.kind) == [.combination], "\(wrong)")
    }

    /// librdkafka would load or run them while the properties are checked.
    @Test(arguments: [
        ("plugin.library.paths", "/tmp/own.so"), ("ssl.engine.location", "/tmp/own.so"),
        ("sasl.kerberos.kinit.cmd", "touch /tmp/own"), ("sasl.kerberos.keytab", "x\"; touch /tmp/own; \""),
        ("sasl.kerberos.principal", "$(touch /tmp/own)"), ("sasl.kerberos.service.name", "a b"),
    ])
    func whatWouldRunAProgramIsRefused(name: String, value: String) throws {
        let problem = try #require(KafkaProperties([name: value]).check().first)
        #expect(problem.kind == .owned && problem.property == name)
        #expect(throws: KafkaFailure.self) {
            try KafkaConsumer(brokers: "", group: "g", properties: KafkaProperties([name: value]))
        }
        #expect(KafkaProperties.ownedReason(of: "sasl.kerberos.principal", value: "kafka/host.example@REALM") == nil)
    }

    @Test func hiddenValuesAreMaskedWhateverTheirNames() throws {
        let properties = KafkaProperties(["client.rack": "hunter2", "client.id": "riffle"], hidden: ["client.rack"])
        let printed = "\(properties.withDefaults(["acks": "1"])) \(String(reflecting: properties))"
        #expect(!printed.contains("hunter2") && printed.contains("client.id=riffle"))
        let wrong = KafkaProperties(["security.protocol": "hunter2"], hidden: ["security.protocol"]).check()
        #expect(wrong.map(\.kind) == [.value])
        #expect(!"\(wrong)".contains("hunter2"))
        let combined = KafkaProperties(
            ["ssl.ca.location": "/no/hunter2", "security.protocol": "ssl"], hidden: ["ssl.ca.location"])
        #expect(!combined.check().isEmpty && !"\(combined.check())".contains("hunter2"))
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

    @Test func aTransactionBoundsWhatWaitsInIt() throws {
        // 45 s unless the user says otherwise; without transactions nothing is bounded by it.
        let slow = KafkaProperties(["delivery.timeout.ms": "120000"])
        #expect(slow.check().isEmpty)
        let problem = try #require(slow.check(isTransactional: true).first)
        #expect(problem.kind == .value)
        #expect(problem.property == "delivery.timeout.ms")
        #expect(
            problem.message == """
                120000 is above "transaction.timeout.ms" (45000): a record cannot wait for longer than its transaction \
                is open
                """)
        #expect(throws: KafkaFailure.self) {
            try TransactionalProducer(brokers: "", transactionalID: "t", properties: slow, onDelivery: { _ in })
        }
        let tooLong = [("message.timeout.ms", "45001"), ("message.timeout.ms", "0"), ("socket.timeout.ms", "45001")]
        for (name, value) in tooLong {
            #expect(KafkaProperties([name: value]).check(isTransactional: true).map(\.property) == [name])
        }
        let matched = KafkaProperties([
            "transaction.timeout.ms": "60000", "delivery.timeout.ms": "60000", "socket.timeout.ms": "60000",
        ])
        #expect(matched.check(isTransactional: true).isEmpty)
        let producer = try TransactionalProducer(
            brokers: "", transactionalID: "t", properties: matched, onDelivery: { _ in })
        #expect(producer.timeoutMilliseconds == 60_000)
        for value in ["999", "900001"] {
            let problems = KafkaProperties(["transaction.timeout.ms": value]).check()
            #expect(problems.map(\.property) == ["transaction.timeout.ms"])
            #expect(problems.map(\.kind) == [.value])
        }
        #expect(throws: KafkaFailure.self) {
            try TransactionalProducer(brokers: "", transactionalID: "", onDelivery: { _ in })
        }
    }

    /// A broker that says nothing is given up well before the transaction is.
    @Test(arguments: [
        ("1000", nil, "900"), ("5000", nil, "4900"), ("900000", nil, "10000"), ("60000", "30000", "30000"),
    ])
    func aTransactionOutlastsABrokerThatSaysNothing(transaction: String, socket: String?, expected: String) throws {
        var values = ["transaction.timeout.ms": transaction]
        values["socket.timeout.ms"] = socket
        let properties = KafkaProperties(values)
        #expect(properties.check(isTransactional: true).isEmpty)
        let producer = try properties.makeConfiguration(brokers: "", role: .transactionalProducer(id: "t"))
        #expect(producer.value(of: "socket.timeout.ms") == expected)
        let plain = try properties.makeConfiguration(brokers: "", role: .producer)
        #expect(plain.value(of: "socket.timeout.ms") == socket ?? "60000")
    }

    /// The coordinator ends a dead instance's transaction up to 10 s after its time; what it holds is not told before.
    @Test(arguments: [(nil, 70_000, 70_000), ("1000", 26_000, 30_000), ("900000", 925_000, 925_000)])
    func whatIsUndecidedIsWaitedFor(timeout: String?, undecided: Int, committed: Int) throws {
        let properties = KafkaProperties(timeout.map { ["transaction.timeout.ms": $0] } ?? [:])
        #expect(properties.undecidedMillisecondsMax == undecided)
        #expect(properties.committedAnswerMilliseconds == committed)
        let consumer = try KafkaConsumer(brokers: "", group: "g", properties: properties)
        #expect(consumer.committedMilliseconds == committed)
    }

    @Test(arguments: [(nil, 90_000), ("86400000", 90_000), ("60000", 20_000), ("1", 1_000)])
    func leadersAreWaitedForWithinTheGroupsPatience(interval: String?, expected: Int) {
        let properties = KafkaProperties(interval.map { ["max.poll.interval.ms": $0] } ?? [:])
        #expect(properties.leaderAnswerMilliseconds == expected)
    }

    @Test func rolesSetWhatTheirPromisesNeed() throws {
        let none = KafkaProperties()
        let plain = try none.makeConfiguration(brokers: "", role: .producer)
        #expect(plain.value(of: "delivery.timeout.ms") == "300000")
        #expect(plain.value(of: "transactional.id") == nil || plain.value(of: "transactional.id") == "")
        let transactional = try none.makeConfiguration(brokers: "", role: .transactionalProducer(id: "mine"))
        #expect(transactional.value(of: "transactional.id") == "mine")
        #expect(transactional.value(of: "transaction.timeout.ms") == "45000")
        #expect(transactional.value(of: "socket.timeout.ms") == "10000")
        #expect(transactional.value(of: "partitioner") == "murmur2_random")
        let prefetch = KafkaPrefetch()
        let member = try none.makeConfiguration(
            brokers: "", role: .consumer(group: "g", instance: "one", prefetch: prefetch))
        #expect(member.value(of: "group.instance.id") == "one")
        #expect(member.value(of: "isolation.level") == "read_committed")
        let nameless = try none.makeConfiguration(brokers: "", role: .consumer(group: "g", prefetch: prefetch))
        #expect((nameless.value(of: "group.instance.id") ?? "").isEmpty)
    }

    @Test func waitsBetweenAttemptsEndWithTheTime() throws {
        var attempts = 0
        let clock = ContinuousClock.now
        #expect(throws: KafkaFailure.self) {
            try RetryPace.untilAnswered(milliseconds: 60) { left throws(KafkaFailure) in
                #expect(left >= 1 && left <= 60)
                attempts += 1
                throw KafkaFailure(code: -185)
            }
        }
        #expect(attempts > 1)
        #expect(clock.duration(to: .now) >= .milliseconds(59))
        // What waiting does not mend is thrown at once, and an answer ends it.
        attempts = 0
        #expect(throws: KafkaFailure.self) {
            try RetryPace.untilAnswered(milliseconds: 10_000) { _ throws(KafkaFailure) in
                attempts += 1
                throw KafkaFailure(code: 29)
            }
        }
        #expect(attempts == 1)
        let answer = try RetryPace.untilAnswered(milliseconds: 10_000) { _ throws(KafkaFailure) -> Int in
            attempts += 1
            guard attempts > 3 else { throw KafkaFailure(code: 6) }
            return attempts
        }
        #expect(answer == 4)
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

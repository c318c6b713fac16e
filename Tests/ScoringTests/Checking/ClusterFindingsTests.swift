import Configuration
import Diagnostics
import Foundation
import Kafka
import Testing

@testable import Scoring

/// What a cluster says against what a pipeline needs: facts in, problems out.
@Suite struct ClusterFindingsTests {
    private static let file = """
        pipeline: payments
        kafka: {brokers: "localhost:9092"}
        sources:
          payments:
            topic: payments
            key: card
            id: id
            time: {field: at, format: epoch-ms}
            fields: {id: int, card: string, shop: string, amount: float}
            late: {after: 1h}
            ahead: 1h
          labels:
            topic: labels
            key: shop
            time: {field: at, format: epoch-ms}
            available: {field: known_at, format: epoch-ms}
            fields: {id: int, shop: string, fraud: {type: bool, label: true}}
        features:
          - by: card
            over: [1d, 7d]
            aggregates: {spent: sum(amount), usual: mean(amount)}
          - by: shop
            over: 7d
            delay: 7d
            aggregates: {risk: mean(labels.fraud)}
        output: {topic: scores}
        dead_letter: {topic: letters}
        limits: {event_bytes: 128 KiB}
        """

    private static func assembly(_ text: String = file) throws -> PipelineAssembly {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("check-\(UUID().uuidString).yaml")
        defer { try? FileManager.default.removeItem(at: path) }
        try text.write(to: path, atomically: true, encoding: .utf8)
        let (assembly, file) = PipelineAssembly.load(path: path.path)
        return try #require(assembly, "\(file.rendered())")
    }

    private static let roles: [(String, TopicFacts.Role, Int)] = [
        ("payments", .source, 6), ("labels", .source, 2), ("scores", .scores, 6), ("letters", .deadLetters, 1),
        ("payments.order", .order, 1),
    ]

    /// A cluster that is as it should be, but for what is said of single topics.
    private static func facts(
        partitions: [String: Int] = [:], missing: Set<String> = [], configurations: [String: TopicConfiguration] = [:],
        names: [String] = [], failure: KafkaFailure? = nil, group: GroupFacts = GroupFacts(lag: 0)
    ) -> ClusterFacts {
        ClusterFacts(
            brokers: "localhost:9092",
            topics: roles.map { name, role, count in
                TopicFacts(
                    name: name, role: role, partitions: missing.contains(name) ? nil : partitions[name] ?? count,
                    configuration: configurations[name])
            }, names: roles.map(\.0).filter { !missing.contains($0) } + names, configurationFailure: failure,
            group: group)
    }

    private static func configuration(_ topic: String, _ entries: [String: String]) -> [String: TopicConfiguration] {
        [topic: TopicConfiguration(topic: topic, entries: entries)]
    }

    private static func problems(_ facts: ClusterFacts, of text: String = file) throws -> [Diagnostic] {
        ClusterFindings(try assembly(text), facts).problems
    }

    @Test func theTopicsAreThoseOfTheFile() throws {
        let topics = ClusterFacts.topics(of: try Self.assembly())
        #expect(topics.map(\.name) == Self.roles.map(\.0))
        #expect(topics.map(\.role) == Self.roles.map(\.1))
    }

    @Test func aClusterThatFitsHasNoProblem() throws {
        #expect(try Self.problems(Self.facts()).isEmpty)
        let usual = [
            "retention.ms": "-1", "retention.bytes": "-1", "cleanup.policy": "delete", "max.message.bytes": "1048588",
        ]
        let all = Dictionary(
            uniqueKeysWithValues: Self.roles.map { ($0.0, TopicConfiguration(topic: $0.0, entries: usual)) })
        #expect(try Self.problems(Self.facts(configurations: all)).isEmpty)
    }

    @Test func topicsThatAreNotThere() throws {
        let found = try Self.problems(
            Self.facts(missing: ["payments", "scores"], names: ["payment", "__paymnts"]))
        #expect(found.map(\.code) == ["missing-topic", "topic-to-make"])
        #expect(found.map(\.severity) == [.error, .warning])
        #expect(found[0].suggestion == "did you mean \"payment\"?")
        #expect(found[0].range?.start.line == 5 && found[1].range?.start.line == 26)
        #expect(found[1].message.contains("\"riffle run\" makes it"))
    }

    @Test func partitions() throws {
        let found = try Self.problems(Self.facts(partitions: ["scores": 3, "payments.order": 2]))
        #expect(found.map(\.code) == ["order-partitions", "partitions-differ"])
        #expect(found.map(\.severity) == [.error, .warning])
        #expect(found[1].message.contains("\"scores\" has 3 partitions and \"payments\" 6"))
    }

    /// A window of 7 days, an hour late, an hour ahead: 170 hours, to the millisecond.
    @Test(arguments: [
        ("payments", 170 * 3_600_000, []), ("payments", 170 * 3_600_000 - 1, ["spent_7d", "usual_7d"]),
        ("payments", 26 * 3_600_000 - 1, ["spent_1d", "usual_1d", "spent_7d", "usual_7d"]),
        // With the delay of 7 days, late by 10 minutes and ahead by an hour, as if nothing is written.
        ("labels", (14 * 24 + 1) * 3_600_000 + 600_000, []),
        ("labels", (14 * 24 + 1) * 3_600_000 + 599_999, ["risk_7d"]), ("labels", -1, []),
    ])
    func retention(topic: String, milliseconds: Int, lacking: [String]) throws {
        let found = try Self.problems(
            Self.facts(configurations: Self.configuration(topic, ["retention.ms": "\(milliseconds)"])))
        #expect(found.map(\.code) == (lacking.isEmpty ? [] : ["short-retention"]))
        guard let problem = found.first else { return }
        for name in ["spent_1d", "usual_1d", "spent_7d", "usual_7d", "risk_7d"] {
            #expect(problem.message.contains(name) == lacking.contains(name), "\(problem.message)")
        }
        let needed = topic == "payments" ? 170 * 3_600_000 : (14 * 24 + 1) * 3_600_000 + 600_000
        #expect(problem.suggestion?.hasPrefix("set retention.ms=\(needed) or more, or keep snapshots") == true)
        #expect(problem.notes.isEmpty)
    }

    @Test func windowsWithoutEndNeedTheWholeLogOrSnapshots() throws {
        let text = Self.file.replacingOccurrences(of: "over: [1d, 7d]", with: "over: all")
        let facts = Self.facts(
            configurations: Self.configuration(
                "payments", ["retention.ms": "604800000", "retention.bytes": "1073741824"]))
        let found = try Self.problems(facts, of: text)
        #expect(found.map(\.code) == ["short-retention"])
        #expect(found.first?.message.contains("spent_all, usual_all depend on all events") == true)
        #expect(found.first?.notes.first?.message.hasPrefix("retention.bytes") == true)
        #expect(try Self.problems(facts, of: text + "\nstate: {directory: state/}").isEmpty)
    }

    @Test func retentionThatNoNumberHolds() throws {
        let most = "\(Int64.max)"
        #expect(
            try Self.problems(
                Self.facts(configurations: Self.configuration("payments", ["retention.ms": most]))
            ).isEmpty)
        for odd in ["", "seven days", "99999999999999999999"] {
            #expect(
                try Self.problems(
                    Self.facts(configurations: Self.configuration("payments", ["retention.ms": odd]))
                ).isEmpty)
        }
    }

    @Test(
        arguments: ["payments", "scores", "letters", "payments.order"],
        ["compact", "compact,delete", "delete, compact"])
    func compaction(topic: String, policy: String) throws {
        let found = try Self.problems(
            Self.facts(configurations: Self.configuration(topic, ["cleanup.policy": policy])))
        #expect(found.map(\.code) == ["compacted-topic"])
        #expect(found.first?.message.contains(topic) == true)
    }

    @Test func lettersThatAreTooSmall() throws {
        for (bytes, isSmall) in [(128 * 1024 + 4_096, false), (128 * 1024 + 4_095, true)] {
            let found = try Self.problems(
                Self.facts(configurations: Self.configuration("letters", ["max.message.bytes": "\(bytes)"])))
            #expect(found.map(\.code) == (isSmall ? ["small-dead-letters"] : []))
        }
    }

    @Test func whatIsNotTold() throws {
        let denied = KafkaFailure(code: 29)
        var found = try Self.problems(
            Self.facts(configurations: ["payments": TopicConfiguration(topic: "payments", failure: denied)]))
        #expect(found.map(\.code) == ["unknown-retention"])
        #expect(found.first?.message.contains("TOPIC_AUTHORIZATION_FAILED") == true)
        found = try Self.problems(Self.facts(failure: denied, group: GroupFacts(failure: KafkaFailure(code: 30))))
        #expect(found.map(\.code) == ["unknown-retention", "unknown-group"])
        #expect(found.allSatisfy { $0.severity == .warning })
    }

    @Test func nobodyAnswers() throws {
        let problem = ClusterFindings.unreachable(KafkaFailure(code: -195), of: try Self.assembly())
        #expect(problem.code == "cluster-unreachable" && problem.severity == .error)
        #expect(problem.range?.start.line == 2)
    }

    /// With the cases above every code is given.
    @Test func everyCodeIsKnown() {
        let codes = Set(DiagnosticCatalogue.cluster.map(\.code))
        #expect(
            codes == [
                "cluster-unreachable", "missing-topic", "topic-to-make", "order-partitions", "partitions-differ",
                "short-retention", "compacted-topic", "small-dead-letters", "unknown-retention", "unknown-group",
            ])
    }
}

/// The questions, to a cluster in this process.
@Suite struct ClusterAskingTests {
    @Test func whatAClusterTells() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("payments", partitions: 3)
        try cluster.createTopic("scorse", partitions: 3)
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("ask-\(UUID().uuidString).yaml")
        defer { try? FileManager.default.removeItem(at: path) }
        try """
        pipeline: payments
        kafka: {brokers: "localhost:9092"}
        sources:
          payments: {topic: payments, key: card, id: card, time: record, fields: {card: string}}
        features: [{by: card, over: 1d, aggregates: {count: count()}}]
        output: {topic: scores}
        dead_letter: {topic: letters}
        """.write(to: path, atomically: true, encoding: .utf8)
        let assembly = try #require(PipelineAssembly.load(path: path.path).assembly)
        let facts = try ClusterFacts(of: assembly, brokers: cluster.bootstrapServers)
        #expect(facts.topics.map(\.partitions) == [3, nil, nil])
        #expect(facts.names.contains("scorse"))
        let found = ClusterFindings(assembly, facts).problems
        let made = found.filter { $0.code == "topic-to-make" }
        #expect(made.map(\.range?.start.line) == [6, 7])
        #expect(made.first?.suggestion == "did you mean \"scorse\"?")
        #expect(!found.hasErrors)
        // The embedded cluster knows no such request; that is said, and is no reason to fail.
        #expect(facts.configurationFailure != nil || facts.topics[0].configuration.failure != nil)
        #expect(found.contains { $0.code == "unknown-retention" })
    }
}

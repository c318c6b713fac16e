import Configuration
import Engine
public import Kafka

extension ClusterFacts {
    /// How long the first answer may take; it is the one that a cluster that is not there does not give.
    public static let answerMilliseconds = 10_000
    private static let otherMilliseconds = 5_000

    /// Asks a cluster about a pipeline's topics and group. Changes nothing there; blocks for some 30 s at most.
    ///
    /// - Throws: where no broker answers, or none whom the user may ask.
    public init(of assembly: PipelineAssembly, brokers: String) throws(KafkaFailure) {
        let admin = try KafkaAdmin(brokers: brokers, properties: assembly.properties)
        let found = try admin.topics(milliseconds: Self.answerMilliseconds)
        let partitions = Dictionary(
            found.map { ($0.name, $0.partitions.count) }, uniquingKeysWith: { first, _ in first })
        let wanted = Self.topics(of: assembly)
        let there = wanted.map(\.name).filter { partitions[$0] != nil }
        var configurations: [String: TopicConfiguration] = [:]
        var failure: KafkaFailure?
        do throws(KafkaFailure) {
            let answers = try admin.topicConfigurations(of: there, milliseconds: Self.otherMilliseconds)
            for answer in answers { configurations[answer.topic] = answer }
        } catch {
            failure = error
        }
        self.init(
            brokers: brokers,
            topics: wanted.map {
                TopicFacts(
                    name: $0.name, role: $0.role, partitions: partitions[$0.name],
                    configuration: configurations[$0.name])
            },
            names: found.map(\.name).sorted(), configurationFailure: failure,
            group: Self.group(of: assembly, partitions, admin))
    }

    /// What the pipeline reads and writes.
    static func topics(of assembly: PipelineAssembly) -> [(name: String, role: TopicFacts.Role)] {
        let spec = assembly.spec
        var topics = spec.sources.map { (name: $0.topic.value, role: TopicFacts.Role.source) }
        topics += [(spec.output.topic.value, .scores), (spec.deadLetter.topic.value, .deadLetters)]
        if assembly.scoring.hasState, let order = assembly.plan.orderTopic { topics.append((order, .order)) }
        if let monitor = spec.monitor { topics.append((monitor.topic.value, .alerts)) }
        return topics
    }

    private static func group(
        of assembly: PipelineAssembly, _ counts: [String: Int], _ admin: KafkaAdmin
    ) -> GroupFacts {
        let partitions = assembly.spec.sources.flatMap { source in
            (0..<(counts[source.topic.value] ?? 0)).map {
                TopicPartition(topic: source.topic.value, partition: Int32(clamping: $0))
            }
        }
        if partitions.isEmpty { return GroupFacts() }
        do throws(KafkaFailure) {
            let committed = try admin.committedOffsets(
                group: assembly.spec.kafka.group, of: partitions, milliseconds: otherMilliseconds)
            var lag: Int64?
            for (partition, offset) in zip(partitions, committed) {
                guard let offset else { continue }
                let end = try admin.watermarks(
                    topic: partition.topic, partition: partition.partition, milliseconds: otherMilliseconds)
                lag = (lag ?? 0) + max(0, end.high - offset)
            }
            return GroupFacts(lag: lag)
        } catch {
            return GroupFacts(failure: error)
        }
    }
}

import Kafka
import Logging

/// How much the output topics take, as far as the brokers tell: what is too large is found before it is produced.
struct TopicBounds: Hashable {
    /// `max.message.bytes` by topic; a topic that is not in it has the producer's bound alone.
    let batchBytesMax: [String: Int]

    /// No wish of a start is worth more: the producer's own bound serves as well in nearly all cases.
    private static let milliseconds = 5_000

    init(batchBytesMax: [String: Int] = [:]) { self.batchBytesMax = batchBytesMax }

    /// Keeps what is known, and logs what is not and why.
    init(_ configurations: [TopicConfiguration], logger: Logger) {
        var bounds: [String: Int] = [:]
        for configuration in configurations {
            if let bytes = configuration.batchBytesMax {
                bounds[configuration.topic] = bytes
            } else {
                Self.log(configuration.topic, configuration.failure.map { "\($0)" } ?? "it is not told", logger)
            }
        }
        batchBytesMax = bounds
    }

    /// Asks the brokers; blocks. Without an answer nothing is known: a pipeline starts without the right to ask.
    init(of topics: OutputTopics, brokers: String, properties: KafkaProperties, logger: Logger) throws {
        let admin = try KafkaAdmin(brokers: brokers, properties: properties, onLog: kafkaLogSink(logger))
        let names = Set([topics.scores, topics.deadLetters] + (topics.order.map { [$0] } ?? [])).sorted()
        do {
            self.init(try admin.topicConfigurations(of: names, milliseconds: Self.milliseconds), logger: logger)
        } catch {
            Self.log(names.joined(separator: ", "), "\(error)", logger)
            self.init()
        }
    }

    /// The least of them; batches of one producer keep to it, whichever topic they are for.
    var least: Int? { batchBytesMax.values.min() }

    private static func log(_ topic: String, _ reason: String, _ logger: Logger) {
        logger.info(
            "how much a topic takes is not known; message.max.bytes alone bounds records",
            metadata: ["topic": "\(topic)", "reason": "\(reason)"])
    }
}

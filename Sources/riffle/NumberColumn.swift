import ArgumentParser
import Configuration
import Events
import Kafka
import Monitoring
import Scoring

/// Where numbers stand in a file or in the records of a topic.
struct NumberColumn: ParsableArguments {
    @Option(help: ArgumentHelp("The column of a table, or the member of JSON lines: a.b is b in a.", valueName: "name"))
    var column: String?

    @Flag(help: "Pass over missing values: empty cells, null and nan.")
    var skipMissing = false

    private static let topicPrefix = "topic:"

    func reader(of path: String) throws -> NumberReader {
        let source = try FileByteSource(path: path)
        return try NumberReader(source, name: source.name, column: column, skipsMissing: skipMissing)
    }

    /// The piece of a topic that an argument names; `nil`: it is a path.
    static func topic(_ argument: String) throws -> TopicRange? {
        guard argument.hasPrefix(topicPrefix) else { return nil }
        do {
            return try TopicRange(String(argument.dropFirst(topicPrefix.count))) { text in
                CommandTime(argument: text).map { $0.time.microseconds / 1_000 }
            }
        } catch { throw ValidationError("\(error)") }
    }

    func numbers(of argument: String, _ access: TopicAccess) throws -> SampleComparison.Numbers {
        if let range = try Self.topic(argument) {
            var topic = TopicNumbers(range, column: column, skipsMissing: skipMissing, access: try access.resolved())
            let numbers = try topic.read(countMax: SampleComparison.numbersMax)
            for note in topic.notes { Terminal.printError("note: \(note)") }
            return numbers
        }
        let reader = try reader(of: argument)
        let values = try reader.rest(countMax: SampleComparison.numbersMax)
        return SampleComparison.Numbers(name: argument, values: values, missing: reader.missingCount)
    }
}

/// How the cluster of a topic is reached.
struct TopicAccess: ParsableArguments {
    @Option(help: ArgumentHelp("The cluster of topics.", valueName: "host:port"))
    var brokers: String?

    @Option(help: ArgumentHelp("A pipeline file whose cluster and properties are used.", valueName: "file"))
    var pipeline: String?

    /// - Throws: `NumberFailure`, where nothing says where the cluster is, and what ends a command for a pipeline file
    ///   with errors.
    func resolved() throws -> TopicNumbers.Access {
        // What keeps brokers from being reached is said while it does, not only when patience ends.
        let onLog: KafkaLogSink = { entry in
            if entry.level <= 4 { Terminal.printError("kafka: \(entry.message)") }
        }
        guard let pipeline else {
            return TopicNumbers.Access(brokers: brokers ?? "", onLog: onLog)
        }
        let assembly = try PipelineLoading.load(pipeline)
        let group = assembly.spec.kafka.group
        if let brokers {
            return TopicNumbers.Access(brokers: brokers, group: group, properties: assembly.properties, onLog: onLog)
        }
        guard case .addresses(let addresses) = assembly.spec.kafka.brokers.value else {
            throw NumberFailure(
                "\(pipeline) has \"brokers: embedded\": that cluster lives inside \"riffle run\" or \"riffle demo\", which "
                    + "print its address; give it with --brokers")
        }
        return TopicNumbers.Access(brokers: addresses, group: group, properties: assembly.properties, onLog: onLog)
    }
}

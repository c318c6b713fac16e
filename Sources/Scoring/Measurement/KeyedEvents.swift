import Configuration
import Engine
import Events
import Kafka
import Logging
import Synchronization

/// Events of one source in memory, each with the key that its record gets.
public struct KeyedEvents: Sendable {
    /// The place of their source among the plan's; 0 is the one that is scored.
    public let source: Int
    private let lines: [UInt8]
    private var values: [Range<Int>] = []
    private var keys: [UInt8] = []
    /// Where each event's key ends in `keys`; -1 for one that has none.
    private var keyEnds: [Int] = []

    public var count: Int { values.count }
    public var valueBytes: Int { values.reduce(0) { $0 + $1.count } }
    private static let recordBytesMax = 1 << 20

    /// Cuts newline-delimited JSON into events and reads the source's key of each; one that cannot be read has no key.
    ///
    /// - Throws: `RunFailure` where the source has no `key:`.
    public init(lines: [UInt8], source: Int = 0, of assembly: PipelineAssembly) throws {
        let plan = assembly.scoring
        guard let key = plan.sources[source].key.map({ plan.sources[source].column(of: $0) }) else {
            throw RunFailure("source \"\(plan.sources[source].name)\" has no \"key:\" to publish by")
        }
        self.source = source
        self.lines = lines
        let decoder = JSONEventDecoder(source: source, of: plan.sources, limits: plan.decodeLimits)
        let batch = plan.makeBatch(capacity: 1)
        var splitter = LineSplitter(recordBytesMax: Self.recordBytesMax)
        lines.withUnsafeBytes { bytes in
            var place = 0
            while let range = splitter.next(in: bytes, from: &place, atEnd: true) {
                if range.isEmpty { continue }
                batch.removeAll()
                decoder.decode(
                    value: UnsafeRawBufferPointer(rebasing: bytes[range]), recordTime: .min, offset: 0, lane: 0,
                    into: batch)
                let hasKey = batch.faults[0].code == .none
                if hasKey { keys.append(contentsOf: batch.string(key, row: 0)) }
                keyEnds.append(hasKey ? keys.count : -1)
                values.append(range)
            }
        }
    }

    /// Reads a file for each source that has one, or makes events as `PhaseBench` does, with their labels where those
    /// have a source: the scored source's events first.
    ///
    /// - Parameters:
    ///   - inputs: `FILE` or `SOURCE=FILE` as in a replay; none: events are made.
    ///   - eventsMax: of the scored source; of the others all are taken.
    /// - Throws: `ReplayFailure`, and `RunFailure` where a source has no `key:`.
    public static func all(
        _ assembly: PipelineAssembly, inputs: [String], eventsMax: Int? = nil
    ) throws -> [KeyedEvents] {
        if inputs.isEmpty {
            let count = min(eventsMax ?? .max, PhaseBenchOptions.eventsGenerated)
            let made = try PhaseBench.generate(count, for: assembly)
            let events = try KeyedEvents(lines: made.events, of: assembly)
            guard GeneratedFields.hasLabelSource(assembly) else { return [events] }
            return [events, try KeyedEvents(lines: made.labels, source: 1, of: assembly)]
        }
        var all: [KeyedEvents] = []
        for input in inputs {
            let (source, path) = try ReplayFiles.split(input, assembly.scoring)
            if all.contains(where: { $0.source == source }) {
                let name = assembly.scoring.sources[source].name
                throw ReplayFailure(.usage, "--input \(input): source \"\(name)\" has a file")
            }
            let most = source == 0 ? eventsMax ?? .max : .max
            var events = try KeyedEvents(
                lines: PhaseBench.read(path, eventsMax: most), source: source, of: assembly)
            events.values.removeLast(max(0, events.values.count - most))
            events.keyEnds.removeLast(max(0, events.keyEnds.count - most))
            all.append(events)
        }
        all.sort { $0.source < $1.source }
        guard all[0].source == 0 else {
            let name = assembly.scoring.sources[0].name
            throw ReplayFailure(.usage, "no --input for source \"\(name)\", which is scored")
        }
        return all
    }

    /// Calls `body` with each event in order.
    func forEach(
        _ body: (_ key: UnsafeRawBufferPointer?, _ value: UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        try lines.withUnsafeBytes { lines in
            try keys.withUnsafeBytes { keys in
                var keyStart = 0
                for (value, end) in zip(values, keyEnds) {
                    let key = end < 0 ? nil : UnsafeRawBufferPointer(rebasing: keys[keyStart..<end])
                    if end >= 0 { keyStart = end }
                    try body(key, UnsafeRawBufferPointer(rebasing: lines[value]))
                }
            }
        }
    }

    /// Publishes all of them to their source's topic and waits until they are there.
    ///
    /// - Parameter partitions: what the embedded cluster has made; it keeps about 5 MiB in each, and losing any of
    ///   them is a failure.
    func publish(
        of assembly: PipelineAssembly, partitions: Int, brokers: String, properties: KafkaProperties, logger: Logger
    ) throws {
        let topicName = assembly.scoring.sources[source].topic
        let failures = Atomic<Int>(0)
        let producer = try KafkaProducer(
            brokers: brokers, properties: properties,
            onDelivery: { if !$0.isDelivered { failures.add(1, ordering: .relaxed) } }, onLog: kafkaLogSink(logger))
        let topic = try producer.topic(topicName)
        var published = 0
        try forEach { key, value in
            var outcome = ProduceOutcome.queueFull
            while case .queueFull = outcome {
                outcome = producer.produce(to: topic, key: key, value: value, token: 0)
                if case .queueFull = outcome { _ = producer.poll(milliseconds: 5) }
            }
            if case .failed(let failure) = outcome { throw failure }
            published += 1
            if published % 256 == 0 { _ = producer.poll(milliseconds: 0) }
        }
        guard producer.flush(milliseconds: 60_000) == 0, failures.load(ordering: .relaxed) == 0 else {
            throw RunFailure("events could not be published to the embedded cluster")
        }
        let admin = try KafkaAdmin(brokers: brokers)
        for partition in 0..<Int32(partitions)
        where try admin.watermarks(topic: topicName, partition: partition, milliseconds: 10_000).low > 0 {
            throw RunFailure(
                "the file is too large for the embedded cluster, which keeps about 5 MiB a partition; take fewer events"
            )
        }
    }
}

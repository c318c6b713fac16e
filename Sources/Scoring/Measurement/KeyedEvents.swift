import Configuration
import Engine
import Events
import Kafka
import Logging
import Synchronization

/// Events in memory, each with the key that its record gets.
public struct KeyedEvents: Sendable {
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
    public init(lines: [UInt8], of assembly: PipelineAssembly) throws {
        guard let key = assembly.spec.sources[0].key?.index else {
            throw RunFailure("the source has no \"key:\" to publish by")
        }
        self.lines = lines
        let decoder = JSONEventDecoder(schema: assembly.scoring.schema, limits: assembly.scoring.decodeLimits)
        let batch = EventBatch(schema: assembly.scoring.schema, capacity: 1)
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

    /// Reads or makes events as `PhaseBench` does.
    public init(_ assembly: PipelineAssembly, _ options: PhaseBenchOptions) throws {
        let most = options.eventsMax ?? .max
        if let input = options.input {
            try self.init(lines: PhaseBench.read(input, eventsMax: most), of: assembly)
        } else {
            try self.init(
                lines: PhaseBench.generate(min(most, PhaseBenchOptions.eventsGenerated), for: assembly), of: assembly)
        }
        values.removeLast(max(0, values.count - most))
        keyEnds.removeLast(max(0, keyEnds.count - most))
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

    /// Publishes all of them to a topic and waits until they are there.
    ///
    /// - Parameter partitions: what the embedded cluster has made; it keeps about 5 MiB in each, and losing any of
    ///   them is a failure.
    func publish(
        to topicName: String, partitions: Int, brokers: String, properties: KafkaProperties, logger: Logger
    ) throws {
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

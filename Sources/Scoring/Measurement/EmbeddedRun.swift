import Configuration
public import Engine
import Events
import Foundation
import Kafka
public import Logging
import Synchronization
import Workers

/// A file of events through Kafka and back: published whole to an embedded cluster, then scored by `RunService`,
/// scores collected.
///
/// Shows that a run gives what a replay gives, and how fast from a backlog. The cluster keeps about 5 MiB a
/// partition, so events are published compressed (some eight times smaller), and the run waits where the collector
/// falls behind.
public struct EmbeddedRun: Sendable {
    public struct Result: Sendable {
        public var summary: StreamSummary
        public var published: Int
        /// From the first batch scored to the last score collected.
        public var seconds: Double
        /// CPU seconds of the whole process in that time: cluster, pipeline and collector.
        public var cpuSeconds: Double
    }

    let assembly: PipelineAssembly
    let options: RunOptions
    let logger: Logger
    private static let compression = ["compression.codec": "zstd"]
    /// Scores between the run and the collector.
    static let aheadScoresMax = 20_000

    public init(assembly: PipelineAssembly, options: RunOptions, logger: Logger) {
        self.assembly = assembly
        self.options = options
        self.logger = logger
    }

    /// Publishes the lines of `input` (newline-delimited JSON), keyed by the source's key; then scores them and hands
    /// every score to `collect`, on one thread.
    public func run(
        input: [UInt8], cpuSeconds: @escaping @Sendable () -> Double,
        collect: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
    ) throws -> Result {
        let choice = try BrokerChoice(assembly, options: options, logger: logger)
        defer { withExtendedLifetime(choice) {} }
        let published = try publish(input, to: choice.address)
        var runOptions = options
        runOptions.untilEnd = true
        runOptions.propertyDefaults = Self.compression.merging(BrokerChoice.embeddedDefaults) { own, _ in own }
        let throttle = CollectorThrottle(aheadMax: Self.aheadScoresMax, clock: MonotonicClock(), cpuSeconds: cpuSeconds)
        let collecting = try startCollector(brokers: choice.address, throttle: throttle, collect: collect)
        let service = RunService(
            assembly: assembly, brokers: choice.address, options: runOptions, logger: logger, observer: throttle)
        let summary: StreamSummary
        do {
            summary = try service.run()
        } catch {
            throttle.expect(0)
            collecting.join()
            throw error
        }
        throttle.expect(Int(summary.scored))
        collecting.join()
        guard throttle.collected == Int(summary.scored) else {
            throw RunFailure("\(throttle.collected) of \(summary.scored) scores arrived")
        }
        return Result(
            summary: summary, published: published, seconds: throttle.seconds, cpuSeconds: throttle.cpuSecondsUsed)
    }

    private func startCollector(
        brokers: String, throttle: CollectorThrottle, collect: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
    ) throws -> ServiceThread {
        let topic = assembly.spec.output.topic.value
        let partitions = options.embeddedPartitions
        let logger = logger
        return ServiceThread(name: "collector") {
            do {
                let collector = try ScoreCollector(
                    brokers: brokers, topic: topic, partitions: partitions, collect: collect)
                while !throttle.isComplete {
                    throttle.add(collector.collectMore(milliseconds: 50))
                    if let failure = collector.failure { throw failure }
                }
                collector.close()
            } catch {
                logger.error("the collector failed", metadata: ["reason": "\(error)"])
                throttle.giveUp()
            }
        }
    }

    private func publish(_ input: [UInt8], to brokers: String) throws -> Int {
        guard let key = assembly.spec.sources[0].key?.index else {
            throw RunFailure("the source has no \"key:\" to publish by")
        }
        let name = assembly.spec.sources[0].topic.value
        let failures = Atomic<Int>(0)
        let producer = try KafkaProducer(
            brokers: brokers, properties: assembly.properties.withDefaults(Self.compression),
            onDelivery: { if !$0.isDelivered { failures.add(1, ordering: .relaxed) } }, onLog: kafkaLogSink(logger))
        let topic = try producer.topic(name)
        let decoder = JSONEventDecoder(schema: assembly.scoring.schema, limits: assembly.scoring.decodeLimits)
        let batch = EventBatch(schema: assembly.scoring.schema, capacity: 1)
        var splitter = LineSplitter(recordBytesMax: 1 << 20)
        var published = 0
        try input.withUnsafeBytes { bytes in
            var place = 0
            while let range = splitter.next(in: bytes, from: &place, atEnd: true) {
                if range.isEmpty { continue }
                let value = UnsafeRawBufferPointer(rebasing: bytes[range])
                batch.removeAll()
                decoder.decode(value: value, recordTime: .min, offset: 0, lane: 0, into: batch)
                let hasKey = batch.faults[0].code == .none
                var outcome = ProduceOutcome.queueFull
                while case .queueFull = outcome {
                    outcome = producer.produce(
                        to: topic, key: hasKey ? UnsafeRawBufferPointer(batch.string(key, row: 0)) : nil, value: value,
                        token: 0)
                    if case .queueFull = outcome { _ = producer.poll(milliseconds: 5) }
                }
                if case .failed(let failure) = outcome { throw failure }
                published += 1
                if published % 256 == 0 { _ = producer.poll(milliseconds: 0) }
            }
        }
        guard producer.flush(milliseconds: 60_000) == 0, failures.load(ordering: .relaxed) == 0 else {
            throw RunFailure("events could not be published to the embedded cluster")
        }
        let admin = try KafkaAdmin(brokers: brokers)
        for partition in 0..<Int32(options.embeddedPartitions)
        where try admin.watermarks(topic: name, partition: partition, milliseconds: 10_000).low > 0 {
            throw RunFailure(
                "the file is too large for the embedded cluster, which keeps about 5 MiB a partition; take fewer events"
            )
        }
        return published
    }
}

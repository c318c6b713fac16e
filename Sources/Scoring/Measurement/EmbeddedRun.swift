import Configuration
public import Engine
import Kafka
public import Logging
import Workers

/// Files of events through Kafka and back: published whole to an embedded cluster, then scored by `RunService`,
/// scores collected.
///
/// Shows that a run gives what a replay gives, and how fast from a backlog. The cluster keeps about 5 MiB a
/// partition, so events are published compressed (some eight times smaller), and the run waits where the collector
/// falls behind.
public struct EmbeddedRun: Sendable {
    public struct Result: Sendable {
        public var summary: StreamSummary
        /// Events of the scored source.
        public var published: Int
        /// From the first batch scored to the last score collected.
        public var seconds: Double
        /// CPU seconds of the whole process in that time: cluster, pipeline and collector.
        public var cpuSeconds: Double
    }

    let assembly: PipelineAssembly
    let options: RunOptions
    let logger: Logger
    static let compression = ["compression.codec": "zstd"]
    /// Scores between the run and the collector.
    static let aheadScoresMax = 20_000

    public init(assembly: PipelineAssembly, options: RunOptions, logger: Logger) {
        self.assembly = assembly
        self.options = options
        self.logger = logger
    }

    /// Publishes `events`, those of the scored source first among them, then scores them and hands every score to
    /// `collect`, on one thread.
    public func run(
        _ events: [KeyedEvents], cpuSeconds: @escaping @Sendable () -> Double,
        collect: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
    ) throws -> Result {
        let choice = try BrokerChoice(assembly, options: options, logger: logger)
        defer { withExtendedLifetime(choice) {} }
        for events in events {
            try events.publish(
                of: assembly, partitions: options.embeddedPartitions, brokers: choice.address,
                properties: assembly.properties.withDefaults(Self.compression), logger: logger)
        }
        var runOptions = options
        // A measurement leaves nothing behind.
        runOptions.keepsNoState = true
        runOptions.untilEnd = true
        runOptions.propertyDefaults.merge(Self.compression) { own, _ in own }
        runOptions.propertyDefaults.merge(BrokerChoice.embeddedDefaults) { own, _ in own }
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
            summary: summary, published: events[0].count, seconds: throttle.seconds, cpuSeconds: throttle.cpuSecondsUsed
        )
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
}

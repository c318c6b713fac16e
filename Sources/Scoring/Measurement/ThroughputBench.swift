import Configuration
import Engine
import Kafka
public import Logging
import Workers

/// Kafka to Kafka from a backlog: a program that only copies, and Riffle, in turn, each in a process of its own against
/// a fresh embedded cluster in this one.
///
/// Time and CPU are taken from the first records on the output topic to the last, so that starting and joining a group
/// are not in them. Nothing reads the output.
public struct ThroughputBench: Sendable {
    /// One program's run.
    public struct Run: Hashable, Sendable {
        public let eventsPerSecond: Double
        public let cpuSecondsPerMillion: Double
        public let seconds: Double
    }

    /// The copier and Riffle, one after the other.
    public struct Round: Hashable, Sendable {
        public let copier: Run
        public let riffle: Run
        /// Of Riffle's rate to the copier's.
        public var ratio: Double { riffle.eventsPerSecond / copier.eventsPerSecond }
    }

    private let assembly: PipelineAssembly
    private let pipelinePath: String
    private let partitions: Int
    /// Of the scored source, and those of others that are published beside them.
    private let events: KeyedEvents
    private let others: [KeyedEvents]
    private let logger: Logger
    private let clock = MonotonicClock()
    private static let pollMilliseconds = 2
    private static let silenceNanoseconds: Int64 = 60_000_000_000

    /// - Parameter events: the scored source's first.
    public init(
        assembly: PipelineAssembly, pipelinePath: String, partitions: Int, events: [KeyedEvents], logger: Logger
    ) {
        self.assembly = assembly
        self.pipelinePath = pipelinePath
        self.partitions = partitions
        self.events = events[0]
        others = Array(events.dropFirst())
        self.logger = logger
    }

    /// One round; blocks. Who begins alternates with `number`, so that a machine that grows slower or faster favours
    /// neither.
    public func round(
        _ number: Int, copier: BenchSubject, riffle: BenchSubject, properties: [String: String]
    ) throws -> Round {
        if number % 2 == 1 {
            let riffle = try run(riffle, properties: properties)
            return Round(copier: try run(copier, properties: properties), riffle: riffle)
        }
        let copier = try run(copier, properties: properties)
        return Round(copier: copier, riffle: try run(riffle, properties: properties))
    }

    /// One program over the whole backlog.
    public func run(_ subject: BenchSubject, properties: [String: String]) throws -> Run {
        let stage = try BenchStage(assembly, pipelinePath: pipelinePath, partitions: partitions)
        for events in [events] + others {
            try events.publish(
                of: assembly, partitions: partitions, brokers: stage.brokers,
                properties: KafkaProperties(EmbeddedRun.compression), logger: logger)
        }
        let admin = try KafkaAdmin(brokers: stage.brokers)
        let child = try stage.start(subject, properties: properties)
        let pause = BoundedQueue<Bool>(capacity: 1)
        var first: Sample?
        var last = Sample(count: 0, nanoseconds: clock.nanoseconds, cpuSeconds: 0)
        while last.count < events.count {
            _ = pause.pop(milliseconds: Self.pollMilliseconds)
            let count = try stage.outputCount(admin)
            let now = clock.nanoseconds
            if count > last.count {
                last = Sample(count: count, nanoseconds: now, cpuSeconds: child.cpuSeconds)
                if first == nil { first = last }
            } else if now - last.nanoseconds > Self.silenceNanoseconds {
                throw RunFailure(
                    "\(subject.name): \(last.count) of \(events.count) outputs, then none for 60 s:\n\(child.log)")
            } else if count == last.count {
                try child.requireRunning()
            }
        }
        try child.stop()
        guard let first, last.count > first.count else {
            throw RunFailure("\(events.count) events are too few to take the time of")
        }
        let seconds = Double(last.nanoseconds - first.nanoseconds) / 1e9
        let copied = Double(last.count - first.count)
        return Run(
            eventsPerSecond: copied / seconds,
            cpuSecondsPerMillion: (last.cpuSeconds - first.cpuSeconds) / copied * 1e6, seconds: seconds)
    }

    private struct Sample {
        let count: Int
        let nanoseconds: Int64
        let cpuSeconds: Double
    }
}

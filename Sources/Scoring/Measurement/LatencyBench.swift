import Configuration
import Engine
import Foundation
import Generation
import Histogram
import Kafka
import Workers

/// How long from when an event was meant to be sent until its output has arrived, at a steady rate.
///
/// Open loop: every event has its time from the start, and one that is sent late, because the sender or the program
/// fell behind, has the waiting in its latency. Cluster, sender and collector are in this process, the program in its
/// own.
public struct LatencyBench: Sendable {
    public struct Options: Sendable {
        public var eventsPerSecond = 2_000.0
        public var seconds = 20
        /// At the beginning, and not measured.
        public var warmUpSeconds = 2
        public var partitions = 4
        /// For the program under test.
        public var properties: [String: String] = [:]

        public init() {}
    }

    /// Milliseconds.
    public struct Result: Hashable, Sendable {
        public var p50 = 0.0
        public var p90 = 0.0
        public var p99 = 0.0
        public var p999 = 0.0
        public var most = 0.0
        public var measured = 0
        /// Sent and never arrived.
        public var missing = 0
        /// How late the sender itself was for 99 of 100 events; it is part of the latencies.
        public var senderP99 = 0.0
        /// Of the program, in the measured time.
        public var cpuSecondsPerMillion = 0.0
    }

    private let assembly: PipelineAssembly
    private let pipelinePath: String
    private let events: KeyedEvents
    private static let eventsHeldMax = 100_000
    private static let silenceNanoseconds: Int64 = 10_000_000_000
    private static let readyNanoseconds: Int64 = 60_000_000_000

    /// - Parameter events: sent in order, and again from the first where there are too few.
    public init(assembly: PipelineAssembly, pipelinePath: String, events: KeyedEvents) {
        self.assembly = assembly
        self.pipelinePath = pipelinePath
        self.events = events
    }

    /// One program at one rate; blocks for the options' time and some seconds.
    public func run(_ subject: BenchSubject, options: Options) throws -> Result {
        let stage = try BenchStage(assembly, pipelinePath: pipelinePath, partitions: options.partitions)
        let schedule = LatencySchedule(partitions: options.partitions)
        let collector = try LatencyCollector(
            brokers: stage.brokers, topic: stage.outputTopic, partitions: options.partitions,
            identity: subject.identity, schedule: schedule)
        // What a transaction holds counts from its commit, which the embedded cluster's readers do not see.
        let countsCommits = subject.identity == .originHeader && assembly.spec.kafka.delivery == .exactlyOnce
        let child = try stage.start(
            subject, properties: options.properties, verbosity: countsCommits ? .commits : .warnings)
        if countsCommits { collector.keepArrivals() }
        let collecting = ServiceThread(name: "latency") { collector.run() }
        defer {
            collector.requestStop()
            collecting.join()
        }
        let feed = PrefetchedEvents(try RepeatedEvents(events, countMax: Self.eventsHeldMax))
        defer { feed.stop() }
        let sender = try LatencySender(
            brokers: stage.brokers, topic: stage.sourceTopic, partitions: options.partitions, events: feed,
            schedule: schedule)
        try sender.prime()
        try wait(for: collector, count: options.partitions, within: Self.readyNanoseconds, child)
        collector.beginMeasuring(after: Int64(options.warmUpSeconds) * Int64(options.eventsPerSecond))
        var cpuStart = 0.0
        let total = Int(options.eventsPerSecond) * (options.warmUpSeconds + options.seconds)
        try sender.send(
            total, eventsPerSecond: options.eventsPerSecond,
            onEvent: { number in
                if number == Int(options.eventsPerSecond) * options.warmUpSeconds { cpuStart = child.cpuSeconds }
            })
        let cpuUsed = child.cpuSeconds - cpuStart
        try? wait(for: collector, count: options.partitions + total, within: Self.silenceNanoseconds, child)
        try child.stop()
        var result = collector.result
        if countsCommits {
            result = LatencyCommits(
                LoggedLine.all(in: child.log).filter { $0.message == "\(KafkaTransactionPort.committedMessage)" }.map(
                    \.time),
                start: Date(timeIntervalSinceNow: -Double(schedule.clock.nanoseconds) / 1e9)
            ).result(of: collector.arrivals)
        }
        result.missing = options.partitions + total - collector.count
        result.senderP99 = sender.lateMillisecondsP99
        result.cpuSecondsPerMillion = cpuUsed / (options.eventsPerSecond * Double(options.seconds)) * 1e6
        return result
    }

    private func wait(
        for collector: LatencyCollector, count: Int, within nanoseconds: Int64, _ child: MeasuredChild
    ) throws {
        let clock = MonotonicClock()
        let pause = BoundedQueue<Bool>(capacity: 1)
        while collector.count < count {
            if let failure = collector.failure { throw failure }
            try child.requireRunning()
            guard clock.nanoseconds < nanoseconds else {
                throw RunFailure("\(collector.count) of \(count) outputs came:\n\(child.log)")
            }
            _ = pause.pop(milliseconds: 10)
        }
    }
}

extension BenchSubject {
    /// How an output says which event it is of.
    var identity: LatencyCollector.Identity {
        switch self {
        case .copier: .sameOffset
        case .riffle: .originHeader
        }
    }
}

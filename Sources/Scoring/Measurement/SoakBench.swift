import Configuration
import Engine
import Features
import Foundation
import Histogram
public import Generation
import Kafka
import Workers

/// A steady load for a long time: whether memory and latency stay what they are.
///
/// Open loop, as `LatencyBench`: cluster, sender and collector are in this process, the program in its own, with a state
/// directory that is deleted afterwards. Event time has to go on growing, or windows would forget nothing and grow for
/// ever: events are generated day after day, or a file's are moved on from pass to pass (`ShiftedEvents`).
///
/// State has its steady size when event time has come as far as the longest window reaches. Of card-fraud that is 37
/// days and 10 minutes: with 20,000 customers and 40,000 terminals, which make 40,000 payments a day, 1.5 million events
/// in the windows of 60,000 keys, full after 148 s at 10,000 events/s and after 15 s at 100,000. `steadySeconds` says it
/// for others. That should be over within the first quarter, which the trends leave out.
public struct SoakBench: Sendable {
    public struct Options: Sendable {
        public var seconds = 1_200
        /// Between two samples.
        public var sampleSeconds = 5.0
        public var partitions = 4
        /// For the program under test.
        public var properties: [String: String] = [:]
        /// How long the peak is looked for, after as long again to warm up.
        public var peakSeconds = 10

        public init() {}
    }

    /// Where events come from.
    public enum Events: Sendable {
        case generated(CardTransactionOptions)
        case file(KeyedEvents)
    }

    public struct Result: Sendable {
        public var samples: [SoakSample] = []
        public var sent = 0
        public var arrived = 0
        public var deadLetters = 0
        /// Came after the sender's memory of when they were sent: they are in no latency.
        public var forgotten = 0
        /// How late the sender itself was for 99 of 100 events, milliseconds; it is part of the latencies.
        public var senderP99 = 0.0
        public var cpuSecondsPerMillion = 0.0
        /// Of this process: cluster, sender and collector.
        public var ownResidentBytes = (first: 0, last: 0)

        /// Sent, and neither an output nor a dead letter came of it.
        public var missing: Int { sent - arrived - deadLetters }
        public var trends: SoakTrends? { SoakTrends(samples) }
    }

    private let assembly: PipelineAssembly
    private let pipelinePath: String
    private let events: Events
    /// Events of one day of event time.
    public let eventsPerDay: Double
    private static let silenceNanoseconds: Int64 = 20_000_000_000
    private static let readyNanoseconds: Int64 = 60_000_000_000
    /// Unanswered events while the peak is looked for: enough for every queue, and less than the cluster keeps.
    private static let backlogBytesPerPartition = 1 << 20

    /// - Throws: `RunFailure` where the events do not fit the pipeline.
    public init(assembly: PipelineAssembly, pipelinePath: String, events: Events) throws {
        self.assembly = assembly
        self.pipelinePath = pipelinePath
        self.events = events
        switch events {
        case .generated(let options):
            _ = try GeneratedEvents(options, for: assembly)
            eventsPerDay = Double(options.customers) * options.dailyMeanMax / 2
        case .file(let events):
            let feed = try ShiftedEvents(events, of: assembly)
            eventsPerDay = Double(feed.count) * 86_400_000_000 / Double(feed.passMicroseconds)
        }
    }

    private func makeFeed() throws -> any EventFeed {
        switch events {
        case .generated(let options): try GeneratedEvents(options, for: assembly)
        case .file(let events): try ShiftedEvents(events, of: assembly)
        }
    }

    /// How long event time takes, at so many events a second, to come as far as the longest window reaches.
    public func steadySeconds(eventsPerSecond: Double) -> Double {
        let days = Double(assembly.scoring.features.horizonMicroseconds) / 86_400_000_000
        return days * eventsPerDay / eventsPerSecond
    }

    /// Events a second that this set-up carries at most: sender, cluster and collector beside the program, and as many
    /// events on their way as fill the queues.
    public func peak(_ subject: BenchSubject, options: Options) throws -> Double {
        try with(subject, options) { run in
            let eventBytes = max(1, try run.events.peek { $0.key.count + $0.value.count + Self.recordBytes })
            let outstandingMax = max(1, options.partitions * Self.backlogBytesPerPartition / eventBytes)
            let clock = MonotonicClock()
            let half = Int64(options.peakSeconds) * 1_000_000_000
            var begin: (count: Int, nanoseconds: Int64)?
            var end = (count: 0, nanoseconds: Int64(0))
            try run.sender.sendBacklog(
                hasRoom: { run.collector.outstanding < outstandingMax },
                isDone: {
                    let now = clock.nanoseconds
                    try run.require()
                    end = (run.collector.count, now)
                    if begin == nil && now >= half { begin = end }
                    return now >= 2 * half
                })
            guard let begin, end.count > begin.count else { throw RunFailure("no outputs came:\n\(run.child.log)") }
            return Double(end.count - begin.count) / Double(end.nanoseconds - begin.nanoseconds) * 1e9
        }
    }

    /// What a record takes in a log beside key and value, at most.
    private static let recordBytes = 32

    /// The soak itself; blocks for the options' time and some seconds.
    ///
    /// - Parameter onMinute: gets each minute when it is over, and what is left at the end: its latencies are those of
    ///   the minute, its memory the last.
    public func run(
        _ subject: BenchSubject, eventsPerSecond: Double, options: Options, onMinute: (SoakSample) -> Void
    ) throws -> Result {
        try with(subject, options) { run in
            let cpuStart = run.child.cpuSeconds
            var result = Result()
            result.ownResidentBytes.first = MeasuredChild.residentBytes(of: "self")
            let admin = try KafkaAdmin(brokers: run.stage.brokers)
            var sampler = SoakSampler(every: options.sampleSeconds, startNanoseconds: run.clock.nanoseconds)
            _ = run.collector.takeInterval()
            run.collector.beginMeasuring(after: 0)
            let total = Int((eventsPerSecond * Double(options.seconds)).rounded())
            func sample(isLast: Bool) {
                sampler.take(
                    run.collector.takeInterval(), memory: run.memory, now: run.clock.nanoseconds,
                    isLast: isLast, onMinute: onMinute)
            }
            try run.sender.send(
                total, eventsPerSecond: eventsPerSecond,
                onTurn: {
                    guard sampler.isDue(now: run.clock.nanoseconds) else { return }
                    try run.require()
                    sample(isLast: false)
                })
            result.cpuSecondsPerMillion = (run.child.cpuSeconds - cpuStart) / Double(max(1, total)) * 1e6
            sample(isLast: true)
            try? run.wait(nanoseconds: Self.silenceNanoseconds) { run.collector.outstanding == 0 }
            result.samples = sampler.samples
            result.sent = total + options.partitions
            result.arrived = run.collector.count
            result.forgotten = run.collector.forgotten
            result.deadLetters = try run.stage.deadLetterCount(admin)
            result.senderP99 = run.sender.lateMillisecondsP99
            result.ownResidentBytes.last = MeasuredChild.residentBytes(of: "self")
            return result
        }
    }

    /// A program at work, with all that is around it.
    private struct Run {
        let stage: BenchStage
        let child: MeasuredChild
        let events: PrefetchedEvents
        let sender: LatencySender
        let collector: LatencyCollector
        let clock: MonotonicClock
        let metricsPath: String

        var memory: ProcessMemory {
            ProcessMemory(resident: child.residentBytes, state: ProcessMemory.stateBytes(metricsPath: metricsPath))
        }

        func require() throws {
            if let failure = collector.failure { throw failure }
            try child.requireRunning()
        }

        func wait(nanoseconds: Int64, until isDone: () -> Bool) throws {
            let start = clock.nanoseconds
            let pause = BoundedQueue<Bool>(capacity: 1)
            while !isDone() {
                try require()
                guard clock.nanoseconds - start < nanoseconds else {
                    throw RunFailure("\(collector.outstanding) events are without an output:\n\(child.log)")
                }
                _ = pause.pop(milliseconds: 10)
            }
        }
    }

    /// Starts everything, waits until the first events have come through, and ends everything in order.
    private func with<Value>(_ subject: BenchSubject, _ options: Options, _ body: (Run) throws -> Value) throws -> Value
    {
        let state = try TemporaryFolder()
        // Its last use is not its end: the program writes there.
        defer { withExtendedLifetime(state) {} }
        let stage = try BenchStage(assembly, pipelinePath: pipelinePath, partitions: options.partitions)
        let schedule = LatencySchedule(partitions: options.partitions)
        let collector = try LatencyCollector(
            brokers: stage.brokers, topic: stage.outputTopic, partitions: options.partitions,
            identity: subject.identity, schedule: schedule)
        let metricsPath = "\(state.path)/metrics.prom"
        let child = try stage.start(
            subject, properties: options.properties, state: state.path,
            metrics: (metricsPath, max(1, Int(options.sampleSeconds) - 1)))
        let collecting = ServiceThread(name: "latency") { collector.run() }
        defer {
            collector.requestStop()
            collecting.join()
        }
        let feed = PrefetchedEvents(try makeFeed())
        defer { feed.stop() }
        let sender = try LatencySender(
            brokers: stage.brokers, topic: stage.sourceTopic, partitions: options.partitions, events: feed,
            schedule: schedule)
        let run = Run(
            stage: stage, child: child, events: feed, sender: sender, collector: collector, clock: schedule.clock,
            metricsPath: metricsPath)
        try sender.prime()
        try run.wait(nanoseconds: Self.readyNanoseconds) { collector.count >= options.partitions }
        let value = try body(run)
        try child.stop()
        return value
    }
}

/// Samples as they are taken, and the minutes that they make.
struct SoakSampler {
    private(set) var samples: [SoakSample] = []
    private let everyNanoseconds: Int64
    private let startNanoseconds: Int64
    private var lastNanoseconds: Int64
    private var minute = LatencyCollector.makeHistogram()
    private var minuteStart: Int64
    private static let minuteNanoseconds: Int64 = 60_000_000_000

    init(every seconds: Double, startNanoseconds: Int64) {
        everyNanoseconds = Int64(seconds * 1e9)
        self.startNanoseconds = startNanoseconds
        lastNanoseconds = startNanoseconds
        minuteStart = startNanoseconds
    }

    func isDue(now: Int64) -> Bool { now - lastNanoseconds >= everyNanoseconds }

    /// Takes the latencies since the last sample.
    ///
    /// - Parameter isLast: what is left makes a shorter interval and a shorter minute; less than half an interval makes
    ///   no sample.
    mutating func take(
        _ nanoseconds: Histogram<UInt64>, memory: ProcessMemory, now: Int64, isLast: Bool,
        onMinute: (SoakSample) -> Void
    ) {
        minute.add(nanoseconds)
        let isWhole = !isLast || now - lastNanoseconds >= everyNanoseconds / 2
        if isWhole {
            samples.append(sample(nanoseconds, memory, from: lastNanoseconds, now))
        }
        lastNanoseconds = now
        // Samples are seldom exactly on the minute: half an interval early is this minute still.
        guard isLast || now - minuteStart >= Self.minuteNanoseconds - everyNanoseconds / 2 else { return }
        // Nor does it make a minute, right behind one.
        if isWhole || minuteStart < now - everyNanoseconds {
            onMinute(sample(minute, memory, from: minuteStart, now))
        }
        minute.reset()
        minuteStart = now
    }

    private func sample(
        _ nanoseconds: Histogram<UInt64>, _ memory: ProcessMemory, from: Int64, _ now: Int64
    ) -> SoakSample {
        SoakSample(
            minutes: Double(now - startNanoseconds) / Double(Self.minuteNanoseconds), memory: memory,
            nanoseconds: nanoseconds, seconds: Double(now - from) / 1e9)
    }
}

/// A folder that is gone with its owner.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("riffle-bench-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

import Configuration
public import Engine
import Features
import Foundation
import Kafka
public import Logging
import Workers

/// How long a killed pipeline with a million keys is away: whole processes, from exec to the first new score.
///
/// An embedded cluster in this process; `riffle run` in one of its own reads while events are published, since the
/// cluster keeps about 5 MiB a partition. When all are committed, more events follow until a snapshot that was begun
/// behind them is durable, and a few behind that. Then the process is killed (SIGKILL), new events are published, and it
/// is started again; that part several times.
///
/// The snapshot is in the page cache then, as after a crash of the process alone; `dropsPageCache` reads it from disk.
public struct RestartBench: Sendable {
    public struct Options: Sendable {
        public var keys = 1_000_000
        public var eventsPerKey = 10
        public var partitions = 4
        public var rounds = 3
        /// Events behind the snapshot, to be replayed muted.
        public var eventsBehind = 50_000
        /// Published while the process is dead, each time.
        public var eventsNew = 1_000
        public var dropsPageCache = false
        /// For the program.
        public var properties: [String: String] = [:]

        public init() {}
    }

    public struct Result: Sendable {
        public var rounds: [RestartTimes] = []
        /// Of the snapshot that the restarts began from.
        public var snapshot = SnapshotTimes(bytes: 0, seconds: 0)
        /// By entity: its keys and the events that their windows hold.
        public var entities: [SnapshotInspection.Entity] = []
        /// Published before the first kill.
        public var published = 0
        /// Until they were scored and committed.
        public var publishSeconds = 0.0
    }

    /// The embedded cluster lets nobody join before the killed member's session is over: 45 s unless told otherwise.
    public static let sessionDefaults = ["session.timeout.ms": "6000"]
    private static let compression = ["compression.codec": "zstd"]
    private static let blockEvents = 20_000
    private static let readySeconds = 90.0
    /// Nothing is committed for so long: it hangs.
    private static let silenceSeconds = 60.0
    private static let snapshotSeconds = 60.0
    /// Between two looks at what is committed.
    private static let pollMilliseconds = 20

    private let assembly: PipelineAssembly
    private let pipelinePath: String
    private let executable: String
    private let logger: Logger
    /// Never filled: waiting on it is a pause that needs no thread.
    private let pause = BoundedQueue<Bool>(capacity: 1)

    /// - Throws: `RunFailure` where the pipeline cannot be measured so.
    public init(assembly: PipelineAssembly, pipelinePath: String, executable: String, logger: Logger) throws {
        try GeneratedEvents.require(assembly)
        if assembly.spec.kafka.delivery == .exactlyOnce {
            throw RunFailure(
                "the embedded cluster does not store offsets of transactions, so that nothing restarts from them: measure with "
                    + "\"delivery: at-least-once\"")
        }
        if assembly.scoring.features.entities.isEmpty {
            throw RunFailure("the pipeline has no windows: there is no state to come back with")
        }
        (self.assembly, self.pipelinePath) = (assembly, pipelinePath)
        (self.executable, self.logger) = (executable, logger)
    }

    /// Blocks for minutes.
    ///
    /// - Parameter onStep: gets a line for people at each step.
    public func run(_ options: Options, onStep: (String) -> Void) throws -> Result {
        let state = try TemporaryFolder()
        defer { withExtendedLifetime(state) {} }
        let stage = try BenchStage(assembly, pipelinePath: pipelinePath, partitions: options.partitions)
        let run = try Run(stage: stage, state: state.path, options: options, logger: logger)
        var child = try start(run)
        try untilCommitted(run, child, seconds: Self.readySeconds) { $0.allSatisfy { $0 != nil } }
        var result = Result()
        let clock = MonotonicClock()
        let begin = clock.nanoseconds
        var payments = RestartPayments(keys: options.keys, eventsPerKey: options.eventsPerKey)
        onStep("publishing \(payments.wanted) events of \(options.keys) keys")
        try run.publish(payments.wanted, of: &payments, child)
        try untilScored(run, child)
        result.publishSeconds = Double(clock.nanoseconds - begin) / 1e9
        onStep("waiting for a snapshot of all keys")
        try publishUntilSnapshot(run, child, &payments)
        try run.publish(options.eventsBehind, of: &payments, child)
        try untilScored(run, child)
        result.published = payments.made
        let written = SnapshotTimes.all(in: LoggedLine.all(in: child.log))
        guard let newest = written.last, let path = run.newestSnapshot else {
            throw RunFailure("no snapshot was written:\n\(child.log)")
        }
        result.snapshot = newest
        result.entities = SnapshotInspection(path: path, verifies: false).entities
        for round in 1...options.rounds {
            onStep("round \(round): killed, and started again")
            let (times, next) = try restart(run, child, &payments)
            result.rounds.append(times)
            child = next
        }
        try child.stop()
        return result
    }

    /// Kills the process, publishes events, starts another, and waits until it has scored all of them.
    private func restart(
        _ run: Run, _ child: MeasuredChild, _ payments: inout RestartPayments
    ) throws -> (RestartTimes, MeasuredChild) {
        try child.kill()
        let watch = try OutputWatch(
            brokers: run.stage.brokers, topic: run.stage.outputTopic, outputFrom: try run.stage.outputEnds(run.admin),
            sourceFrom: try run.sourceEnds())
        defer { watch.close() }
        try run.publish(run.options.eventsNew, of: &payments, nil)
        if run.options.dropsPageCache, let path = run.newestSnapshot { Self.dropFromPageCache(path) }
        let executed = Date()
        let next = try start(run)
        while watch.count < run.options.eventsNew {
            try watch.step()
            try next.requireRunning()
            if Date().timeIntervalSince(executed) > Self.readySeconds + Self.silenceSeconds {
                throw RunFailure("\(watch.count) of \(run.options.eventsNew) new scores came:\n\(next.log)")
            }
        }
        try untilScored(run, next)
        let times = try RestartTimes(
            LoggedLine.all(in: next.log), executed: executed, scored: watch.firstAt ?? Date())
        return (times, next)
    }

    private func start(_ run: Run) throws -> MeasuredChild {
        try run.stage.start(
            .riffle(executable: executable),
            properties: run.options.properties.merging(Self.sessionDefaults) { own, _ in own }, state: run.state,
            verbosity: .steps)
    }

    /// Publishes blocks until a snapshot is durable that was begun after the call: at full speed as long as that takes
    /// by the number of events, then a trickle until it is time.
    private func publishUntilSnapshot(
        _ run: Run, _ child: MeasuredChild, _ payments: inout RestartPayments
    ) throws {
        let every = assembly.spec.state.snapshotEvery
        let seconds = Double(every.microseconds ?? 0) / 1e6 + Self.snapshotSeconds
        var left = every.events.map { Int(clamping: $0) + 10 * Self.blockEvents } ?? 0
        let ends = try run.sourceEnds()
        let clock = MonotonicClock()
        let deadline = clock.nanoseconds + Int64(seconds * 1e9)
        while !run.hasSnapshot(from: ends) {
            let block = min(left, Self.blockEvents)
            left -= block
            try run.publish(max(block, run.options.partitions), of: &payments, child)
            if block == 0 { _ = pause.pop(milliseconds: Self.pollMilliseconds) }
            guard left > 0 || clock.nanoseconds < deadline else {
                throw RunFailure("no snapshot was written within \(Int(seconds)) s:\n\(child.log)")
            }
        }
    }

    /// Waits until everything that was published is scored and committed.
    private func untilScored(_ run: Run, _ child: MeasuredChild) throws {
        let ends = try run.sourceEnds()
        try untilCommitted(run, child, seconds: Self.silenceSeconds) { committed in
            zip(committed, ends).allSatisfy { $0.0 ?? 0 >= $0.1 }
        }
    }

    private func untilCommitted(
        _ run: Run, _ child: MeasuredChild, seconds: Double, _ isEnough: ([Int64?]) -> Bool
    ) throws {
        let clock = MonotonicClock()
        var last: [Int64?] = []
        var lastChange = clock.nanoseconds
        while true {
            let committed = try run.committed()
            if isEnough(committed) { return }
            if committed != last { (last, lastChange) = (committed, clock.nanoseconds) }
            try child.requireRunning()
            guard Double(clock.nanoseconds - lastChange) / 1e9 < seconds else {
                throw RunFailure("nothing was committed for \(Int(seconds)) s:\n\(child.log)")
            }
            _ = pause.pop(milliseconds: Self.pollMilliseconds)
        }
    }

    /// The kernel forgets a file's pages, as far as they are written.
    private static func dropFromPageCache(_ path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 { return }
        fsync(descriptor)
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
        close(descriptor)
    }

    /// What all steps share.
    private final class Run {
        let stage: BenchStage
        let state: String
        let options: Options
        let admin: KafkaAdmin
        private let publisher: TopicPublisher
        private let group: String
        private var inspected: SnapshotInspection?
        private static let requestMilliseconds = 10_000

        init(stage: BenchStage, state: String, options: Options, logger: Logger) throws {
            self.stage = stage
            self.state = state
            self.options = options
            group = stage.assembly.spec.kafka.group
            admin = try KafkaAdmin(brokers: stage.brokers)
            publisher = try TopicPublisher(
                brokers: stage.brokers, topic: stage.sourceTopic, properties: KafkaProperties(compression),
                follower: TopicPublisher.Follower(group: group), logger: logger)
        }

        /// Publishes the next events, no faster than the group commits, and waits until the cluster has them.
        ///
        /// - Parameter child: who reads; `nil`: nobody does, and there are few events.
        func publish(_ count: Int, of payments: inout RestartPayments, _ child: MeasuredChild?) throws {
            for _ in 0..<count {
                var failure: (any Error)?
                let isQueued = try payments.next { event in
                    try publisher.publish(
                        key: event.key, value: event.value, timestampMilliseconds: event.timestampMilliseconds,
                        while: {
                            do { try child?.requireRunning() } catch { failure = error }
                            return failure == nil
                        })
                }
                if let failure { throw failure }
                guard isQueued else { throw RunFailure("an event could not be published") }
            }
            while publisher.counts.delivered + publisher.counts.failed < publisher.counts.queued {
                try publisher.serve(milliseconds: 5)
            }
            if let failure = publisher.counts.firstFailure { throw failure }
        }

        func committed() throws -> [Int64?] {
            try admin.committedOffsets(
                group: group,
                of: (0..<Int32(stage.partitions)).map { TopicPartition(topic: stage.sourceTopic, partition: $0) },
                milliseconds: Self.requestMilliseconds)
        }

        func sourceEnds() throws -> [Int64] {
            try admin.endOffsets(of: stage.sourceTopic, milliseconds: Self.requestMilliseconds)
        }

        /// Whether the newest snapshot was begun behind these offsets, one a partition.
        func hasSnapshot(from offsets: [Int64]) -> Bool {
            guard let path = newestSnapshot else { return false }
            if path != inspected?.path { inspected = SnapshotInspection(path: path, verifies: false) }
            let lanes = inspected?.manifest?.header.lanes.filter { $0.topic == stage.sourceTopic } ?? []
            return lanes.count == offsets.count && lanes.allSatisfy { $0.offset >= offsets[Int($0.partition)] }
        }

        /// The path of the snapshot with the highest number.
        var newestSnapshot: String? {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: state)) ?? []
            return names.filter { $0.hasSuffix(SnapshotStore.suffix) }.max().map { state + "/" + $0 }
        }
    }
}

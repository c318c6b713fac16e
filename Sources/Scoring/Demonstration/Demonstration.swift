import Configuration
public import Engine
import Events
public import Generation
import Kafka
public import Logging
import Synchronization
import Workers

/// What a demonstration shows.
public struct DemonstrationOptions: Sendable {
    public var seed: UInt64 = 1
    public var eventsPerSecond: Double = 2_000
    /// Days of events that are sent as fast as they go before the live part, so that windows are warm.
    public var historyDays = 40
    public var customers = 5_000
    public var terminals = 10_000
    public var partitions = 4
    /// `nil`: until told to stop, or until event time has reached the present.
    public var liveEventsMax: Int?
    /// One of so many live events is broken; 0: none.
    public var brokenEvery = 16_000
    /// Where the scores are watched: the history's days before this one only fill windows.
    public var referenceFirstDay = 16
    /// Where the scores are watched: what is planted, so many days after the live part began, for so many days.
    public var drift = PlantedDrift.Kind.amountMean
    public var driftLeadDays = 1
    public var driftDays = 2

    public init() {}

    /// 2000-01-01: at 2,000 events/s a day takes about 5 s, so that the present is half a day's run away. Events from
    /// the future would be faults.
    static let firstDay = EventTime(microseconds: 946_684_800_000_000)
    /// The wave begins so many days before the live part: its first labels are known, 7 days later, when that begins.
    private static let waveLeadDays = 7
    /// Where a drift is planted, it is over when the wave begins: each has its own alert.
    private static let waveDelayDays = 9

    /// - Parameter isWatched: whether a drift is planted, for a monitor to find.
    func transactions(now microseconds: Int64, isWatched: Bool) -> CardTransactionOptions {
        let today = (microseconds - Self.firstDay.microseconds) / 86_400_000_000
        return CardTransactionOptions(
            seed: seed, firstDay: Self.firstDay, days: Int(max(0, today)), customers: customers, terminals: terminals,
            fraudWave: CardTransactionOptions.FraudWave(
                firstDay: isWatched ? historyDays + Self.waveDelayDays : max(0, historyDays - Self.waveLeadDays),
                days: 30),
            drifts: isWatched ? [plantedDrift] : [])
    }

    var plantedDrift: PlantedDrift {
        let firstDay = historyDays + driftLeadDays
        return PlantedDrift(drift, firstDay: firstDay, lastDay: firstDay + driftDays - 1)
    }

    /// What is planted, and when, in words.
    var plantedText: String {
        let planted = plantedDrift
        func day(_ number: Int) -> Substring {
            let start = Self.firstDay.microseconds + Int64(number) * 86_400_000_000
            return TimeText.string(EventTime(microseconds: start)).prefix(10)
        }
        return "\(planted.kind.summary), \(day(planted.firstDay)) to \(day(planted.lastDay ?? planted.firstDay))"
    }

    var historyEnd: EventTime {
        EventTime(microseconds: Self.firstDay.microseconds + Int64(historyDays) * 86_400_000_000)
    }
}

/// What a demonstration did.
public struct DemonstrationSummary: Sendable {
    public var published: PublishCounts
    public var run: StreamSummary
    public var last: DemonstrationSnapshot
    /// From the beginning until the first score was computed; `nil` if there was none.
    public var firstScoreNanoseconds: Int64?
}

/// `riffle demo`: a cluster, a generator and a pipeline in one process.
///
/// First a history of events as fast as it goes, then more of them at a steady rate, with a wave of fraud in them and
/// now and then a broken one.
// SAFETY: `run` is called once, by one thread; others reach atomics, mutexes and the monitor, which has its own.
public final class Demonstration: @unchecked Sendable {
    private let assembly: PipelineAssembly
    private let options: DemonstrationOptions
    private let logger: Logger
    private let cluster: EmbeddedCluster
    public let service: RunService
    private let monitor: ScoreMonitor
    private let companion: (any DemonstrationCompanion)?
    private let transactions: CardTransactionOptions
    private let stream: TransactionStream
    private let clock: AnchoredClock
    private let start: Int64
    private let phase = Mutex(DemonstrationPhase.starting)
    private let firstScore = Atomic<Int64>(-1)
    private let outcome = Mutex<Result<StreamSummary, any Error>?>(nil)

    /// How long what was sent may take to be finished at the end.
    private static let catchUpNanoseconds: Int64 = 10_000_000_000
    private static let waitMilliseconds = 5
    private static let statisticsMilliseconds = 5_000

    /// Starts the cluster; nothing is sent yet.
    ///
    /// - Parameters:
    ///   - companion: watches the scores for drift; one is planted then. `nil`: nothing is watched.
    ///   - figures: shows what the pipeline does to whoever looks; `nil`: nobody does.
    /// - Throws: `RunFailure` for a pipeline that cannot read generated events, and `KafkaFailure`.
    public init(
        assembly: PipelineAssembly, options: DemonstrationOptions = DemonstrationOptions(), logger: Logger,
        companion: (any DemonstrationCompanion)? = nil, figures: LiveFigures? = nil
    ) throws {
        if let problem = GeneratedFields.problems(of: assembly).first { throw RunFailure(problem) }
        self.assembly = assembly
        self.options = options
        self.logger = logger
        self.companion = companion
        clock = AnchoredClock()
        start = clock.nanoseconds
        cluster = try EmbeddedCluster(for: assembly.plan, partitions: options.partitions, onLog: kafkaLogSink(logger))
        monitor = ScoreMonitor(plan: assembly.scoring, clock: clock)
        var transactions = options.transactions(now: clock.microseconds, isWatched: companion != nil)
        GeneratedFields.add(to: &transactions, for: assembly)
        self.transactions = transactions
        stream = TransactionStream(transactions, clock: clock)
        var runOptions = RunOptions()
        runOptions.brokers = cluster.bootstrapServers
        // The cluster is gone with the demonstration.
        runOptions.keepsNoState = true
        if figures != nil { runOptions.statisticsMilliseconds = Self.statisticsMilliseconds }
        runOptions.propertyDefaults = BrokerChoice.embeddedDefaults
        service = RunService(
            assembly: assembly, brokers: cluster.bootstrapServers, options: runOptions, logger: logger,
            observer: monitor, figures: figures)
    }

    /// Where kcat and other clients can join.
    public var address: String { cluster.bootstrapServers }

    /// Ends the run in order: what was sent is scored and acknowledged first. From any thread.
    public func requestStop() { stream.requestStop() }

    /// Runs until the options' end or a stop; blocks.
    public func run() throws -> DemonstrationSummary {
        let running = ServiceThread(name: "demonstration") { [self] in
            let result = Result { try service.run() }
            outcome.withLock { $0 = result }
            // Without a pipeline there is nothing to send to.
            stream.requestStop()
        }
        let companion = companion.map { CompanionRun($0) { [stream] in stream.requestStop() } }
        companion?.prepare(history, from: options.referenceFirstDay)
        let published: PublishCounts
        do {
            published = try publishAll(beside: companion)
            try companion?.end()
        } catch {
            try? companion?.end()
            service.requestStop()
            running.join()
            // What ended the pipeline is the cause of what happened to the publisher.
            _ = try outcome.withLock { $0 }?.get()
            throw error
        }
        service.requestStop()
        running.join()
        guard let run = try outcome.withLock({ $0 })?.get() else {
            throw RunFailure("the pipeline ended without a result")
        }
        let first = firstScore.load(ordering: .relaxed)
        return DemonstrationSummary(
            published: published, run: run, last: snapshot(), firstScoreNanoseconds: first < 0 ? nil : first)
    }

    /// What is sent before the live part.
    private var history: CardTransactionOptions {
        var history = transactions
        history.days = min(options.historyDays, transactions.days ?? .max)
        history.drifts = []
        return history
    }

    private func publishAll(beside companion: CompanionRun?) throws -> PublishCounts {
        let spec = assembly.spec
        let topics = try assembly.scoring.sources.map { source in
            try TopicPublisher(
                brokers: address, topic: source.topic, properties: assembly.properties,
                follower: TopicPublisher.Follower(group: spec.kafka.group), logger: logger)
        }
        let publisher = TransactionPublisher(
            events: topics[0], labels: topics.count > 1 ? topics[1] : nil,
            labelDelayMicroseconds: GenerateOptions.labelDelayDefault)
        try stream.run(
            eventsPerSecond: nil, until: TransactionStream.Bounds(before: options.historyEnd),
            serve: {
                try publisher.serve()
                noteHistory()
            },
            emit: { transaction, _ in
                try publisher.publish(
                    transaction, timestampMilliseconds: nil, stream: stream, onWait: { noteHistory() })
            })
        try catchUp(publisher) { self.stream.isWanted }
        // Who stops it while history is scored does not want the rest of it.
        guard stream.isWanted else { return finish(publisher) }
        try companion?.watch(brokers: address)
        guard stream.isWanted else { return finish(publisher) }
        monitor.beginLive()
        phase.withLock { $0 = .live }
        try publishLive(with: publisher)
        phase.withLock { $0 = .stopping }
        let counts = finish(publisher)
        let deadline = clock.nanoseconds + Self.catchUpNanoseconds
        try catchUp(publisher) { !self.hasEnded && self.clock.nanoseconds < deadline }
        return counts
    }

    /// What became of the events; labels that could not be delivered count as failed, too.
    private func finish(_ publisher: TransactionPublisher) -> PublishCounts {
        let labels = publisher.labels?.finish { !self.hasEnded }
        var counts = publisher.events.finish { !self.hasEnded }
        counts.failed += labels?.failed ?? 0
        counts.firstFailure = counts.firstFailure ?? labels?.firstFailure
        return counts
    }

    private func publishLive(with publisher: TransactionPublisher) throws {
        // The first soon, so that a short demonstration has one too.
        var untilBroken = options.brokenEvery / 4
        var brokenCount = 0
        try stream.run(
            eventsPerSecond: options.eventsPerSecond,
            until: TransactionStream.Bounds(eventsMax: options.liveEventsMax),
            serve: { try publisher.serve() },
            emit: { transaction, intended in
                let isBroken = options.brokenEvery > 0 && untilBroken == 0
                let broken = BrokenEvent(number: brokenCount)
                // Rounded, so that a latency is as often half a millisecond too long as too short.
                let timestamp = (intended + 500) / 1_000
                let isQueued = try publisher.publish(
                    transaction, timestampMilliseconds: timestamp, stream: stream, onWait: { noteHistory() },
                    change: { if isBroken { broken.apply(to: &$0) } })
                guard isQueued else { return false }
                if isBroken {
                    untilBroken = options.brokenEvery
                    brokenCount += 1
                }
                untilBroken -= 1
                return true
            })
    }

    /// Waits until the pipeline has finished everything that was published.
    private func catchUp(_ publisher: TransactionPublisher, while isWanted: () -> Bool) throws {
        while monitor.finished < publisher.queued && isWanted() {
            try publisher.serve(milliseconds: Self.waitMilliseconds)
            noteHistory()
        }
    }

    private var hasEnded: Bool { outcome.withLock { $0 != nil } }

    /// Says how much of the history is scored.
    private func noteHistory() {
        var progress = DemonstrationSnapshot()
        monitor.fill(&progress)
        guard let time = progress.eventTime else { return }
        if firstScore.load(ordering: .relaxed) < 0 { firstScore.store(clock.nanoseconds - start, ordering: .relaxed) }
        let first = DemonstrationOptions.firstDay.microseconds
        let share = Double(time.microseconds - first) / Double(max(1, options.historyEnd.microseconds - first))
        phase.withLock { phase in
            switch phase {
            case .starting, .warmingUp: phase = .warmingUp(min(1, max(0, share)))
            case .live, .stopping: break
            }
        }
    }

    /// How things stand; from any thread.
    public func snapshot() -> DemonstrationSnapshot {
        var snapshot = DemonstrationSnapshot()
        snapshot.phase = phase.withLock { $0 }
        snapshot.pipeline = assembly.scoring.pipeline
        snapshot.address = address
        snapshot.scoreTopic = assembly.spec.output.topic.value
        snapshot.nanoseconds = clock.nanoseconds - start
        snapshot.drift = companion?.status
        if companion != nil { snapshot.drift?.planted = options.plantedText }
        monitor.fill(&snapshot)
        // Asked for after what was consumed, so that there is never more consumed than published.
        snapshot.published = stream.progress.events
        return snapshot
    }
}

import Engine
import Events
import Logging
import Synchronization

/// Writes what an engine notices to the log, by what an operator can do about it, counts it, and passes it on.
final class RunJournal: StreamObserver {
    /// The end of a partition as far as it is known.
    typealias Ends = @Sendable (_ topic: String, _ partition: Int32) -> Int64?

    private let logger: Logger
    private let metrics: RunMetrics
    private let ends: Ends
    private let observer: (any StreamObserver)?
    private let figures: LiveFigures?
    private let clock: any EngineClock
    private let time = AnchoredClock()
    private let waits = Mutex(MergeWaitWatch())
    private let faults = Mutex(FaultWatch())
    private let pressure = Mutex(PressureWatch())
    private let rebuild = Mutex(RestoreWatch())

    init(
        _ logger: Logger, metrics: RunMetrics, ends: @escaping Ends, passingOnTo observer: (any StreamObserver)?,
        figures: LiveFigures? = nil, clock: any EngineClock = MonotonicClock()
    ) {
        self.logger = logger
        self.clock = clock
        self.metrics = metrics
        self.ends = ends
        self.observer = observer
        self.figures = figures
    }

    func didScore(_ context: BatchContext, plan: ScoringPlan) {
        metrics.engine.didScore(context, now: time.microseconds)
        figures?.didScore(context)
        for line in faults.withLock({ $0.lines(context, plan: plan, now: clock.nanoseconds) }) {
            log(line, of: context)
        }
        observer?.didScore(context, plan: plan)
    }

    func didNotice(_ notice: EngineNotice) {
        log(notice)
        metrics.engine.didNotice(notice)
        figures?.didNotice(notice)
        observer?.didNotice(notice)
    }

    func didBalance(_ books: StreamBooks) {
        metrics.engine.didBalance(books, ends: ends)
        figures?.didBalance(books, ends: ends)
        if let step = metrics.clockStep() {
            logger.notice(
                "the clock was set; windows and waits do not depend on it",
                metadata: ["seconds": "\(Double(step) / 1_000)"])
        }
        for line in waits.withLock({ $0.lines(books, now: clock.nanoseconds) }) { log(line) }
        for line in pressure.withLock({ $0.lines(metrics.pressure, now: clock.nanoseconds) }) { log(line) }
        observer?.didBalance(books)
    }

    private func log(_ notice: EngineNotice) {
        switch notice {
        case .restoring(let source, let offsets):
            rebuild.withLock { $0.begin(now: clock.nanoseconds) }
            logger.notice("windows are rebuilt from \(source)", metadata: ["offsets": "\(offsets)"])
        case .restored(let offsets, let total, let events):
            let line = rebuild.withLock { $0.line(offsets: offsets, of: total, events: events, now: clock.nanoseconds) }
            if let line { log(line) }
        case .restoreFinished(let nanoseconds, let isWhole):
            let metadata: Logger.Metadata = ["seconds": "\(Self.seconds(nanoseconds))"]
            if isWhole {
                logger.notice("windows are whole; scoring begins", metadata: metadata)
            } else {
                logger.notice("windows are rebuilt, but not whole; scoring begins", metadata: metadata)
            }
        case .incomplete(let state):
            logger.warning("scoring begins with incomplete windows", metadata: ["reason": "\(state)"])
        case .snapshotRefused(let name, let reason):
            logger.warning("snapshot not used", metadata: ["file": "\(name)", "reason": "\(reason)"])
        case .snapshotWritten(let sequence, let bytes, let nanoseconds):
            logger.info(
                "snapshot written",
                metadata: ["number": "\(sequence)", "bytes": "\(bytes)", "seconds": "\(Self.seconds(nanoseconds))"])
        case .snapshotFailed(let reason):
            logger.error("snapshot not written; the stream goes on", metadata: ["reason": "\(reason)"])
        case .carefulRestart(let offsets):
            logger.warning(
                "the last process did not end in order: what it was working on goes one event at a time",
                metadata: ["offsets": "\(offsets)"])
        case .quarantined(let lane, let offset):
            logger.error(
                "an event killed the process twice: it goes to the dead letters, and is not looked at again",
                metadata: ["origin": "\(lane)/\(offset)"])
        case .assignmentStale:
            logger.warning("the group has passed this instance over: what was in flight is void, and is read again")
        case .commitRefused(let reason):
            logger.warning(
                "the last offsets of an assignment were not committed: events behind them are scored again",
                metadata: ["reason": "\(reason)"])
        }
    }

    private func log(_ line: RestoreWatch.Line) {
        var metadata: Logger.Metadata = [
            "percent": "\(line.percent)", "events": "\(line.events)", "events_per_second": "\(line.eventsPerSecond)",
        ]
        if let seconds = line.secondsLeft { metadata["seconds_left"] = "\(seconds)" }
        logger.notice("windows are being rebuilt", metadata: metadata)
    }

    /// What brings nothing and is not known to be at its end is most often a slow broker or a fetch that is too small.
    private func log(_ line: MergeWaitWatch.Line) {
        let metadata: Logger.Metadata = [
            "topic": "\(line.topic)", "partitions": "\(line.partitions.map { "\($0)" }.joined(separator: " "))",
            "seconds": "\(Self.seconds(line.nanoseconds))", "expired": "\(line.expired)",
        ]
        if line.expired > 0 {
            logger.warning(
                "scoring went on without partitions that were behind: look at their broker, or raise \"merge.wait\"",
                metadata: metadata)
        } else {
            logger.notice("scoring waits for partitions that are behind", metadata: metadata)
        }
    }

    private func log(_ line: PressureWatch.Line) {
        switch line {
        case .throttled(let client, let milliseconds):
            logger.notice(
                """
                brokers throttle this client, and the stream waits: its user or client.id is over a quota; raise that, or \
                bring less
                """, metadata: ["client": "\(client)", "seconds": "\(Double(milliseconds) / 1_000)"])
        case .queueFull(let times):
            logger.notice(
                """
                the producer's queue is full, and the stream waits: brokers take less than comes in; look at their disk, \
                network and quotas, at compression.type and at output.features
                """, metadata: ["times": "\(times)"])
        }
    }

    private func log(_ line: FaultWatch.Line, of context: BatchContext) {
        var metadata: Logger.Metadata = ["topic": "\(line.topic)", "code": "\(line.code)", "reason": "\(line.reason)"]
        if let record = context.record(ofRow: line.row).flatMap({ RecordSighting($0) }) {
            metadata["partition"] = "\(record.partition)"
            metadata["offset"] = "\(record.offset)"
            if let trace = record.trace { metadata["traceparent"] = "\(trace)" }
        }
        if line.more > 0 { metadata["more_since_the_last_line"] = "\(line.more)" }
        logger.notice("an event cannot be used: it goes to the dead letters", metadata: metadata)
    }

    private static func seconds(_ nanoseconds: Int64) -> Double { Double(nanoseconds / 1_000_000) / 1_000 }
}

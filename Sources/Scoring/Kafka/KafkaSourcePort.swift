import CoreMetrics
import Engine
import Kafka
import Logging

/// The engine's source over a Kafka consumer group.
// SAFETY: belongs to the engine's thread, but for `wake`, `release` and the reading of headers, which librdkafka
// allows on any.
final class KafkaSourcePort: SourcePort, @unchecked Sendable {
    private let consumer: KafkaConsumer
    private let start: StartPosition
    private let logger: Logger
    private let metrics: RunMetrics?
    private var partitions: [KafkaPartition] = []
    /// By lane.
    private var guesses: [HeaderGuess] = []
    private var epoch: AssignmentEpoch?
    private var observer: (any SourceObserver)?
    private var failure: (any Error)?
    /// What is to be committed next, by lane: newer positions take the place of older ones, until an answer says that
    /// they are in.
    private var pending: [Int: CommitPosition] = [:]
    /// Of the topics that have a partition without a committed offset.
    private var beginnings: [String: GroupBeginning] = [:]
    private var commitRetry = CommitRetry()
    private let scratch: UnsafeMutableBufferPointer<KafkaRecord>
    private static let scratchRecords = 4_096
    private static let answerMilliseconds = 30_000
    private static let finalCommitMilliseconds = 10_000
    private(set) var membership: AnyObject?
    private let clock = MonotonicClock()
    /// Without partitions; `Int64.max`: that was told.
    private var waitingSince: Int64?
    private static let silenceNanoseconds: Int64 = 5_000_000_000

    init(consumer: KafkaConsumer, start: StartPosition, logger: Logger, metrics: RunMetrics? = nil) {
        self.consumer = consumer
        self.start = start
        self.logger = logger
        self.metrics = metrics
        scratch = .allocate(capacity: Self.scratchRecords)
    }

    deinit { scratch.deallocate() }

    func poll(_ observer: any SourceObserver) throws {
        self.observer = observer
        try consumer.poll(self)
        if let failure { throw failure }
        if epoch == nil { tellWaiting() } else { waitingSince = nil }
        try sendPending()
    }

    /// Says once that nothing comes since the group gives nothing: it looks like a run that hangs.
    private func tellWaiting() {
        let now = clock.nanoseconds
        guard let since = waitingSince else {
            waitingSince = now
            return
        }
        if since == .max || now - since < Self.silenceNanoseconds { return }
        waitingSince = .max
        logger.notice(
            "waiting for partitions: others of the group have them, or one that was killed has not timed out yet")
    }

    func keepAlive() throws {
        metrics?.keepAlivePolls.increment()
        // Records wait in the partitions' own queues, so that polling takes none.
        try consumer.poll(self)
        if let failure { throw failure }
    }

    func take(
        _ lane: LaneIndex, bytesMax: Int, into buffer: UnsafeMutableBufferPointer<RecordReference>
    ) throws -> Engine.Taken {
        let partition = partitions[lane.rawValue]
        let taken = consumer.take(
            partition, max: min(buffer.count, Self.scratchRecords), bytesMax: bytesMax, into: scratch)
        var guess = guesses[lane.rawValue]
        for index in 0..<taken.count {
            let record = scratch[index]
            buffer.initializeElement(
                at: index, to: RecordReference(record, mayHaveHeaders: guess.mayHaveHeaders(record)))
        }
        guesses[lane.rawValue] = guess
        if let failure = taken.failure {
            if !failure.isRetriable { self.failure = failure }
            metrics?.didFailToRead(failure)
            logger.warning("a partition cannot be read now", metadata: ["reason": "\(failure)"])
        }
        return Engine.Taken(count: taken.count, position: partition.position)
    }

    func isAtEnd(_ lane: LaneIndex) -> Bool { consumer.isAtEnd(partitions[lane.rawValue]) }

    func release(_ records: UnsafeMutableBufferPointer<RecordReference>) { consumer.release(records) }

    func wait(milliseconds: Int) { consumer.wait(milliseconds: milliseconds) }
    func wake() { consumer.wake() }

    func commit(_ commit: OffsetCommit, isFinal: Bool) throws -> CommitOutcome {
        add(commit)
        if !isFinal {
            try sendPending()
            return .accepted
        }
        guard let epoch, !pending.isEmpty else { return .accepted }
        let report = try consumer.commitAndWait(
            Array(pending.values), epoch: epoch, milliseconds: Self.finalCommitMilliseconds)
        pending = [:]
        do throws(KafkaFailure) {
            try noteCommit(report)
        } catch {
            guard error.isSuperseded else { throw error }
            return .superseded(reason: "\(error)")
        }
        return .accepted
    }

    private func noteCommit(_ report: CommitReport) throws(KafkaFailure) {
        if let failure = report.failure ?? report.entries.lazy.compactMap(\.failure).first {
            metrics?.didFailToCommit(failure)
            throw failure
        }
        metrics?.offsetCommits.increment()
    }

    private func add(_ commit: OffsetCommit) {
        for position in commit.positions {
            pending[position.lane.rawValue] = CommitPosition(position, note: commit.note)
        }
    }

    /// One commit is under way at a time; what comes meanwhile waits here.
    private func sendPending() throws {
        guard let epoch, !pending.isEmpty, try commitRetry.maySend(now: clock.nanoseconds) else { return }
        if try consumer.commit(Array(pending.values), epoch: epoch) { pending = [:] }
    }

    func offsets(notBefore recordTime: Int64) throws -> [Int64] {
        // Rounded down: reading a record too much is safe.
        try consumer.offsets(
            atRecordTimeMilliseconds: recordTime / 1_000,
            of: partitions.map { TopicPartition(topic: $0.topic, partition: $0.partition) },
            milliseconds: consumer.answerMilliseconds)
    }

    func header(_ name: StaticString, of record: RecordReference) -> UnsafeRawBufferPointer? {
        guard let handle = record.handle else { return nil }
        return KafkaRecord(handle: handle).withHeader(named: name) { $0 } ?? nil
    }

    func forEachHeader(of record: RecordReference, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer?) -> Void) {
        guard let handle = record.handle else { return }
        KafkaRecord(handle: handle).forEachHeader(body)
    }

    /// Leaves the group; the engine is told to drain first.
    func close(_ observer: any SourceObserver) throws {
        self.observer = observer
        // The engine holds its source: they would keep each other, and the consumer its connections.
        defer { self.observer = nil }
        try consumer.close(self)
        forgetAssignment()
    }
}

extension KafkaSourcePort: KafkaConsumerDelegate {
    func assigned(
        _ assigned: [AssignedPartition], epoch: AssignmentEpoch, consumer: KafkaConsumer
    ) throws(KafkaFailure) -> [Int64] {
        partitions = assigned.map(\.partition)
        guesses = Array(repeating: HeaderGuess(), count: assigned.count)
        self.epoch = epoch
        pending = [:]
        commitRetry = CommitRetry()
        logger.notice(
            "partitions assigned", metadata: ["epoch": "\(epoch.rawValue)", "partitions": "\(assigned.count)"])
        membership = try consumer.membership()
        let lanes = try lanes(assigned)
        let starts = observer?.sourceDidAssign(epoch: epoch.rawValue, lanes: lanes) ?? []
        try commitStarts(lanes, epoch: epoch)
        metrics?.didRebalance(.assigned, partitions: starts.count)
        for start in starts {
            logger.info(
                "partition assigned",
                metadata: [
                    "topic": "\(start.topic)", "partition": "\(start.partition)", "offset": "\(start.offset)",
                    "rebuild_until": "\(start.mutedUntil)",
                ])
        }
        return starts.map(\.offset)
    }

    /// Where a group that had committed nothing begins is committed at once, so that a restart begins there too; and
    /// waited for, so that it cannot land after what is committed later.
    private func commitStarts(_ lanes: [AssignedLane], epoch: AssignmentEpoch) throws(KafkaFailure) {
        let starts = lanes.filter { $0.committed == nil }.map {
            CommitPosition(
                topic: $0.topic, partition: $0.partition, nextOffset: $0.scoresFrom,
                metadata: beginnings[$0.topic]?.note(of: $0.partition) ?? "")
        }
        if starts.isEmpty { return }
        var pace = RetryPace(milliseconds: Self.answerMilliseconds)
        while true {
            let report = try consumer.commitAndWait(starts, epoch: epoch, milliseconds: pace.leftMilliseconds)
            let failures = report.failures
            guard let failure = failures.first else { break }
            metrics?.didFailToCommit(failure)
            noteFailures(failures)
            if let failure = self.failure as? KafkaFailure { throw failure }
            // Where the group has gone on already, the next assignment begins anew.
            if commitRetry.isSuperseded { return }
            if !pace.wait() { throw failure }
        }
        commitRetry.didCommit()
        metrics?.offsetCommits.increment()
    }

    private func lanes(_ assigned: [AssignedPartition]) throws(KafkaFailure) -> [AssignedLane] {
        beginnings = try findBeginnings(assigned)
        let begins = try consumer.startOffsets(of: assigned, otherwise: start)
        var lanes: [AssignedLane] = []
        for (entry, begin) in zip(assigned, begins) {
            let (topic, number) = (entry.partition.topic, entry.partition.partition)
            let marks = try consumer.watermarks(
                topic: topic, partition: number, milliseconds: consumer.answerMilliseconds)
            // "So far back" is a warm-up: windows fill from there, and scores begin with what is new.
            var (begin, scoresFrom) = (begin, begin)
            if entry.committed == nil, beginnings[topic]?.wasAdded(number) == true {
                (begin, scoresFrom) = (marks.low, marks.low)
                tellAdded(topic, number, from: marks.low)
            } else if entry.committed == nil, case .duration = start {
                scoresFrom = marks.high
            }
            lanes.append(
                AssignedLane(
                    topic: topic, partition: number, committed: entry.committed, note: entry.metadata, low: marks.low,
                    high: marks.high, begin: begin, scoresFrom: scoresFrom))
        }
        return lanes
    }

    /// By topic: those with a partition for which nothing is committed. One question a topic, and only then.
    private func findBeginnings(_ assigned: [AssignedPartition]) throws(KafkaFailure) -> [String: GroupBeginning] {
        var found: [String: GroupBeginning] = [:]
        for topic in Set(assigned.filter { $0.committed == nil }.map(\.partition.topic)).sorted() {
            let (committed, count) = try consumer.committed(
                ofTopic: topic, milliseconds: consumer.committedMilliseconds)
            found[topic] = GroupBeginning(committed: committed, partitionCount: count)
        }
        return found
    }

    private func tellAdded(_ topic: String, _ partition: Int32, from offset: Int64) {
        metrics?.partitionsAdded.increment()
        logger.warning(
            """
            a partition was added to a topic that the group reads: it is scored from its first event on; keys have moved \
            between partitions, and where several instances share them the windows of keys that moved to another one \
            begin anew
            """, metadata: ["topic": "\(topic)", "partition": "\(partition)", "offset": "\(offset)"])
    }

    func revoked(epoch: AssignmentEpoch, consumer: KafkaConsumer) {
        logger.info("partitions revoked", metadata: ["epoch": "\(epoch.rawValue)"])
        metrics?.didRebalance(.revoked, partitions: 0)
        observer?.sourceWillRevoke(epoch: epoch.rawValue, isLost: false)
        forgetAssignment()
    }

    func lost(epoch: AssignmentEpoch, consumer: KafkaConsumer) {
        logger.warning("partitions lost to another instance", metadata: ["epoch": "\(epoch.rawValue)"])
        metrics?.didRebalance(.lost, partitions: 0)
        observer?.sourceWillRevoke(epoch: epoch.rawValue, isLost: true)
        forgetAssignment()
    }

    private func forgetAssignment() {
        partitions = []
        pending = [:]
        epoch = nil
        membership = nil
    }

    func committed(_ report: CommitReport) {
        let failures = report.failures
        guard let failure = failures.first else {
            commitRetry.didCommit()
            metrics?.offsetCommits.increment()
            return
        }
        metrics?.didFailToCommit(failure)
        noteFailures(failures)
        // Newer positions that wait already say more.
        for entry in report.entries {
            guard
                let lane = partitions.firstIndex(where: { $0.topic == entry.topic && $0.partition == entry.partition }),
                pending[lane] == nil
            else { continue }
            pending[lane] = CommitPosition(
                topic: entry.topic, partition: entry.partition, nextOffset: entry.offset, metadata: entry.metadata)
        }
    }

    private func noteFailures(_ failures: [KafkaFailure]) {
        let metadata: Logger.Metadata = ["reason": "\(failures[0])"]
        do throws(KafkaFailure) {
            try commitRetry.didFail(failures, now: clock.nanoseconds)
        } catch {
            // Thrown by the poll that this is called from.
            failure = error
            return
        }
        if commitRetry.isSuperseded {
            logger.notice("offsets not committed: the group goes on without this assignment", metadata: metadata)
        } else {
            logger.warning("offsets not committed; the next commit tries again", metadata: metadata)
        }
    }

    func failed(_ failure: KafkaFailure) {
        // A right that is missing is told once, and then looks like a group that has nothing to give.
        if failure.isFatal || failure.isDenied { self.failure = failure }
        metrics?.consumer.didFail(failure)
        logger.warning("kafka", metadata: ["reason": "\(failure)"])
    }
}

extension CommitPosition {
    init(_ position: LanePosition, note: String) {
        self.init(
            topic: position.topic, partition: position.partition, nextOffset: position.offset, metadata: note)
    }
}

import Engine
import Kafka
import Logging

/// The engine's source over a Kafka consumer group.
///
/// A group with committed offsets goes on from them; if this instance does not hold the state that belongs to them,
/// the log is read from its beginning up to them first, muted, so that windows are whole before anything is scored.
// SAFETY: belongs to the engine's thread, but for `wake`, `release` and the reading of headers, which librdkafka
// allows on any.
final class KafkaSourcePort: SourcePort, @unchecked Sendable {
    private let consumer: KafkaConsumer
    private let start: StartPosition
    /// Without windows there is no state to rebuild.
    private let hasState: Bool
    private let logger: Logger
    private var partitions: [KafkaPartition] = []
    private var observer: (any SourceObserver)?
    private var failure: KafkaFailure?
    /// Where a group that had committed nothing begins: committed at once, so that a restart begins there too.
    private var initialOffsets: [Int64?] = []
    private let scratch: UnsafeMutableBufferPointer<KafkaRecord>
    private static let scratchRecords = 4_096

    init(consumer: KafkaConsumer, start: StartPosition, hasState: Bool, logger: Logger) {
        self.consumer = consumer
        self.start = start
        self.hasState = hasState
        self.logger = logger
        scratch = .allocate(capacity: Self.scratchRecords)
    }

    deinit { scratch.deallocate() }

    func poll(_ observer: any SourceObserver) throws {
        self.observer = observer
        try consumer.poll(self)
        if let failure { throw failure }
        if !initialOffsets.isEmpty { try commitInitialOffsets() }
    }

    func keepAlive() throws {
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
        for index in 0..<taken.count {
            let record = scratch[index]
            buffer.initializeElement(
                at: index,
                to: RecordReference(
                    key: record.key.map { UnsafeRawPointer($0) }, keyCount: record.keyCount,
                    value: record.value.map { UnsafeRawPointer($0) }, valueCount: record.valueCount,
                    offset: record.offset,
                    timestamp: record.timestampMicroseconds, handle: record.handle))
        }
        if let failure = taken.failure {
            if !failure.isRetriable { self.failure = failure }
            logger.warning("a partition cannot be read now", metadata: ["reason": "\(failure)"])
        }
        return Engine.Taken(count: taken.count, position: partition.position)
    }

    func isAtEnd(_ lane: LaneIndex) -> Bool { consumer.isAtEnd(partitions[lane.rawValue]) }

    func release(_ records: UnsafeMutableBufferPointer<RecordReference>) {
        withUnsafeTemporaryAllocation(of: KafkaRecord.self, capacity: 256) { batch in
            var count = 0
            for record in records {
                guard let handle = record.handle else { continue }
                batch.initializeElement(at: count, to: KafkaRecord(handle: handle))
                count += 1
                if count == batch.count {
                    consumer.release(UnsafeBufferPointer(rebasing: batch[..<count]))
                    count = 0
                }
            }
            consumer.release(UnsafeBufferPointer(rebasing: batch[..<count]))
        }
    }

    func wait(milliseconds: Int) { consumer.wait(milliseconds: milliseconds) }
    func wake() { consumer.wake() }

    func commit(_ positions: [LanePosition], isFinal: Bool) throws {
        for position in positions {
            try consumer.store(nextOffset: position.offset, of: partitions[position.lane.rawValue])
        }
        if !isFinal {
            try consumer.commitStored()
            return
        }
        let report = try consumer.commitStoredAndWait(milliseconds: 10_000)
        if let failure = report.failure ?? report.entries.lazy.compactMap(\.failure).first { throw failure }
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
        try consumer.close(self)
        partitions = []
    }

    private func commitInitialOffsets() throws {
        var hasOffsets = false
        for (partition, offset) in zip(partitions, initialOffsets) {
            guard let offset else { continue }
            try consumer.store(nextOffset: offset, of: partition)
            hasOffsets = true
        }
        initialOffsets = []
        if hasOffsets { try consumer.commitStored() }
    }
}

extension KafkaSourcePort: KafkaConsumerDelegate {
    func assigned(
        _ assigned: [AssignedPartition], epoch: AssignmentEpoch, consumer: KafkaConsumer
    ) throws(KafkaFailure) -> [Int64] {
        partitions = assigned.map(\.partition)
        let starts = try laneStarts(assigned)
        initialOffsets = assigned.indices.map { assigned[$0].committed == nil ? starts[$0].mutedUntil : nil }
        observer?.sourceDidAssign(epoch: epoch.rawValue, lanes: starts)
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

    private func laneStarts(_ assigned: [AssignedPartition]) throws(KafkaFailure) -> [LaneStart] {
        let resolved = try consumer.startOffsets(of: assigned, otherwise: start)
        let committed = assigned.compactMap { entry in
            entry.committed.map { (topic: entry.partition.topic, partition: entry.partition.partition, offset: $0) }
        }
        let isHeld = committed.count == assigned.count && (observer?.holdsState(for: committed) ?? false)
        var starts: [LaneStart] = []
        for (entry, resolved) in zip(assigned, resolved) {
            let (topic, number) = (entry.partition.topic, entry.partition.partition)
            var (offset, mutedUntil) = (resolved, resolved)
            if let committed = entry.committed {
                let marks = try consumer.watermarks(topic: topic, partition: number, milliseconds: 10_000)
                if committed < marks.low || committed > marks.high {
                    throw KafkaFailure.outOfRange(committed, marks, topic: topic, partition: number)
                }
                if hasState && !isHeld { offset = marks.low }
            } else if case .duration = start {
                mutedUntil = try consumer.watermarks(topic: topic, partition: number, milliseconds: 10_000).high
            }
            starts.append(LaneStart(topic: topic, partition: number, offset: offset, mutedUntil: mutedUntil))
        }
        return starts
    }

    func revoked(epoch: AssignmentEpoch, consumer: KafkaConsumer) {
        logger.info("partitions revoked", metadata: ["epoch": "\(epoch.rawValue)"])
        observer?.sourceWillRevoke(epoch: epoch.rawValue, isLost: false)
        partitions = []
    }

    func lost(epoch: AssignmentEpoch, consumer: KafkaConsumer) {
        logger.warning("partitions lost to another instance", metadata: ["epoch": "\(epoch.rawValue)"])
        observer?.sourceWillRevoke(epoch: epoch.rawValue, isLost: true)
        partitions = []
    }

    func committed(_ report: CommitReport) {
        // What failed stays stored: the next commit takes it along.
        if let failure = report.failure ?? report.entries.lazy.compactMap(\.failure).first {
            logger.warning("offsets not committed; the next commit tries again", metadata: ["reason": "\(failure)"])
        }
    }

    func failed(_ failure: KafkaFailure) {
        if failure.isFatal { self.failure = failure }
        logger.warning("kafka", metadata: ["reason": "\(failure)"])
    }
}

extension KafkaFailure {
    /// A committed offset that the log does not hold: events were lost, or the topic is another one.
    static func outOfRange(_ committed: Int64, _ marks: Watermarks, topic: String, partition: Int32) -> KafkaFailure {
        let reason =
            committed < marks.low
            ? "retention has removed events that were not scored" : "the topic was truncated or made anew"
        return KafkaFailure(
            code: 1,
            message:
                "the group's offset \(committed) of topic \"\(topic)\" partition \(partition) is not in the log, which holds "
                + "\(marks.low) to \(marks.high): \(reason); nothing is skipped by itself: reset the group's offsets, or use a "
                + "new group with \"start:\"",
            isRetriable: false, topic: topic, partition: partition, offset: committed)
    }
}

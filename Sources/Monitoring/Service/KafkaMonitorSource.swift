public import Events
public import Kafka

/// All partitions of the topics that are read, without a group: a monitor is one process, and its place is in its own state.
public final class KafkaMonitorSource: MonitorSource {
    private let consumer: KafkaConsumer
    private let lanes: [MonitorLane]
    /// By lane; `nil`: of dead letters.
    private let decoders: [JSONEventDecoder?]
    private let deadLetters: DeadLetterColumns?
    private let watcher: BrokerWatch
    private let onFailure: (KafkaFailure) -> Void
    private var partitions: [KafkaPartition] = []
    private let scratch: UnsafeMutableBufferPointer<KafkaRecord>
    private static let scratchRecords = 1_024

    public init(
        consumer: KafkaConsumer, lanes: [MonitorLane], plan: MonitorPlan,
        onFailure: @escaping (KafkaFailure) -> Void
    ) {
        self.consumer = consumer
        self.lanes = lanes
        let byRole = Dictionary(
            uniqueKeysWithValues: Set(lanes.map(\.role)).map { ($0, plan.makeDecoder(of: $0)) })
        decoders = lanes.map { byRole[$0.role] ?? nil }
        deadLetters = plan.deadLetters
        watcher = BrokerWatch(onFailure)
        self.onFailure = onFailure
        scratch = .allocate(capacity: Self.scratchRecords)
    }

    deinit { scratch.deallocate() }

    public func begin(at positions: [Int64]) throws {
        partitions = try consumer.read(
            lanes.map { TopicPartition(topic: $0.topic, partition: $0.partition) }, from: positions)
    }

    public func take(lane: Int, into batch: EventBatch) throws -> MonitorTaken {
        let partition = partitions[lane]
        let taken = consumer.take(
            partition, max: min(batch.capacity, Self.scratchRecords), into: scratch)
        for index in 0..<taken.count {
            let record = scratch[index]
            guard let decoder = decoders[lane] else {
                deadLetters?.append(record, lane: Int32(lane), to: batch)
                continue
            }
            decoder.decode(
                value: record.valueBytes, recordTime: record.timestampMicroseconds, offset: record.offset,
                lane: Int32(lane), into: batch)
        }
        consumer.release(UnsafeBufferPointer(rebasing: scratch[..<taken.count]))
        if let failure = taken.failure {
            if !failure.isRetriable { throw failure }
            onFailure(failure)
        }
        return MonitorTaken(position: partition.nextOffset, isAtEnd: taken.reachedEnd)
    }

    public func end(lane: Int) -> Int64? {
        consumer.endHeard(topic: lanes[lane].topic, partition: lanes[lane].partition)
    }

    public func wait(milliseconds: Int) throws {
        consumer.wait(milliseconds: milliseconds)
        try consumer.poll(watcher)
        if let fatal = watcher.fatal { throw fatal }
    }

    public func note(positions: [Int64]) throws {
        let places = zip(partitions, positions).map {
            CommitPosition(topic: $0.topic, partition: $0.partition, nextOffset: $1)
        }
        try consumer.commit(places, epoch: consumer.epoch)
    }
}

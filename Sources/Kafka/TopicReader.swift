/// Reads one partition from an offset up to the end that it had when the reader was opened, outside any group's
/// assignments: for logs that are read as a whole, such as the recorded order, dead letters, or history.
///
/// Only committed records are seen. The end is known even where transaction markers, aborted or compacted records stand
/// before it. It belongs to one thread.
///
///     log   |-- gone --|-- low ............ from ............ end at opening --|-- later, not read --
public final class TopicReader {
    /// What `next` found.
    public enum Step {
        /// Good until the next call of `next`, with all its pointers: copy what is to be kept.
        case record(KafkaRecord)
        /// Nothing came in time; `lastFailure` may say why.
        case nothingYet
        /// Everything up to the end at opening was read. It stays so.
        case end
    }

    public let topic: String
    public let partition: Int32
    /// Where reading begins: as asked, or at the first offset that the log still holds.
    public let startOffset: Int64
    /// The offset behind the last record at opening, of open transactions too. Behind it nothing is read.
    public let endOffset: Int64
    /// What was asked for and is no longer in the log; `nil` where nothing is missing.
    public let skipped: Range<Int64>?
    /// What keeps the brokers from answering at the moment, if it was not the last word.
    public private(set) var lastFailure: KafkaFailure?

    /// After it nothing comes any more.
    private var lastWord: KafkaFailure?
    private let consumer: KafkaConsumer
    private let watcher = BrokerWatch()
    private let buffer: UnsafeMutableBufferPointer<KafkaRecord>
    private var takenCount = 0
    private var givenCount = 0
    /// Behind the last record given.
    private var givenOffset: Int64
    private static let recordsPerTakeMax = 1_024

    /// Asks for the partition's first and next offset; blocks for that.
    ///
    /// - Parameters:
    ///   - group: is named to the brokers and never joined: where access is restricted, one that the user may read.
    ///   - from: the first offset wanted. Behind the end is a failure: the log is another one than it was.
    ///   - prefetch: what is held in memory ahead of `next`.
    ///   - milliseconds: for the brokers' answer.
    public init(
        brokers: String, group: String, properties: KafkaProperties = KafkaProperties(), topic: String,
        partition: Int32, from: Int64, prefetch: KafkaPrefetch = TopicReader.prefetchDefault, milliseconds: Int,
        onLog: @escaping KafkaLogSink = { _ in }
    ) throws(KafkaFailure) {
        precondition(from >= 0, "a start at \(from)")
        let consumer = try KafkaConsumer(
            brokers: brokers, group: group, properties: properties, prefetch: prefetch, onLog: onLog)
        // A transaction may be decided though its marker has not reached this partition yet: what it wrote here is
        // waited for, rather than left out.
        let marks = try KafkaAdmin(
            brokers: brokers, properties: properties, seesOpenTransactions: true, onLog: onLog
        ).watermarks(topic: topic, partition: partition, milliseconds: milliseconds)
        // Its own client has to have heard of the topic, or it waits for librdkafka's look-out, once a second.
        _ = try consumer.watermarks(topic: topic, partition: partition, milliseconds: milliseconds)
        guard from <= marks.high else { throw .notInLog(from, marks, topic: topic, partition: partition) }
        let start = max(from, marks.low)
        _ = try consumer.read([TopicPartition(topic: topic, partition: partition)], from: [start])
        self.consumer = consumer
        self.topic = topic
        self.partition = partition
        startOffset = start
        endOffset = marks.high
        skipped = from < marks.low ? from..<marks.low : nil
        givenOffset = start
        buffer = .allocate(capacity: Self.recordsPerTakeMax)
    }

    deinit {
        releaseTaken()
        buffer.deallocate()
    }

    /// Room for a second's worth at full speed, which is what a full queue costs before librdkafka 2.2.
    public static let prefetchDefault = KafkaPrefetch(bytesMax: 64 << 20, recordsMax: 400_000, partitions: 1)

    /// Everything before this offset has been given, or is not there to be given.
    public var position: Int64 {
        if givenCount < takenCount { return givenOffset }
        return min(endOffset, max(givenOffset, consumer.partitions.first?.position ?? givenOffset))
    }

    /// The next record; waits for it up to `milliseconds`.
    ///
    /// - Throws: what waiting does not mend, such as a missing permission or an offset that retention has overtaken.
    /// Complexity: O(1); the records arrive up to 1,024 at once.
    public func next(milliseconds: Int) throws(KafkaFailure) -> Step {
        let deadline = ContinuousClock.now.advanced(by: .milliseconds(milliseconds))
        var mayWait = true
        while true {
            if givenCount < takenCount {
                let record = buffer[givenCount]
                // A record behind the end is there to be released, not to be given.
                guard record.offset < endOffset else { return .end }
                givenCount += 1
                givenOffset = record.offset + 1
                return .record(record)
            }
            releaseTaken()
            if position >= endOffset { return .end }
            if let lastWord { throw lastWord }
            take()
            if givenCount < takenCount || lastWord != nil || position >= endOffset { continue }
            guard mayWait else { return .nothingYet }
            let left = ContinuousClock.now.duration(to: deadline) / .milliseconds(1)
            mayWait = left > 0
            consumer.wait(milliseconds: max(0, Int(left.rounded(.up))))
            try serve()
        }
    }

    private func take() {
        guard let partition = consumer.partitions.first else { return }
        let taken = consumer.take(partition, max: Self.recordsPerTakeMax, into: buffer)
        takenCount = taken.count
        if taken.count > 0 { lastFailure = nil }
        guard let failure = taken.failure else { return }
        // Records that came before it are given first.
        if failure.isRetriable { lastFailure = failure } else { lastWord = failure }
    }

    private func serve() throws(KafkaFailure) {
        try consumer.poll(watcher)
        if let fatal = watcher.fatal { throw fatal }
        guard let failure = watcher.lastFailure else { return }
        watcher.lastFailure = nil
        lastFailure = failure
    }

    private func releaseTaken() {
        consumer.release(UnsafeBufferPointer(rebasing: buffer[..<takenCount]))
        takenCount = 0
        givenCount = 0
    }
}

import Generation

/// Publishes transactions, and their labels to a topic of their own where there is one: each before the first
/// transaction that is not before it was known.
///
/// Belongs to one thread, as its publishers do.
final class TransactionPublisher {
    let events: TopicPublisher
    /// `nil`: events carry their labels.
    let labels: TopicPublisher?
    private var pending: PendingLabels
    private var key: [UInt8] = []
    private var value: [UInt8] = []

    init(events: TopicPublisher, labels: TopicPublisher? = nil, labelDelayMicroseconds: Int64 = 0) {
        self.events = events
        self.labels = labels
        pending = PendingLabels(delayMicroseconds: labelDelayMicroseconds)
    }

    /// Records that were queued and have not failed.
    var queued: Int { [events.counts, labels?.counts ?? PublishCounts()].reduce(0) { $0 + $1.queued - $1.failed } }

    func serve(milliseconds: Int = 0) throws {
        try events.serve(milliseconds: milliseconds)
        try labels?.serve()
    }

    /// Queues a transaction, behind the labels that are known by now.
    ///
    /// - Parameter change: breaks the event, for a demonstration.
    /// - Returns: whether it was queued; else it has to be given again.
    func publish(
        _ transaction: CardTransaction, timestampMilliseconds: Int64?, stream: TransactionStream,
        onWait: () -> Void = {}, change: (inout [UInt8]) -> Void = { _ in }
    ) throws -> Bool {
        if let labels {
            while let label = pending.next(at: transaction.time) {
                encode(
                    { CardTransactionWriter.appendKey(label, to: &$0) },
                    { CardTransactionWriter.appendJSON(label, to: &$0) })
                guard try send(to: labels, timestampMilliseconds, stream, onWait) else { return false }
                pending.removeFirst()
            }
        }
        encode(
            { CardTransactionWriter.appendKey(transaction, to: &$0) },
            { CardTransactionWriter.appendJSON(transaction, hasLabel: labels == nil, to: &$0) })
        change(&value)
        guard try send(to: events, timestampMilliseconds, stream, onWait) else { return false }
        if labels != nil { pending.add(transaction) }
        return true
    }

    private func encode(_ writeKey: (inout [UInt8]) -> Void, _ writeValue: (inout [UInt8]) -> Void) {
        key.removeAll(keepingCapacity: true)
        value.removeAll(keepingCapacity: true)
        writeKey(&key)
        writeValue(&value)
    }

    private func send(
        to topic: TopicPublisher, _ timestampMilliseconds: Int64?, _ stream: TransactionStream, _ onWait: () -> Void
    ) throws -> Bool {
        try key.withUnsafeBytes { key in
            try value.withUnsafeBytes { value in
                try topic.publish(
                    key: key, value: value, timestampMilliseconds: timestampMilliseconds,
                    onWait: {
                        stream.progress.noteWait()
                        onWait()
                    }, while: { stream.isWanted })
            }
        }
    }
}

import Engine

/// Brokers in memory: input and output logs, the group, and the coordinator of transactions.
///
/// What a broker decides is decided at once; what it tells others (transaction markers) arrives later, when the
/// schedule says so.
final class SimulatedCluster {
    /// A transactional id as its coordinator knows it.
    final class Producer {
        var epoch = 0
        var open: SimulatedTransaction?
        /// Decided; its markers are not all written.
        var ending: SimulatedTransaction?
        /// The last that ended, for who asks again.
        var last: SimulatedTransaction?
        /// The coordinator raised the epoch when it gave up an open transaction of this one.
        var timedOutEpoch: Int?
    }

    enum Refusal: Error, Equatable {
        /// A newer instance has the name, or a transaction was given up.
        case epoch
        /// The transaction before it is still being ended: come again.
        case busy
    }

    var now: Int64 = 0
    var input: [SimulatedPartition]
    /// By `OutputKind.rawValue`.
    var outputs: [[SimulatedPartition]]
    let group: SimulatedGroup
    let transactionMilliseconds: Int64
    private(set) var producers: [Producer] = []
    private var markers: [(transaction: SimulatedTransaction, place: SimulatedTransaction.Place, owner: Producer)] = []
    private var names: [String: Producer] = [:]
    /// Hears of outputs that committed readers will see.
    var onVisible: (_ place: EventPlace, _ kind: Int) -> Void = { _, _ in }
    /// Hears of offsets that are decided with a transaction.
    var onDecided: (_ partition: Int, _ offset: Int64) -> Void = { _, _ in }

    init(group: SimulatedGroup, transactionMilliseconds: Int64) {
        self.group = group
        self.transactionMilliseconds = transactionMilliseconds
        let partition = SimulatedPartition()
        input = Array(repeating: partition, count: group.partitionCount)
        outputs = [Array(repeating: partition, count: group.partitionCount), [partition], [partition]]
    }

    func producer(_ name: String) -> Producer {
        if let found = names[name] { return found }
        let made = Producer()
        names[name] = made
        producers.append(made)
        return made
    }

    // MARK: - Producing

    func append(_ entry: SimulatedEntry, kind: Int, partition: Int) {
        outputs[kind][partition].append(entry)
        guard let place = entry.origin else { return }
        if let transaction = entry.transaction {
            transaction.origins.append((place, kind))
        } else {
            onVisible(place, kind)
        }
    }

    /// Appends within the producer's transaction, which begins with its first record.
    func append(_ entry: SimulatedEntry, kind: Int, partition: Int, producer: Producer, epoch: Int) throws(Refusal) {
        let transaction = try transaction(of: producer, epoch: epoch)
        add(.output(kind: kind, partition: partition), to: transaction)
        var entry = entry
        entry.transaction = transaction
        append(entry, kind: kind, partition: partition)
    }

    private func transaction(of producer: Producer, epoch: Int) throws(Refusal) -> SimulatedTransaction {
        if epoch != producer.epoch { throw .epoch }
        if producer.ending != nil { throw .busy }
        if let open = producer.open { return open }
        let transaction = SimulatedTransaction(startedAt: now)
        producer.open = transaction
        return transaction
    }

    private func add(_ place: SimulatedTransaction.Place, to transaction: SimulatedTransaction) {
        if !transaction.places.contains(place) { transaction.places.append(place) }
    }

    // MARK: - Transactions

    /// Ends what an earlier instance left open, and fences it.
    func initialize(_ producer: Producer) throws(Refusal) -> Int {
        if producer.open != nil {
            decide(producer, .aborted)
            producer.epoch += 1
        }
        if producer.ending != nil { throw .busy }
        producer.epoch += 1
        producer.timedOutEpoch = nil
        return producer.epoch
    }

    func addOffsets(
        _ offsets: [(partition: Int, offset: Int64, note: String)], producer: Producer, epoch: Int
    ) throws(Refusal) {
        let transaction = try transaction(of: producer, epoch: epoch)
        add(.offsets, to: transaction)
        transaction.offsets = offsets
        if !group.pending.contains(where: { $0 === transaction }) { group.pending.append(transaction) }
    }

    /// Ends the open transaction; asked again after the answer was lost, it says the same.
    func end(_ producer: Producer, epoch: Int, _ state: SimulatedTransaction.State) throws(Refusal) {
        if epoch != producer.epoch { throw .epoch }
        if producer.open == nil { return }
        decide(producer, state)
    }

    private func decide(_ producer: Producer, _ state: SimulatedTransaction.State) {
        guard let transaction = producer.open else { return }
        producer.open = nil
        producer.last = transaction
        transaction.state = state
        if !transaction.places.isEmpty { producer.ending = transaction }
        for place in transaction.places { markers.append((transaction, place, producer)) }
        guard state == .committed else { return }
        for (place, kind) in transaction.origins { onVisible(place, kind) }
        for offset in transaction.offsets { onDecided(offset.partition, offset.offset) }
    }

    /// Writes one marker that is due; false: there is none.
    func writeMarker(_ choose: (Int) -> Int) -> Bool {
        if markers.isEmpty { return false }
        let (transaction, place, owner) = markers.remove(at: choose(markers.count))
        switch place {
        case .output(let kind, let partition): outputs[kind][partition].appendMarker(of: transaction)
        case .offsets:
            group.pending.removeAll { $0 === transaction }
            if transaction.state == .committed {
                for entry in transaction.offsets { group.commit(entry.partition, entry.offset, note: entry.note) }
            }
        }
        if !markers.contains(where: { $0.transaction === transaction }) { owner.ending = nil }
        return true
    }

    /// Gives up transactions that were open for too long: their producers are dead or hang.
    func expireTransactions() {
        for producer in producers {
            guard let open = producer.open, now - open.startedAt > transactionMilliseconds else { continue }
            decide(producer, .aborted)
            producer.timedOutEpoch = producer.epoch
            producer.epoch += 1
        }
    }
}

import CRdkafka

/// A producer whose records, together with a group's offsets, are seen all or not at all by readers of committed
/// records.
///
/// `initTransactions` once; then `begin`, produce, `sendOffsets`, `commit` or `abort`, and again. Every failure says
/// what may be called next, and so does `state`; a call out of turn is the caller's bug and traps.
///
/// All calls here belong to one thread and block it, in librdkafka's words, "up to" their milliseconds; `sendOffsets`
/// may take up to `timeoutMilliseconds` longer where a coordinator is away. Records may be produced from any thread
/// between `begin` and `commit`.
///
/// Deliveries: `commit` and `abort` serve them themselves, on their own thread, and do not succeed before `onDelivery`
/// has run for every record of the transaction. No other thread needs to poll meanwhile; if one does, `onDelivery`
/// runs on two threads at once and each of these calls may last 10 ms longer. In a long transaction `poll` now and
/// then, or the deliveries pile up. After `abort` every record that was not delivered comes back as failed
/// (`_PURGE_QUEUE`, `_PURGE_INFLIGHT`): that is no failure of its own.
///
/// A `produce` that is answered with `_STATE` means that the open transaction has failed meanwhile: `commit` says why
/// without committing anything, `abort` goes on. Any other record that is refused at once is simply not part of the
/// transaction, which would commit without it: look at every `ProduceOutcome`.
///
/// After an abort because of a record that a broker refused, librdkafka 2.0 fails the next transaction once more
/// (`OUT_OF_ORDER_SEQUENCE_NUMBER`): allow three attempts.
///
/// An instance that dies leaves its transaction open for `timeoutMilliseconds`, or until another one with its
/// transactional id calls `initTransactions`; readers of committed records wait that long.
// SAFETY: librdkafka's producer is thread-safe; `state` is the transaction thread's.
public final class TransactionalProducer: @unchecked Sendable {
    /// Takes the records, as any producer.
    public let producer: KafkaProducer
    /// How long the brokers keep a transaction open, from its first record or offsets on (`transaction.timeout.ms`).
    public let timeoutMilliseconds: Int
    public private(set) var state = TransactionState.uninitialized

    /// - Parameters:
    ///   - transactionalID: of all producers with the same one, only the last to call `initTransactions` may write; the
    ///     others are fenced.
    ///   - batchBytesMax: as of `KafkaProducer`.
    public init(
        brokers: String, transactionalID: String, properties: KafkaProperties = KafkaProperties(),
        batchBytesMax: Int? = nil,
        onDelivery: @escaping (Delivery) -> Void, onFailure: @escaping (KafkaFailure) -> Void = { _ in },
        onLog: @escaping KafkaLogSink = { _ in }, statistics: (any KafkaStatisticsSink)? = nil
    ) throws(KafkaFailure) {
        guard !transactionalID.isEmpty else { throw .invalidArgument("a transactional id must not be empty") }
        let configuration = try properties.makeConfiguration(
            brokers: brokers, role: .transactionalProducer(id: transactionalID))
        configuration.limitBatch(to: batchBytesMax)
        timeoutMilliseconds = properties.transactionTimeoutMilliseconds
        producer = try KafkaProducer(
            configuration, onDelivery: onDelivery, onFailure: onFailure, onLog: onLog, statistics: statistics)
    }

    /// Ends what an earlier instance with the same transactional id left open, and keeps that one from writing.
    ///
    /// Once, before anything is read that an open transaction of that instance could still commit: where a group stands
    /// is certain only after it.
    public func initTransactions(milliseconds: Int) throws(TransactionFailure) {
        try make(.initialize) { rd_kafka_init_transactions(producer.client.pointer, Self.timeout(milliseconds)) }
    }

    /// From now on records may be produced; they belong to this transaction. Sends nothing.
    public func begin() throws(TransactionFailure) {
        try make(.begin) { rd_kafka_begin_transaction(producer.client.pointer) }
    }

    /// Lets the group go on behind these positions if the transaction commits.
    ///
    /// Where the call is made again after `retriable`, it must be with the same positions and membership. Nothing is
    /// sent for no positions.
    ///
    /// - Parameter membership: `KafkaConsumer.membership` of the assignment in which the records were read.
    public func sendOffsets(
        _ positions: [CommitPosition], membership: GroupMembership, milliseconds: Int
    ) throws(TransactionFailure) {
        let list = TopicPartitionList(positions)
        try make(.sendOffsets) {
            rd_kafka_send_offsets_to_transaction(
                producer.client.pointer, list.pointer, membership.pointer, Self.timeout(milliseconds))
        }
    }

    /// Waits until all records are delivered, then makes them and the offsets visible.
    ///
    /// After `retriable` it goes on in the background and may have taken effect: only `commit` may be called, until it
    /// succeeds or fails otherwise. A doubt that does not end means exit: the next `initTransactions` ends it.
    public func commit(milliseconds: Int) throws(TransactionFailure) {
        try make(.commit) { rd_kafka_commit_transaction(producer.client.pointer, Self.timeout(milliseconds)) }
    }

    /// Drops what is queued, and makes void what was sent since `begin`.
    ///
    /// After `retriable` only `abort` may be called, until it succeeds or fails otherwise.
    public func abort(milliseconds: Int) throws(TransactionFailure) {
        try make(.abort) { rd_kafka_abort_transaction(producer.client.pointer, Self.timeout(milliseconds)) }
    }

    private func make(_ call: TransactionCall, _ body: () -> OpaquePointer?) throws(TransactionFailure) {
        precondition(state.allows(call), "\(call) of a transaction that is \(state)")
        guard let error = body() else {
            state = state.after(call, failing: nil)
            return
        }
        var verdict = TransactionVerdict(
            code: rd_kafka_error_code(error).rawValue, isRetriable: rd_kafka_error_is_retriable(error) != 0,
            requiresAbort: rd_kafka_error_txn_requires_abort(error) != 0, isFatal: rd_kafka_error_is_fatal(error) != 0)
        var failure = KafkaFailure(consuming: error)
        // What lies behind "fatal" is asked for: it may be a fencing.
        if verdict.code == RD_KAFKA_RESP_ERR__FATAL.rawValue, let cause = producer.client.fatalFailure() {
            failure = cause
            verdict.code = cause.code
            verdict.isFatal = true
        }
        let kind = TransactionFailure.Kind(verdict, of: call)
        state = state.after(call, failing: kind)
        throw TransactionFailure(kind: kind, failure: failure)
    }

    /// Never librdkafka's -1: it could last for ever.
    private static func timeout(_ milliseconds: Int) -> Int32 { Int32(clamping: max(0, milliseconds)) }
}

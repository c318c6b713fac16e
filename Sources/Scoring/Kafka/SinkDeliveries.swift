import Engine
import Kafka
import Logging
import Synchronization

/// What a producer says of records on their way, told to the engine.
///
/// It knows the producer neither strongly nor weakly, so that the producer may hold it: this runs for each output.
// SAFETY: `observer` changes only before anything is sent and after all threads have stopped; the rest is constant or
// atomic.
final class SinkDeliveries: @unchecked Sendable {
    /// Tokens are counted up from 0: the highest bit is free to tell an order's acknowledgement from an output's.
    static let orderBit: UInt64 = 1 << 63

    var observer: (any SinkObserver)?
    private let logger: Logger
    private let metrics: RunMetrics?
    /// `transaction.timeout.ms`; `nil`: there are no transactions.
    private let transactionMilliseconds: Int?
    /// A record was given up for good, and the engine stops; read by the thread that serves.
    private(set) var hasFailed = false
    /// Behind the last acknowledged order.
    private let orderEnd = Atomic<Int64>(-1)

    init(logger: Logger, metrics: RunMetrics? = nil, transactionMilliseconds: Int? = nil) {
        self.logger = logger
        self.metrics = metrics
        self.transactionMilliseconds = transactionMilliseconds
    }

    /// No order that is not yet acknowledged will stand before this offset; -1: not known.
    var orderPosition: Int64 { orderEnd.load(ordering: .relaxed) }

    /// Outside transactions each delivery is an acknowledgement.
    func acknowledge(_ delivery: Delivery) {
        note(delivery)
        if delivery.isDelivered {
            observer?.sinkDidAcknowledge(token: delivery.token & ~Self.orderBit)
        } else if let failure = delivery.failure {
            hasFailed = true
            observer?.sinkDidFail(token: delivery.token & ~Self.orderBit, error: failure)
        }
    }

    /// Inside them the commit is; of a delivery only the place of an order is wanted.
    func note(_ delivery: Delivery) {
        if !delivery.isDelivered && !delivery.isPurged { metrics?.didFailToDeliver(code: delivery.errorCode) }
        guard delivery.token & Self.orderBit != 0, delivery.isDelivered, delivery.offset >= 0 else { return }
        orderEnd.max(delivery.offset + 1, ordering: .relaxed)
    }

    func report(_ failure: KafkaFailure) {
        logger.warning("kafka producer", metadata: ["reason": "\(failure)"])
        metrics?.producer.didFail(failure)
        if failure.isFatal { observer?.sinkDidFail(token: 0, error: named(failure)) }
    }

    /// librdkafka may tell of a fencing here before any call of the transaction meets it.
    private func named(_ failure: KafkaFailure) -> any Error {
        guard let transactionMilliseconds, failure.isFencing else { return failure }
        return TransactionFenced(failure: failure, timeoutMilliseconds: transactionMilliseconds)
    }
}

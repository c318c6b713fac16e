import CoreMetrics
import Engine
import Kafka
import Logging

/// Transactions of the engine over librdkafka's: every call is repeated while its outcome is in doubt.
final class KafkaTransactionPort: TransactionPort {
    private let producer: TransactionalProducer
    private let logger: Logger
    private let metrics: RunMetrics?
    /// What is to be aborted belongs to an assignment that is over.
    private var isStale = false
    /// How long one call may block before it says that it is not done yet.
    private static let callMilliseconds = 5_000
    /// How long a doubt may last: the brokers have ended the transaction by then, one way or the other.
    private static let doubtMilliseconds = 60_000
    /// A coordinator that is away is waited for so long at the start.
    private static let initializeMilliseconds = 60_000

    static let committedMessage: Logger.Message = "transaction committed"

    init(_ producer: TransactionalProducer, logger: Logger, metrics: RunMetrics? = nil) {
        self.producer = producer
        self.logger = logger
        self.metrics = metrics
    }

    func initialize() throws {
        try repeated("init transactions", for: Self.initializeMilliseconds) {
            try producer.initTransactions(milliseconds: Self.callMilliseconds)
        }
    }

    func begin() throws { try naming { try producer.begin() } }

    func commit(_ commit: OffsetCommit, membership: AnyObject?) throws -> TransactionOutcome {
        let start = ContinuousClock.now
        do {
            if !commit.positions.isEmpty {
                guard let membership = membership as? GroupMembership else {
                    return .stale(reason: "the assignment is over")
                }
                let positions = commit.positions.map { CommitPosition($0, note: commit.note) }
                try repeated("send offsets", for: Self.doubtMilliseconds) {
                    try producer.sendOffsets(
                        positions, membership: membership, milliseconds: Self.callMilliseconds)
                }
            }
            try repeated("commit", for: Self.doubtMilliseconds) {
                try producer.commit(milliseconds: Self.callMilliseconds)
            }
            metrics?.didCommit(in: ContinuousClock.now - start)
            logger.debug(Self.committedMessage)
            return .committed
        } catch let failure as TransactionFailure {
            switch failure.kind {
            case .needsAbort:
                metrics?.transactionsResent.increment()
                logger.warning("transaction failed; it is sent again", metadata: ["reason": "\(failure.failure)"])
                return .failed(reason: "\(failure.failure)")
            case .staleMembership:
                isStale = true
                logger.warning("transaction of an assignment that is over", metadata: ["reason": "\(failure.failure)"])
                return .stale(reason: "\(failure.failure)")
            case .retriable: throw TransactionInDoubt(failure: failure)
            case .fenced, .fatal: throw failure
            }
        }
    }

    func abort() throws {
        try repeated("abort", for: Self.doubtMilliseconds) { try producer.abort(milliseconds: Self.callMilliseconds) }
        if isStale { metrics?.transactionsStale.increment() } else { metrics?.transactionsAborted.increment() }
        isStale = false
    }

    /// Whether a refused record was refused because its transaction has failed already.
    func isVoid(_ failure: KafkaFailure) -> Bool {
        !failure.isFatal && failure.name == "_STATE" && producer.state == .open
    }

    /// Says what a fencing is.
    private func naming(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let failure as TransactionFailure where failure.kind == .fenced {
            throw TransactionFenced(failure: failure.failure, timeoutMilliseconds: producer.timeoutMilliseconds)
        }
    }

    /// Calls until the outcome is known, or for so long.
    func repeated(_ what: String, for milliseconds: Int, _ body: () throws -> Void) throws {
        var pace = RetryPace(milliseconds: milliseconds)
        while true {
            do {
                try naming(body)
                return
            } catch let failure as TransactionFailure where failure.kind == .retriable {
                metrics?.didDoubt(what)
                logger.warning(
                    "transaction: \(what) is not answered; it is asked again",
                    metadata: ["reason": "\(failure.failure)"])
                // Some refusals come at once: a broker that restarts is not to be flooded.
                if !pace.wait() { throw failure }
                _ = producer.producer.poll(milliseconds: 0)
            }
        }
    }
}

/// The cluster takes nothing more from this instance's producer.
///
/// A coordinator that ends a transaction which lasts too long, and another producer of the same name, cannot be told
/// apart: both raise the producer's epoch, and that is all that is heard of it.
struct TransactionFenced: Error, CustomStringConvertible {
    let failure: KafkaFailure
    /// `transaction.timeout.ms`
    let timeoutMilliseconds: Int

    var description: String {
        let timeout =
            timeoutMilliseconds % 1_000 == 0 ? "\(timeoutMilliseconds / 1_000) s" : "\(timeoutMilliseconds) ms"
        return "the cluster has ended this instance's transactions: \(failure). Either one was open for longer than "
            + "transaction.timeout.ms (\(timeout)), because the process or its network stood still for so long: start "
            + "again, nothing is lost or doubled. Or another instance with the same \"kafka.instance\" runs: give each "
            + "its own"
    }
}

/// Whether a transaction took effect could not be found out in time.
struct TransactionInDoubt: Error, CustomStringConvertible {
    let failure: TransactionFailure

    var description: String {
        "whether a transaction was committed is not known: \(failure.failure); start again: the next start finds out before it "
            + "reads anything"
    }
}

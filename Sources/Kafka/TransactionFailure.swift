import CRdkafka

/// Why a call of a `TransactionalProducer` did not do what it was to do, and what may be done about it.
public struct TransactionFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: Hashable, Sendable, CaseIterable {
        /// Call the same again with the same arguments, after a short wait: it is resumed. Of `commit` and `abort` it
        /// is not known whether they have taken effect, and nothing else may be called until it is.
        case retriable
        /// The transaction has failed: `abort`, then the same may be sent in a new one. Bound how often: an
        /// authorisation that is missing, say, does not come back by itself.
        case needsAbort
        /// The group has gone on without this assignment: `abort`, then discard what was read in it. Sent again it
        /// would be there twice.
        case staleMembership
        /// Another producer has the same transactional id: exit; it has ended what this one had open.
        case fenced
        /// This producer can never go on: exit. The brokers abort what it had open.
        case fatal
    }

    public let kind: Kind
    public let failure: KafkaFailure

    public init(kind: Kind, failure: KafkaFailure) {
        self.kind = kind
        self.failure = failure
    }

    public var description: String { "\(failure) (\(kind))" }
}

/// The calls that a transaction is made of.
enum TransactionCall: Hashable, CaseIterable {
    case initialize
    case begin
    case sendOffsets
    case commit
    case abort
}

/// librdkafka's verdict on a transactional call.
struct TransactionVerdict: Hashable {
    var code: Int32
    var isRetriable = false
    var requiresAbort = false
    var isFatal = false
}

extension TransactionFailure.Kind {
    /// What a verdict means for the call that met it.
    ///
    /// librdkafka's flags decide, except for what they do not tell apart: a group that has gone on, and a fenced
    /// producer (of which some ways of hearing are only flagged as "abort", which could not succeed). Without any flag
    /// librdkafka's own advice is to take it as fatal.
    init(_ verdict: TransactionVerdict, of call: TransactionCall) {
        if Self.fencedAlways.contains(verdict.code) || (verdict.isFatal && Self.fencedIfFatal.contains(verdict.code)) {
            self = .fenced
        } else if verdict.isFatal {
            self = .fatal
        } else if verdict.requiresAbort {
            switch call {
            case .initialize, .begin: self = .fatal
            case .abort: self = .retriable
            case .sendOffsets, .commit: self = Self.stale.contains(verdict.code) ? .staleMembership : .needsAbort
            }
        } else {
            self = verdict.isRetriable ? .retriable : .fatal
        }
    }

    private static let fencedAlways: Set<Int32> = [
        RD_KAFKA_RESP_ERR__FENCED.rawValue, RD_KAFKA_RESP_ERR_PRODUCER_FENCED.rawValue,
    ]
    private static let fencedIfFatal: Set<Int32> = [RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH.rawValue]
    private static let stale: Set<Int32> = [
        RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION.rawValue, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID.rawValue,
        RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID.rawValue,
        // Kafka's FENCED_MEMBER_EPOCH and STALE_MEMBER_EPOCH, which librdkafka 2.0 has no names for.
        110, 113,
    ]
}

/// Where a transactional producer stands.
public enum TransactionState: Hashable, Sendable, CaseIterable {
    /// Only `initTransactions` may be called.
    case uninitialized
    /// Between transactions: only `begin`.
    case ready
    /// Records are taken; then `sendOffsets`, `commit` or `abort`.
    case open
    /// The transaction has failed: only `abort`.
    case mustAbort
    /// In doubt: only `commit`.
    case committing
    /// In doubt: only `abort`.
    case aborting
    /// Nothing may be called.
    case failed

    func allows(_ call: TransactionCall) -> Bool {
        switch self {
        case .uninitialized: call == .initialize
        case .ready: call == .begin
        case .open: call == .sendOffsets || call == .commit || call == .abort
        case .mustAbort, .aborting: call == .abort
        case .committing: call == .commit
        case .failed: false
        }
    }

    /// - Parameter failure: `nil` where the call has succeeded.
    func after(_ call: TransactionCall, failing failure: TransactionFailure.Kind?) -> TransactionState {
        switch failure {
        case .fenced, .fatal: return .failed
        case .needsAbort, .staleMembership: return .mustAbort
        case .retriable:
            switch call {
            case .commit: return .committing
            case .abort: return .aborting
            case .initialize, .begin, .sendOffsets: return self
            }
        case nil:
            switch call {
            case .begin, .sendOffsets: return .open
            case .initialize, .commit, .abort: return .ready
            }
        }
    }
}

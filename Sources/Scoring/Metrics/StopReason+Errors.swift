import Engine
import Kafka
import Telemetry

extension StopReason {
    init(_ error: any Error) {
        switch error {
        case is OffsetOutOfRange: self = .offsetOutOfRange
        case is IncompleteState: self = .incompleteState
        case is AccountingMismatch: self = .books
        case is StateDirectoryInUse: self = .stateDirectoryInUse
        case is TransactionFenced: self = .fenced
        case is TransactionInDoubt: self = .transactionInDoubt
        case is OrderUnreadable, is OrderRecordError: self = .order
        case let failure as Kafka.TransactionFailure:
            self = failure.kind == .fenced ? .fenced : StopReason(failure.failure)
        case let failure as KafkaFailure: self = StopReason(failure)
        case let failure as any EngineStop: self = StopReason(failure)
        default: self = .other
        }
    }

    private init(_ failure: KafkaFailure) {
        switch failure.name {
        case "OFFSET_OUT_OF_RANGE", "_AUTO_OFFSET_RESET": self = .offsetOutOfRange
        case "TOPIC_AUTHORIZATION_FAILED", "GROUP_AUTHORIZATION_FAILED", "CLUSTER_AUTHORIZATION_FAILED",
            "TRANSACTIONAL_ID_AUTHORIZATION_FAILED", "_AUTHENTICATION", "SASL_AUTHENTICATION_FAILED":
            self = .notAuthorized
        case "_MSG_TIMED_OUT": self = .notDelivered
        case "_FENCED", "FENCED_INSTANCE_ID", "INVALID_PRODUCER_EPOCH", "PRODUCER_FENCED": self = .fenced
        default: self = .kafka
        }
    }

    private init(_ stop: any EngineStop) {
        switch stop.stop {
        case .recordTooLarge: self = .recordTooLarge
        case .transactionsFailed: self = .transactionFailed
        }
    }
}

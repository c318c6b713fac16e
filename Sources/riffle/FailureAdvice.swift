import Kafka

/// The next step after a failure of the cluster, for whoever typed the command.
enum FailureAdvice {
    /// `nil` where the failure says it itself, or is none of the cluster.
    static func text(for error: any Error) -> String? {
        guard let failure = error as? KafkaFailure else { return nil }
        switch failure.name {
        case "_TRANSPORT", "_ALL_BROKERS_DOWN", "_RESOLVE":
            return "no broker answers: is the cluster up, and are the addresses (kafka.brokers, --brokers) and "
                + "security.protocol its own?"
        case "_AUTHENTICATION", "SASL_AUTHENTICATION_FAILED", "UNSUPPORTED_SASL_MECHANISM", "ILLEGAL_SASL_STATE":
            return "the cluster refuses the user: look at sasl.mechanism, user name and password (docs/SECURITY.md)"
        case "_SSL":
            return "the connection cannot be secured: is the broker's certificate from ssl.ca.location and for the "
                + "name in kafka.brokers, and security.protocol its own? (docs/SECURITY.md)"
        case "TOPIC_AUTHORIZATION_FAILED", "GROUP_AUTHORIZATION_FAILED", "CLUSTER_AUTHORIZATION_FAILED",
            "TRANSACTIONAL_ID_AUTHORIZATION_FAILED":
            return "the user lacks a right: docs/SECURITY.md lists those that are needed"
        case "UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC", "_UNKNOWN_PARTITION":
            return "make the topic, or correct its name: `riffle check PIPELINE` lists all of them"
        case "LEADER_NOT_AVAILABLE", "NOT_LEADER_FOR_PARTITION", "OFFSET_NOT_AVAILABLE":
            return "a partition has no leader that answers: is one of its brokers down?"
        default: return nil
        }
    }
}

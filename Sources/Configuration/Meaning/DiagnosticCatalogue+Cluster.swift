public import Diagnostics

extension DiagnosticCatalogue {
    /// What `riffle check --online` has against a cluster.
    public static let cluster: [DiagnosticEntry] = [
        .init(
            "cluster-unreachable", "No broker answers, or none of them lets the user in.",
            remedy: "Check addresses, `security.protocol` and credentials, and that the cluster is up."),
        .init(
            "missing-topic", "A source's topic is not in the cluster, or the user may not see it.",
            remedy: "Make it, correct its name, or let the user describe it."),
        .init(
            "topic-to-make", "A topic that is written to is not there yet.",
            remedy: "Make it yourself to choose its replicas and retention; else it is made with the brokers' defaults."
        ),
        .init(
            "order-partitions", "The topic of the order has more than one partition.",
            remedy: "Name another under `order.topic`."),
        .init(
            "partitions-differ", "Scores and events have different numbers of partitions.",
            remedy: "Give both as many, where somebody joins them by partition."),
        .init(
            "short-retention",
            "A source's topic forgets events that windows need again after a restart without a snapshot.",
            remedy: "Raise the topic's `retention.ms`, and keep snapshots by `state.directory`."),
        .init(
            "compacted-topic", "A topic is compacted, so that earlier records of a key go.",
            remedy: "Set `cleanup.policy=delete`."),
        .init(
            "small-dead-letters", "The topic of dead letters takes smaller records than events may be.",
            remedy: "Raise its `max.message.bytes`, or lower `limits.event_bytes`."),
        .init(
            "unknown-retention", "The brokers do not tell what topics retain.",
            remedy: "Let the user describe configurations of topics, or look yourself."),
        .init(
            "unknown-group", "The brokers do not tell what the group has read.",
            remedy: "Give the user the right to read with the group."),
    ]
}

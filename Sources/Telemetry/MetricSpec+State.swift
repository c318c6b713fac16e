/// The cluster, state, models and the process.
extension MetricSpec {
    // MARK: - The cluster

    public static let kafkaErrors = MetricSpec(
        "riffle_kafka_errors_total", .counter,
        "What librdkafka reported of connections, brokers and the group; most of it passes by itself.",
        labels: [.client, .code], seriesMax: 64)
    public static let partitionReadFailures = MetricSpec(
        "riffle_partition_read_failures_total", .counter, "Times that a partition could not be read.", labels: [.code])
    public static let kafkaBrokers = MetricSpec(
        "riffle_kafka_brokers", .gauge, "Brokers that the client knows of.", labels: [.client])
    public static let kafkaBrokersUp = MetricSpec(
        "riffle_kafka_brokers_up", .gauge,
        "Brokers that the client is connected to; it connects to those that it needs.", labels: [.client])
    public static let kafkaDisconnects = MetricSpec(
        "riffle_kafka_disconnects_total", .counter, "Connections that ended.", labels: [.client])
    public static let kafkaRequestRetries = MetricSpec(
        "riffle_kafka_request_retries_total", .counter, "Requests that were sent again.", labels: [.client])
    public static let kafkaRequestTimeouts = MetricSpec(
        "riffle_kafka_request_timeouts_total", .counter, "Requests that no answer came to in time.", labels: [.client])
    public static let kafkaRequestErrors = MetricSpec(
        "riffle_kafka_request_errors_total", .counter,
        "Requests that could not be sent, and answers that could not be read.",
        labels: [.client])
    public static let kafkaThrottledSeconds = MetricSpec(
        "riffle_kafka_throttled_seconds_total", .counter, "Time for which brokers asked the client to wait.",
        labels: [.client])
    public static let kafkaCoordinatorMoves = MetricSpec(
        "riffle_kafka_coordinator_moves_total", .counter,
        "Changes of the broker that coordinates the group or the transactions, as far as statistics show them.",
        labels: [.client])
    public static let kafkaStatisticsRefused = MetricSpec(
        "riffle_kafka_statistics_refused_total", .counter,
        "Statistics of librdkafka that were too long or could not be read: what rests on them is out of date.",
        labels: [.client])

    static let cluster = [
        kafkaErrors, partitionReadFailures, kafkaBrokers, kafkaBrokersUp, kafkaDisconnects, kafkaRequestRetries,
        kafkaRequestTimeouts, kafkaRequestErrors, kafkaThrottledSeconds, kafkaCoordinatorMoves, kafkaStatisticsRefused,
    ]

    // MARK: - State

    public static let stateKeys = MetricSpec("riffle_state_keys", .gauge, "Keys in memory, all entities together.")
    public static let stateBytes = MetricSpec(
        "riffle_state_bytes", .gauge, "Bytes reserved for them and their windows.")
    public static let stateKeysEvicted = MetricSpec(
        "riffle_state_keys_evicted_total", .counter,
        "Keys dropped at limits.keys_per_entity with events still in their windows.")
    public static let stateEventsForgotten = MetricSpec(
        "riffle_state_events_forgotten_total", .counter,
        "Events that left a key's windows early, since the key had too many.")
    public static let snapshotsWritten = MetricSpec("riffle_snapshots_written_total", .counter, "Snapshots written.")
    public static let snapshotsFailed = MetricSpec(
        "riffle_snapshots_failed_total", .counter,
        "Snapshots that could not be written, and old ones that could not be deleted.")
    public static let snapshotsRefused = MetricSpec(
        "riffle_snapshots_refused_total", .counter, "Snapshots that were passed over when state was restored.")
    public static let snapshotSeconds = MetricSpec(
        "riffle_snapshot_seconds", .histogram(bounds: Bounds.rebuilds),
        "Time from the beginning of a snapshot until it was durable; the stream goes on meanwhile.")
    public static let snapshotBytes = MetricSpec("riffle_snapshot_bytes", .gauge, "Size of the last snapshot written.")
    public static let snapshotTimestamp = MetricSpec(
        "riffle_snapshot_timestamp_seconds", .gauge, "When this process wrote its last snapshot, seconds since 1970.")
    public static let snapshotAge = MetricSpec(
        "riffle_snapshot_age_seconds", .gauge,
        "Time since this process wrote its last snapshot, or since its start where it has written none.")
    public static let restores = MetricSpec(
        "riffle_restores_total", .counter, "Rebuilds of windows by what they began from.",
        labels: [MetricLabel("source", ["snapshot", "horizon", "whole-log"])])
    public static let restoreSeconds = MetricSpec(
        "riffle_restore_seconds", .histogram(bounds: Bounds.rebuilds), "Time until windows were whole again.")
    public static let restoreOffsets = MetricSpec(
        "riffle_restore_offsets", .gauge, "Offsets that the last rebuild has to read, or had to.")
    public static let restoreOffsetsDone = MetricSpec(
        "riffle_restore_offsets_done", .gauge, "How many of them are read.")
    public static let orderGaps = MetricSpec(
        "riffle_order_gaps_total", .counter, "Rebuilds for which the order topic no longer reached back far enough.")
    public static let incompleteStarts = MetricSpec(
        "riffle_incomplete_starts_total", .counter, "Times that scoring began with windows that the log could not fill."
    )
    public static let incompleteFeatures = MetricSpec(
        "riffle_incomplete_features", .gauge,
        "Features whose windows were not whole when scoring began; the log says until when.")

    static let state = [
        stateKeys, stateBytes, stateKeysEvicted, stateEventsForgotten, snapshotsWritten, snapshotsFailed,
        snapshotsRefused, snapshotSeconds, snapshotBytes, snapshotTimestamp, snapshotAge, restores, restoreSeconds,
        restoreOffsets, restoreOffsetsDone, orderGaps, incompleteStarts, incompleteFeatures,
    ]

    // MARK: - Models

    public static let modelSwaps = MetricSpec(
        "riffle_model_swaps_total", .counter, "Times that new model files took the place of those that scored.")
    public static let modelSwapFailures = MetricSpec(
        "riffle_model_swap_failures_total", .counter,
        "Times that a new model file was refused, so that the models before it went on; the log says why.")

    static let models = [modelSwaps, modelSwapFailures]

    // MARK: - The process

    public static let startTimestamp = MetricSpec(
        "riffle_start_timestamp_seconds", .gauge,
        "When the run began, seconds since 1970; it changes with each restart.")
    public static let stops = MetricSpec(
        "riffle_stops_total", .counter, "Ends of the run: 1 in the last exposition of a process.",
        labels: [MetricLabel("reason", StopReason.allCases.map(\.rawValue))])
    public static let carefulRestarts = MetricSpec(
        "riffle_careful_restarts_total", .counter,
        "Starts after a process that did not end in order: what it was working on goes one event at a time.")
    public static let quarantined = MetricSpec(
        "riffle_quarantined_events_total", .counter, "Events that killed the process twice and became dead letters.")
    public static let clockSteps = MetricSpec(
        "riffle_clock_steps_total", .counter, "Times that the wall clock was set by more than a second.",
        labels: [MetricLabel("direction", ["forward", "backward"])])
    public static let residentBytes = MetricSpec(
        "riffle_resident_memory_bytes", .gauge, "Memory of the process that is in RAM.")
    public static let metricsFileFailures = MetricSpec(
        "riffle_metrics_file_failures_total", .counter, "Times that the metrics file could not be written.")

    /// What every process shows that serves a pipeline.
    static let everyProcess = [startTimestamp, residentBytes, metricsFileFailures]

    static let process = [
        startTimestamp, stops, carefulRestarts, quarantined, clockSteps, residentBytes, metricsFileFailures,
    ]
}

/// Events, delivery and the group.
extension MetricSpec {
    private static let partitionsMax = 512
    private static func perPartition(_ name: String, _ kind: Kind, _ help: String) -> MetricSpec {
        MetricSpec(name, kind, help, labels: [.topic, .partition], seriesMax: partitionsMax)
    }

    // MARK: - Events

    public static let eventsConsumed = perPartition(
        "riffle_events_consumed_total", .counter, "Records taken from the source, those that are read again included.")
    public static let eventsScored = perPartition(
        "riffle_events_scored_total", .counter, "Events whose scores are acknowledged or committed.")
    public static let eventsAbsorbed = perPartition(
        "riffle_events_absorbed_total", .counter,
        "Events of sources that are not scored: they entered windows and have no output.")
    public static let eventsDeadLettered = perPartition(
        "riffle_events_dead_lettered_total", .counter, "Events that went to the dead-letter topic.")
    public static let eventsLateDropped = perPartition(
        "riffle_events_late_dropped_total", .counter, "Late events that were dropped, as late.then asks for.")
    public static let eventsMuted = perPartition(
        "riffle_events_muted_total", .counter, "Events that were read to rebuild windows and produced nothing.")
    public static let eventsReleased = perPartition(
        "riffle_events_released_total", .counter,
        "Events given up with their partition before they were finished; its next owner reads them again.")
    public static let eventsInFlight = perPartition(
        "riffle_events_in_flight", .gauge, "Events taken and not finished yet.")
    public static let offsetsSkipped = perPartition(
        "riffle_offsets_skipped_total", .counter,
        "Offsets that hold no event: transaction markers, and what compaction removed.")
    public static let consumerLag = perPartition(
        "riffle_consumer_lag_offsets", .gauge,
        "Offsets between what is finished and the end of the partition as the last fetch told it.")
    public static let deadLetters = MetricSpec(
        "riffle_dead_letters_total", .counter,
        "Dead letters by the topic of their events and what was wrong with them.",
        labels: [.topic, MetricLabel("code")], seriesMax: 256)
    public static let eventsLate = perPartition(
        "riffle_events_late_total", .counter,
        "Events older than the watermark by more than late.after, whatever became of them.")
    public static let mergeWaits = perPartition(
        "riffle_merge_waits_total", .counter,
        "Times that other partitions' events began to wait for this one: it brought nothing and was not at its end.")
    public static let mergeWaitSeconds = perPartition(
        "riffle_merge_wait_seconds_total", .counter, "Time for which other partitions' events waited for this one.")
    public static let mergeWaitsExpired = perPartition(
        "riffle_merge_waits_expired_total", .counter,
        "Times that the merge went on without this partition, which had not caught up within merge.wait.")
    public static let availableTime = perPartition(
        "riffle_available_timestamp_seconds", .gauge,
        "The highest available time of the events taken from the partition, seconds since 1970.")
    public static let batchEvents = MetricSpec(
        "riffle_batch_events", .histogram(bounds: Bounds.batch), "Events of each batch that was scored.")

    public static let eventToScore = MetricSpec(
        "riffle_event_to_score_seconds", .histogram(bounds: Bounds.latencies),
        "From the timestamp of an event's record until its score is computed and on its way to the producer.")
    public static let phaseSeconds = MetricSpec(
        "riffle_phase_seconds_total", .counter,
        "Time spent in each phase, workers side by side counted once; sending goes on beside the others.",
        labels: [MetricLabel("phase", ["decode", "features", "score", "encode", "send"])])

    public static let eventsExplained = MetricSpec(
        "riffle_events_explained_total", .counter, "Scores for which reasons were computed, as model.explain asks.")
    public static let explanationsSkipped = MetricSpec(
        "riffle_explanations_skipped_total", .counter,
        "Scores that wanted reasons and have none, since model.explain.budget was spent.")

    static let events = [
        eventsConsumed, eventsScored, eventsAbsorbed, eventsDeadLettered, eventsLateDropped, eventsMuted,
        eventsReleased,
        eventsInFlight, offsetsSkipped, consumerLag, availableTime, eventsLate, deadLetters, mergeWaits,
        mergeWaitSeconds, mergeWaitsExpired, batchEvents, eventToScore, phaseSeconds, eventsExplained,
        explanationsSkipped,
    ]

    // MARK: - Delivery

    public static let offsetCommits = MetricSpec(
        "riffle_offset_commits_total", .counter, "Commits of offsets that the group has acknowledged, at least once.")
    public static let offsetCommitFailures = MetricSpec(
        "riffle_offset_commit_failures_total", .counter,
        "Commits of offsets that failed; the next one takes newer offsets.", labels: [.code])
    public static let transactions = MetricSpec(
        "riffle_transactions_total", .counter,
        "Transactions by their end; stale ones were aborted since the assignment was over for the group.",
        labels: [MetricLabel("outcome", ["committed", "aborted", "stale"])])
    public static let transactionsResent = MetricSpec(
        "riffle_transactions_resent_total", .counter,
        "Transactions that failed and whose outputs are sent again in a new one.")
    public static let transactionDoubts = MetricSpec(
        "riffle_transaction_doubts_total", .counter,
        "Requests of a transaction that were asked again because no answer came.",
        labels: [MetricLabel("request", ["init transactions", "send offsets", "commit", "abort"])])
    public static let transactionCommitSeconds = MetricSpec(
        "riffle_transaction_commit_seconds", .histogram(bounds: Bounds.answers),
        "Time from sending a transaction's offsets until its outcome was known.")
    public static let produceFailures = MetricSpec(
        "riffle_produce_failures_total", .counter,
        "Records that librdkafka gave up, but for those of aborted transactions.",
        labels: [.code])
    public static let produceQueueFull = MetricSpec(
        "riffle_produce_queue_full_total", .counter,
        "Times that a record found the producer's queue full, and the stream waited.")
    public static let recordsTooLarge = MetricSpec(
        "riffle_records_too_large_total", .counter,
        "Records that their topic can never take: a score becomes a dead letter, a dead letter is shortened.",
        labels: [MetricLabel("kind", ["score", "dead-letter", "order"])])
    public static let producerQueueRecords = MetricSpec(
        "riffle_producer_queue_records", .gauge, "Records in the producer that are not delivered yet.")
    public static let producerQueueBytes = MetricSpec(
        "riffle_producer_queue_bytes", .gauge, "Bytes of those records.")

    static let delivery = [
        offsetCommits, offsetCommitFailures, transactions, transactionsResent, transactionDoubts,
        transactionCommitSeconds, produceFailures, produceQueueFull, recordsTooLarge, producerQueueRecords,
        producerQueueBytes,
    ]

    // MARK: - The group

    public static let rebalances = MetricSpec(
        "riffle_rebalances_total", .counter,
        "Changes of this instance's partitions; stale: noticed by a refused transaction.",
        labels: [MetricLabel("kind", ["assigned", "revoked", "lost", "stale"])])
    public static let partitionsAssigned = MetricSpec(
        "riffle_partitions_assigned", .gauge, "Partitions that this instance owns now.")
    public static let partitionsAdded = MetricSpec(
        "riffle_partitions_added_total", .counter,
        "Partitions that were added to a topic after the group had begun with it; each is scored from its first event.")
    public static let keepAlivePolls = MetricSpec(
        "riffle_keep_alive_polls_total", .counter,
        "Polls that took nothing and kept the membership alive, since there was no room to work in.")

    static let group = [rebalances, partitionsAssigned, partitionsAdded, keepAlivePolls]
}

/// What a drift monitor counts.
extension MetricSpec {
    public static let monitorRecords = MetricSpec(
        "riffle_monitor_records_total", .counter, "Scores, labels and dead letters read.",
        labels: [.topic, .partition],
        seriesMax: 512)
    public static let monitorRecordsRefused = MetricSpec(
        "riffle_monitor_records_refused_total", .counter,
        "Records of the score topic that are no evidence: unreadable ones, those of other pipelines, and late ones.",
        labels: [MetricLabel("reason", ["unreadable", "foreign", "late"])])
    public static let monitorLag = MetricSpec(
        "riffle_monitor_lag_offsets", .gauge,
        "Offsets between what is read and the end of the partition as the last fetch told it.",
        labels: [.topic, .partition], seriesMax: 512)
    public static let monitorWatermark = MetricSpec(
        "riffle_monitor_watermark_timestamp_seconds", .gauge,
        "Event time up to which all partitions of scores are read, seconds since 1970.")
    public static let monitorLabels = MetricSpec(
        "riffle_monitor_labels_total", .counter,
        "What became of labels: joined to a score, later than monitor.labels.within, of an event that was not scored, a second one, or "
            + "outside the sample.",
        labels: [MetricLabel("outcome", ["joined", "late", "unknown", "duplicate", "not-sampled"])])
    public static let monitorUnlabelled = MetricSpec(
        "riffle_monitor_scores_unlabelled_total", .counter, "Scores to which no label came within its time.")
    public static let monitorSeries = MetricSpec("riffle_monitor_series", .gauge, "Series that are watched for drift.")
    public static let driftEvidence = MetricSpec(
        "riffle_drift_evidence_ratio", .gauge,
        "The series' evidence beside what raises an alert, by their logarithms: 0 none, 1 enough by itself. Evidence of all series "
            + "counts together, so an alert may come a little below 1; it begins anew with each alert.",
        labels: [.series, .segment], seriesMax: 512)
    public static let driftAlertActive = MetricSpec(
        "riffle_drift_alert_active", .gauge, "1 while an alert of the series is open, else 0.",
        labels: [.series, .segment, .severity], seriesMax: 512)
    public static let driftAlerts = MetricSpec(
        "riffle_drift_alerts_total", .counter, "Records sent to the drift topic by this process.",
        labels: [.severity, MetricLabel("state", ["firing", "updated", "resolved"])])
    public static let monitorStatesSaved = MetricSpec(
        "riffle_monitor_states_saved_total", .counter, "Times that the monitor's state was saved.")
    public static let monitorStatesFailed = MetricSpec(
        "riffle_monitor_states_failed_total", .counter,
        "Times that the state could not be saved, or that a saved one was passed over at the start.")

    static let monitor = [
        monitorRecords, monitorRecordsRefused, monitorLag, monitorWatermark, monitorLabels, monitorUnlabelled,
        monitorSeries, driftEvidence, driftAlertActive, driftAlerts, monitorStatesSaved, monitorStatesFailed,
    ]
}

extension MetricLabel {
    static let series = MetricLabel("series")
    /// `field=value`; empty: all events.
    static let segment = MetricLabel("segment")
    static let severity = MetricLabel("severity", ["critical", "warning"])
}

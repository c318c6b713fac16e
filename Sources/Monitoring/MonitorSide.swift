/// Series that are decided about together, bucket by bucket of one clock: those of scores when buckets of scores close,
/// those of labels when labels have come.
///
/// Each side is held to its own part of the budget: its evidence has to reach the whole run length with the weights of its own
/// series alone. So false alarms of both together are within the budget, and neither depends on how far the other has come.
struct MonitorSide: Sendable {
    /// In the plan.
    let series: Range<Int>
    /// That of most events in the last closed bucket that held any.
    var modelVersion = ""
    /// The window that is open, and the one before it.
    var window = WindowSpan()
    var lastWindow = WindowSpan()
    /// The end of the newest closed bucket, in microseconds.
    var closedUntil = Int64.min
}

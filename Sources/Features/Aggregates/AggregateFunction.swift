/// What an aggregate computes from a window. A closed set inside the kernel, so that the choice costs a jump and not a
/// call.
public enum AggregateFunction: UInt8, Hashable, Sendable {
    case count
    case sum
    case mean
    case min
    case max
    /// The standard deviation of a sample.
    case stddev
    case distinct
    case quantile
    case first
    case last
    /// `last`, but never the event itself.
    case previous
    case timeSinceLast
    case ewma
    case rate

    /// Whether it needs no value of the events: it takes a column only where a filter chooses among them.
    public var countsEvents: Bool { self == .count || self == .rate || self == .timeSinceLast }
}

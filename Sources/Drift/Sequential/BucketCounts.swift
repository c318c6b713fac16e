/// What a series showed within one bucket of event time: how many events, and how many in each bin between thresholds.
///
/// Counts commute: neither the order of events nor how they are shared between partitions changes them, so what several
/// partitions showed in a bucket is added up. A bucket lies within one stratum: an hour is a whole number of buckets.
public struct BucketCounts: Hashable, Sendable {
    private var bins: [Int]
    public private(set) var eventCount = 0

    /// The most events that are counted in one bucket: such counts are exact as floating point numbers, and so are sums
    /// of a million of them.
    public static let eventsMax = 1 << 32

    public init(binCount: Int) {
        precondition(binCount >= 1 && binCount <= SequentialBets.thresholdsMax + 1, "\(binCount) bins")
        bins = Array(repeating: 0, count: binCount)
    }

    public var binCount: Int { bins.count }

    /// Bin 0 holds what is at or below the first threshold, the last bin what is above all of them.
    public func events(inBin bin: Int) -> Int { bins[bin] }

    /// Counts an event; beyond `eventsMax` none. - Precondition: the bin exists. Complexity: O(1).
    @inline(__always)
    public mutating func add(bin: Int) { add(bin: bin, events: 1) }

    /// Counts events of one bin; what is beyond `eventsMax` is left out. - Precondition: the bin exists, events >= 0.
    @inline(__always)
    public mutating func add(bin: Int, events: Int) {
        precondition(events >= 0, "\(events) events")
        let counted = min(events, Self.eventsMax - eventCount)
        bins[bin] += counted
        eventCount += counted
    }

    /// Adds what another partition showed in the same bucket. - Precondition: it has as many bins.
    public mutating func merge(_ other: borrowing BucketCounts) {
        precondition(other.binCount == binCount, "buckets of \(binCount) and \(other.binCount) bins")
        for bin in bins.indices { add(bin: bin, events: other.events(inBin: bin)) }
    }

    public mutating func removeAll() {
        for bin in bins.indices { bins[bin] = 0 }
        eventCount = 0
    }
}

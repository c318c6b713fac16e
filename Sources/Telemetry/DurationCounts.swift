/// Durations counted by the bounds of a histogram before they are added to it all at once: for what comes with each event.
///
/// It belongs to one thread.
public final class DurationCounts {
    private let series: HistogramSeries
    /// In microseconds; the last is above all.
    private let bounds: [Int64]
    /// By the number of bits of a duration: the first bound that it can be below.
    private let firstBound: [Int]
    private var counts: [UInt64]
    private var sum: Double = 0

    init(_ series: HistogramSeries, bounds: [Double]) {
        self.series = series
        let whole = bounds.map { Int64(($0 * 1e6).rounded()) } + [.max]
        self.bounds = whole
        firstBound = (0...64).map { bits in
            let least = bits == 0 ? 0 : bits > 63 ? Int64.max : Int64(1) << Int64(bits - 1)
            return whole.firstIndex { least <= $0 } ?? whole.count - 1
        }
        counts = whole.map { _ in 0 }
    }

    /// What is negative counts as 0: clocks of two machines differ.
    ///
    /// Complexity: O(1), at most as many steps as there are bounds between two powers of two; nothing is allocated.
    @inline(__always)
    public func add(microseconds: Int64) {
        let duration = max(0, microseconds)
        var bound = firstBound[64 - duration.leadingZeroBitCount]
        while duration > bounds[bound] { bound &+= 1 }
        counts[bound] &+= 1
        sum += Double(duration)
    }

    /// Adds what was counted to the histogram.
    public func flush() {
        series.add(counts, sum: sum / 1e6)
        for index in counts.indices { counts[index] = 0 }
        sum = 0
    }
}

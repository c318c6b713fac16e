/// Counts of times, in buckets each an eighth wider than the one before, so that a percentile is true to 6 %.
///
/// Counts only rise: the percentiles of a span are those of the difference between two copies.
struct LatencyBuckets: Sendable {
    /// Eight buckets for each power of two of microseconds, up to a day.
    private static let octaves = 37
    private static let count = octaves * 8
    private(set) var counts = [UInt64](repeating: 0, count: Self.count)

    /// Complexity: O(1); nothing is allocated.
    @inline(__always)
    mutating func add(microseconds: Int64) { counts[Self.bucket(microseconds)] &+= 1 }

    static func bucket(_ microseconds: Int64) -> Int {
        let value = UInt64(max(0, microseconds)) &+ 8
        let exponent = 63 - value.leadingZeroBitCount
        let eighth = Int(truncatingIfNeeded: value >> UInt64(exponent - 3)) & 7
        return min(count - 1, (exponent - 3) * 8 + eighth)
    }

    /// The middle of a bucket, in microseconds.
    static func middle(_ bucket: Int) -> Double {
        let (octave, eighth) = bucket.quotientAndRemainder(dividingBy: 8)
        let width = Double(UInt64(1) << UInt64(octave))
        return max(0, (Double(8 + eighth) + 0.5) * width - 8.5)
    }

    /// Percentiles of what came since an earlier copy, in seconds; `nil`: nothing did.
    func percentiles(_ shares: [Double], since earlier: LatencyBuckets?) -> [Double]? {
        let new = counts.indices.map { counts[$0] &- (earlier?.counts[$0] ?? 0) }
        let total = new.reduce(0, +)
        if total == 0 { return nil }
        return shares.map { share in
            let target = max(1, UInt64((share * Double(total)).rounded(.up)))
            var sum: UInt64 = 0
            for (bucket, count) in new.enumerated() {
                sum += count
                if sum >= target { return Self.middle(bucket) / 1e6 }
            }
            return Self.middle(new.count - 1) / 1e6
        }
    }
}

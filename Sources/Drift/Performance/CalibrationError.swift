/// How far the scores of groups of events are from the rates of positives among them.
public struct CalibrationError: Hashable, Sendable {
    public struct Bin: Hashable, Sendable {
        public let count: Int
        public let positives: Int
        public let meanScore: Double

        public var rate: Double { Double(positives) / Double(count) }
        var distance: Double { (meanScore - rate).magnitude }

        /// The mean distance, were every score the true probability and all of the bin alike (de Moivre's mean absolute
        /// deviation of a binomial count): unlike scores make it less.
        var distanceIfCalibrated: Double {
            let (n, p) = (Double(count), min(max(meanScore, 0), 1))
            let q = 1 - p
            if p == 0 || q <= 0 { return 0 }
            let above = (n * p).rounded(.down) + 1
            if above > n { return 0 }
            // 2 q v C(n, v) p^v q^(n-v) / n, v the first whole number above n p.
            return 2 * q * above * BinomialTerm.probability(above, of: n, p: p, q: q) / n
        }
    }

    /// By score, ascending.
    public let bins: [Bin]
    /// The mean distance of a bin's rate from its mean score, weighted by the bins' events.
    public let value: Double
    /// What `value` is about, on average, where the scores are the true probabilities.
    ///
    /// The distance of a finite sample is never 0: `value` is biased upwards by up to this much. A calibration error that
    /// is not clearly above it says nothing.
    public let expectedIfCalibrated: Double

    init(bins: [Bin]) {
        self.bins = bins
        let total = Double(bins.reduce(0) { $0 + $1.count })
        value = bins.reduce(0) { $0 + Double($1.count) / total * $1.distance }
        expectedIfCalibrated = bins.reduce(0) { $0 + Double($1.count) / total * $1.distanceIfCalibrated }
    }
}

extension LabelledCounts {
    /// Bins with about equally many events, not of equal width: most scores of rare events lie in a few hundredths.
    public static let calibrationBins = 10

    /// The expected calibration error over bins of about equally many events. Equal scores are never parted: a bin ends
    /// with the first score at or beyond its share of the events. `nil`: as for `logLoss`.
    ///
    /// - Precondition: 1 to 1,000 bins. Complexity: O(values).
    public func calibrationError(bins binCount: Int = LabelledCounts.calibrationBins) -> CalibrationError? {
        precondition((1...1_000).contains(binCount), "\(binCount) bins")
        guard areProbabilities else { return nil }
        var bins: [CalibrationError.Bin] = []
        var (seen, inBin, found) = (0, 0, 0)
        var sum = 0.0
        for index in values.indices {
            let here = positives[index] + negatives[index]
            seen += here
            inBin += here
            found += positives[index]
            sum += values[index] * Double(here)
            // seen / count >= (bins that are full + 1) / binCount, in whole numbers; the last takes the rest.
            let target = UInt128(bins.count + 1) * UInt128(count)
            guard inBin > 0, UInt128(seen) * UInt128(binCount) >= target || index == values.count - 1 else { continue }
            bins.append(.init(count: inBin, positives: found, meanScore: sum / Double(inBin)))
            (inBin, found) = (0, 0)
            sum = 0
        }
        return CalibrationError(bins: bins)
    }
}

import Glibc

/// What the sequential detector bets on: for each threshold that more, and that fewer, events are above it than the
/// reference leaves possible, by each of a few odds ratios.
///
/// Every component is a bet that no null within the reference's bounds makes a profit on: a bucket multiplies its wealth
/// by a number whose mean is at most 1. Immutable; the detectors of a series share one.
public struct SequentialBets: Hashable, Sendable {
    public enum Direction: String, Hashable, Sendable { case up, down }

    /// One bet: where, which way, how strong.
    public struct Component: Hashable, Sendable {
        /// An index into `thresholds`.
        public let threshold: Int
        public let direction: Direction
        /// By how much the odds of being above the threshold are multiplied (up) or divided (down).
        public let oddsRatio: Double
    }

    /// Cells of the series' grid, ascending; an event in a cell above one of them exceeds that threshold.
    public let thresholds: [Int]
    public let oddsRatios: [Double]
    /// Strata of the null, each with bounds of its own: the hours of the day, or one for all events.
    public let strataCount: Int
    /// By threshold, then up before down, then by odds ratio.
    public let components: [Component]

    /// Bins between thresholds, as `BucketCounts` has them.
    public var binCount: Int { thresholds.count + 1 }

    /// Logarithms of what an event multiplies the wealth by: by stratum, then by component.
    let logAbove: [Double]
    let logBelow: [Double]

    public static let oddsRatiosByDefault = [1.25, 1.5, 2, 4]
    public static let thresholdsMax = 64
    /// What an event costs on a threshold where the bounds leave nothing to bet on. Were it free, evidence that is none
    /// would still grow with the number of events.
    static let logForfeit = -1.0

    /// - Parameters:
    ///   - thresholds: cells that ascend, 1 to `thresholdsMax`.
    ///   - strata: for each stratum the bounds at each threshold.
    ///   - dispersion: by how much the counts above each threshold spread more than those of independent events would
    ///     (1: not at all). Bets are tempered by it: their logarithms are divided. That is exact for sums that are nearly
    ///     normal; it is not a proof that holds for any dependence.
    /// - Precondition: the sizes agree, ratios are finite and above 1, dispersions finite and at least 1.
    public init(
        thresholds: [Int], strata: [[ExceedanceBounds]], dispersion: [Double],
        oddsRatios: [Double] = SequentialBets.oddsRatiosByDefault
    ) {
        precondition((1...Self.thresholdsMax).contains(thresholds.count), "\(thresholds.count) thresholds")
        precondition(zip(thresholds, thresholds.dropFirst()).allSatisfy(<), "thresholds \(thresholds)")
        precondition(!strata.isEmpty && strata.allSatisfy { $0.count == thresholds.count }, "bounds by stratum")
        precondition(dispersion.count == thresholds.count && dispersion.allSatisfy { $0 >= 1 && $0.isFinite })
        precondition(!oddsRatios.isEmpty && oddsRatios.allSatisfy { $0 > 1 && $0.isFinite }, "ratios \(oddsRatios)")
        self.thresholds = thresholds
        self.oddsRatios = oddsRatios
        strataCount = strata.count
        let components = thresholds.indices.flatMap { threshold in
            [Direction.up, .down].flatMap { direction in
                oddsRatios.map { Component(threshold: threshold, direction: direction, oddsRatio: $0) }
            }
        }
        self.components = components
        var above: [Double] = []
        var below: [Double] = []
        for bounds in strata {
            for component in components {
                let logs = Self.logBets(component, within: bounds[component.threshold])
                above.append(logs.above / dispersion[component.threshold])
                below.append(logs.below / dispersion[component.threshold])
            }
        }
        logAbove = above
        logBelow = below
    }

    /// The likelihood ratio against the bound on the bet's own side. On every null on the other side of that bound its
    /// mean is less: the ratio rises with the exceedance when the bet is up, and falls when it is down.
    private static func logBets(
        _ component: Component, within bounds: ExceedanceBounds
    ) -> (above: Double, below: Double) {
        let up = component.direction == .up
        let null = up ? bounds.upper : bounds.lower
        let odds = null / (1 - null) * (up ? component.oddsRatio : 1 / component.oddsRatio)
        let bet = odds / (1 + odds)
        let logs = (log(bet / null), log((1 - bet) / (1 - null)))
        return null > 0 && null < 1 && logs.0.isFinite && logs.1.isFinite ? logs : (logForfeit, logForfeit)
    }

    /// The bin of each of a grid's cells.
    public func bins(ofCells cellCount: Int) -> [UInt8] {
        var bin = 0
        return (0..<cellCount).map { cell in
            while bin < thresholds.count, cell > thresholds[bin] { bin += 1 }
            return UInt8(bin)
        }
    }
}

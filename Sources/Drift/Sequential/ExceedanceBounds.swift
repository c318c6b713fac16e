/// Between which shares of events above a threshold the reference leaves the truth.
public struct ExceedanceBounds: Hashable, Sendable {
    public var lower: Double
    public var upper: Double

    public init(lower: Double, upper: Double) {
        precondition(lower >= 0 && lower <= upper && upper <= 1, "bounds \(lower) to \(upper)")
        self.lower = lower
        self.upper = upper
    }

    /// More events make no narrower bounds: these are narrow enough, and what a bound costs stays bounded.
    public static let eventsThatCount = 1e7

    /// Both bounds at once miss with a chance of at most `error`, half of it on each side (Clopper and Pearson, 1934).
    ///
    /// Where counts spread `dispersion` times as much as independent events would, the reference is worth that many
    /// times fewer events.
    ///
    /// - Precondition: 0 <= exceedances <= events, 1 <= events, 0 < error < 1 and 1 <= dispersion.
    /// Complexity: O(sqrt(events)), at most that of `eventsThatCount`.
    public static func clopperPearson(
        exceedances: Int, events: Int, error: Double, dispersion: Double = 1
    ) -> ExceedanceBounds {
        precondition(events >= 1 && exceedances >= 0 && exceedances <= events, "\(exceedances) of \(events)")
        precondition(error > 0 && error < 1 && dispersion >= 1, "error \(error), dispersion \(dispersion)")
        let divisor = max(dispersion, Double(events) / eventsThatCount)
        let above = Double(exceedances) / divisor
        let below = Double(events - exceedances) / divisor
        let lower = exceedances == 0 ? 0 : IncompleteBeta.quantile(error / 2, above, below + 1)
        let upper = exceedances == events ? 1 : IncompleteBeta.quantile(1 - error / 2, above + 1, below)
        return ExceedanceBounds(lower: lower, upper: max(lower, upper))
    }
}

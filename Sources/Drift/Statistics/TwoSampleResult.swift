/// What a test of two samples came to.
///
/// Both are NaN where the test is not defined: for an empty sample, or too few observations.
public struct TwoSampleResult: Hashable, Sendable {
    public var statistic: Double
    /// How likely at least this much is when both samples come from one distribution.
    public var pValue: Double

    public init(statistic: Double, pValue: Double) {
        self.statistic = statistic
        self.pValue = pValue
    }

    static let undefined = TwoSampleResult(statistic: .nan, pValue: .nan)
}

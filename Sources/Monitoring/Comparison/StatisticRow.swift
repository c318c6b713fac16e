/// One statistic of two samples, as people are shown it.
public struct StatisticRow: Hashable, Sendable, Encodable {
    /// What it is asked for by: `ks`.
    public var name: String
    /// What it is called: `Kolmogorov-Smirnov`.
    public var title: String
    /// NaN where it is not defined for these samples.
    public var statistic: Double
    /// `nil`: a distance, which has none.
    public var pValue: Double?
    /// Whether the p-value is below the level asked for; `nil` for a distance.
    public var differs: Bool?
    /// How it was computed, by name.
    public var parameters: [String: String]
    /// What a reader has to know to believe it; empty where there is nothing.
    public var note: String

    init(
        _ name: String, _ title: String, _ statistic: Double, pValue: Double? = nil, parameters: [String: String] = [:],
        note: String = ""
    ) {
        self.name = name
        self.title = title
        self.statistic = statistic
        self.pValue = pValue
        self.parameters = parameters
        self.note = note
    }
}

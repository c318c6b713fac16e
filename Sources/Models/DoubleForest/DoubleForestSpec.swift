/// A split of a tree in float64.
struct DoubleSplit: Hashable, Sendable {
    /// What sends a row left, and where a value goes that counts as missing.
    ///
    /// A value of at most `zeroMax` in magnitude is 0 to every rule.
    enum Rule: UInt8, Hashable, Sendable, CaseIterable {
        /// Left where x <= threshold; a missing value is taken for 0.
        case missingIsZero
        /// Left where x <= threshold; zeros and missing values go to a fixed side.
        case zeroLeft, zeroRight
        /// Left where x <= threshold; missing values go to a fixed side.
        case missingLeft, missingRight
        /// Left where the value, cut to an integer, is in the set; whatever else it is goes right.
        case categories

        var countsZeroAsMissing: Bool { self == .zeroLeft || self == .zeroRight }
    }

    /// Up to here a magnitude is 0: LightGBM's constant, a float32 that is widened.
    static let zeroMax = Double(Float(1e-35))

    var feature: Int32
    /// A split's number, or for leaf n its complement, -1 - n.
    var left: Int32
    var right: Int32
    /// Of no meaning with `categories`.
    var threshold: Double
    var rule: Rule
    /// The words of the tree's category sets that this split looks at; bit i of word w is category 32 w + i.
    var firstWord: Int32 = 0
    var wordCount: Int32 = 0
}

/// Leaves whose output is linear in some features.
struct LinearLeaves: Hashable, Sendable {
    /// One a leaf.
    var constants: [Double]
    /// Where each leaf's terms begin; one more than there are leaves.
    var bounds: [Int32]
    /// Of all leaves' terms, one after the other.
    var features: [Int32]
    var coefficients: [Double]
}

/// One tree as a file describes it: the root is split 0, or leaf 0 where there is no split. Nothing is checked yet.
struct DoubleTreeSpec: Hashable, Sendable {
    var splits: [DoubleSplit]
    /// One more than there are splits.
    var leafValues: [Double]
    var categoryWords: [UInt32] = []
    var linear: LinearLeaves?
    /// Training rows that came by, for explanations; empty where the file has none.
    var splitCounts: [Double] = []
    var leafCounts: [Double] = []
    /// The group whose margin the leaves are added to.
    var group = 0
}

/// A tree ensemble in float64 as a loader describes it; `DoubleForest` checks it.
struct DoubleForestSpec: Hashable, Sendable {
    var featureCount: Int
    /// In the order in which their leaves are added up.
    var trees: [DoubleTreeSpec]
    var groupCount: Int
    var transform: DoubleTransform
    /// By what margins are divided before they become predictions: the rounds of a forest that averages, else 1.
    var divisor = 1.0
}

/// How well scores put positives above negatives. A score that is not a number counts as the least.
public enum RankingMetrics {
    /// See `LabelledCounts.rocAUC`. `scores` and `labels` have the same length. Complexity: O(n log n).
    public static func rocAUC(scores: [some BinaryFloatingPoint], labels: [Bool]) -> Double? {
        LabelledCounts(scores: scores, labels: labels).rocAUC
    }

    /// See `LabelledCounts.averagePrecision`. `scores` and `labels` have the same length. Complexity: O(n log n).
    public static func averagePrecision(scores: [some BinaryFloatingPoint], labels: [Bool]) -> Double? {
        LabelledCounts(scores: scores, labels: labels).averagePrecision
    }
}

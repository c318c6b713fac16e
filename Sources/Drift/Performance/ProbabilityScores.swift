import Glibc

/// Measures of scores as probabilities: `nil` without labels, or where a score is not from 0 to 1.
extension LabelledCounts {
    /// The least distance from 0 and 1 that the logarithm sees: that of scikit-learn for doubles.
    static let probabilityFloor = 0x1p-52

    /// Whether all scores can be probabilities.
    public var areProbabilities: Bool {
        guard let first = values.first, let last = values.last else { return false }
        return first >= 0 && last <= 1
    }

    /// The mean of −ln of the probability that was given to what came, as scikit-learn's `log_loss`: scores are kept 2⁻⁵²
    /// away from 0 and 1. Complexity: O(values).
    public var logLoss: Double? {
        guard areProbabilities else { return nil }
        var sum = 0.0
        for index in values.indices {
            let score = min(max(values[index], Self.probabilityFloor), 1 - Self.probabilityFloor)
            if positives[index] > 0 { sum -= Double(positives[index]) * log(score) }
            if negatives[index] > 0 { sum -= Double(negatives[index]) * log1p(-score) }
        }
        return sum / Double(count)
    }

    /// The mean squared distance of score and label (Brier, 1950), as scikit-learn's `brier_score_loss`.
    /// Complexity: O(values).
    public var brierScore: Double? {
        guard areProbabilities else { return nil }
        var sum = 0.0
        for index in values.indices {
            let (score, rest) = (values[index], 1 - values[index])
            sum += Double(positives[index]) * rest * rest + Double(negatives[index]) * score * score
        }
        return sum / Double(count)
    }
}

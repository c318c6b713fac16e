/// How well scores put positives above negatives. A score that is not a number counts as the least.
public enum RankingMetrics {
    /// The area under the ROC curve: the share of pairs of a positive and a negative in which the positive has the
    /// higher score, equal scores counting half. `nil` where there is no such pair.
    ///
    /// Exact but for the last division. `scores` and `labels` have the same length. Complexity: O(n log n).
    public static func rocAUC(scores: [some BinaryFloatingPoint], labels: [Bool]) -> Double? {
        let ties = tieGroups(scores: scores, labels: labels)
        let positives = ties.reduce(0) { $0 + $1.positives }
        let negatives = ties.reduce(0) { $0 + $1.negatives }
        guard positives > 0, negatives > 0 else { return nil }
        // In halves of a pair, so that ties stay whole numbers.
        var halves = 0
        var positivesAbove = 0
        for tie in ties {
            halves += tie.negatives * (2 * positivesAbove + tie.positives)
            positivesAbove += tie.positives
        }
        return Double(halves) / (2 * Double(positives) * Double(negatives))
    }

    /// Average precision: the sum over distinct scores, from the greatest, of the gain in recall times the precision
    /// there, as scikit-learn's `average_precision_score`. `nil` without a positive.
    ///
    /// `scores` and `labels` have the same length. Complexity: O(n log n).
    public static func averagePrecision(scores: [some BinaryFloatingPoint], labels: [Bool]) -> Double? {
        let ties = tieGroups(scores: scores, labels: labels)
        let positives = ties.reduce(0) { $0 + $1.positives }
        guard positives > 0 else { return nil }
        var sum = 0.0
        var found = 0
        var seen = 0
        for tie in ties {
            found += tie.positives
            seen += tie.positives + tie.negatives
            sum += Double(tie.positives) / Double(positives) * (Double(found) / Double(seen))
        }
        return sum
    }

    private struct TieGroup {
        var score: Double
        var positives = 0
        var negatives = 0
    }

    /// Groups of equal scores, from the greatest.
    private static func tieGroups(scores: [some BinaryFloatingPoint], labels: [Bool]) -> [TieGroup] {
        precondition(scores.count == labels.count, "\(scores.count) scores and \(labels.count) labels")
        var pairs: [(score: Double, label: Bool)] = []
        pairs.reserveCapacity(scores.count)
        for (score, label) in zip(scores, labels) {
            pairs.append((score.isNaN ? -.infinity : Double(score), label))
        }
        pairs.sort { $0.score > $1.score }
        var groups: [TieGroup] = []
        for pair in pairs {
            if groups.last?.score != pair.score { groups.append(TieGroup(score: pair.score)) }
            if pair.label {
                groups[groups.count - 1].positives += 1
            } else {
                groups[groups.count - 1].negatives += 1
            }
        }
        return groups
    }
}

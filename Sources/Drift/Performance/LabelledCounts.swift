/// Scores with their labels as counts by distinct score: what measures of ranking and of calibration are made of.
///
/// From single scores they are exact; from the cells of a grid the measures are those of scores rounded to it.
public struct LabelledCounts: Hashable, Sendable {
    /// Ascending, no two equal; each has a label.
    public let values: [Double]
    /// By value.
    public let positives: [Int]
    public let negatives: [Int]
    public let positiveCount: Int
    public let negativeCount: Int

    /// The most labels: sums of squares of their number are then exact in 128 bits.
    public static let countMax = 1 << 48

    public var count: Int { positiveCount + negativeCount }

    /// Single scores, in any order. One that is not a number counts as the least.
    ///
    /// - Precondition: as many labels as scores. Complexity: O(n log n).
    public init(scores: [some BinaryFloatingPoint], labels: [Bool]) {
        precondition(scores.count == labels.count, "\(scores.count) scores and \(labels.count) labels")
        var pairs: [(score: Double, label: Bool)] = []
        pairs.reserveCapacity(scores.count)
        for (score, label) in zip(scores, labels) {
            pairs.append((score.isNaN ? -.infinity : Double(score), label))
        }
        pairs.sort { $0.score < $1.score }
        var counts = Growing()
        for pair in pairs { counts.add(pair.score, pair.label ? 1 : 0, pair.label ? 0 : 1) }
        self.init(counts)
    }

    /// The counts in the cells of a grid.
    ///
    /// - Precondition: a count of each kind for each cell, none negative, `countMax` together at most.
    /// Complexity: O(cells).
    public init(grid: ValueGrid, positives: [Int], negatives: [Int]) {
        precondition(
            positives.count == grid.cellCount && negatives.count == grid.cellCount,
            "\(positives.count) and \(negatives.count) counts on \(grid.cellCount) cells")
        var counts = Growing()
        for cell in positives.indices where positives[cell] != 0 || negatives[cell] != 0 {
            counts.add(grid.value(ofCell: cell), positives[cell], negatives[cell])
        }
        self.init(counts)
    }

    private struct Growing {
        var values: [Double] = []
        var positives: [Int] = []
        var negatives: [Int] = []
        var (positiveCount, negativeCount) = (0, 0)

        mutating func add(_ value: Double, _ positive: Int, _ negative: Int) {
            precondition(
                positive >= 0 && negative >= 0 && positive <= countMax - positiveCount - negativeCount
                    && negative <= countMax - positiveCount - negativeCount - positive,
                "\(positive) positives and \(negative) negatives after \(positiveCount) and \(negativeCount)")
            if values.last != value {
                values.append(value)
                positives.append(0)
                negatives.append(0)
            }
            positives[values.count - 1] += positive
            negatives[values.count - 1] += negative
            positiveCount += positive
            negativeCount += negative
        }
    }

    private init(_ counts: Growing) {
        values = counts.values
        positives = counts.positives
        negatives = counts.negatives
        positiveCount = counts.positiveCount
        negativeCount = counts.negativeCount
    }
}

extension LabelledCounts {
    /// The area under the ROC curve: the share of pairs of a positive and a negative in which the positive has the
    /// higher score, equal scores counting half. `nil` where there is no such pair.
    ///
    /// Exact but for the last division. Complexity: O(values).
    public var rocAUC: Double? {
        guard positiveCount > 0, negativeCount > 0 else { return nil }
        // In halves of a pair, so that ties stay whole numbers.
        var halves: UInt128 = 0
        var negativesBelow = 0
        for index in values.indices {
            halves += UInt128(positives[index]) * UInt128(2 * negativesBelow + negatives[index])
            negativesBelow += negatives[index]
        }
        return Double(halves) / (2 * Double(positiveCount) * Double(negativeCount))
    }

    /// Average precision: the sum over distinct scores, from the greatest, of the gain in recall times the precision
    /// there, as scikit-learn's `average_precision_score`. `nil` without a positive.
    ///
    /// Complexity: O(values).
    public var averagePrecision: Double? {
        guard positiveCount > 0 else { return nil }
        var sum = 0.0
        var found = 0
        var seen = 0
        for index in values.indices.reversed() where positives[index] + negatives[index] > 0 {
            found += positives[index]
            seen += positives[index] + negatives[index]
            sum += Double(positives[index]) / Double(positiveCount) * (Double(found) / Double(seen))
        }
        return sum
    }
}

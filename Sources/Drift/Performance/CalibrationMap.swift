/// What share of events with a score were positive: the probability behind a score, never falling as the score rises.
///
/// Learned from labelled events by isotonic regression (the pool-adjacent-violators algorithm), straight between its
/// points and level beyond them, as scikit-learn's `IsotonicRegression(out_of_bounds: "clip")`.
public struct CalibrationMap: Hashable, Sendable {
    /// The points, ascending in both; the probability at each of the scores.
    public let scores: [Double]
    public let probabilities: [Double]
    /// Of the labelled events that it was learned from.
    public let positives: Int
    public let events: Int

    public static let pointsMax = ValueGrid.cellCountMax

    /// The share of positives in what it was learned from.
    public var prior: Double { Double(positives) / Double(events) }

    /// `nil` without labels of both kinds, or where a score is not finite: there is nothing to learn then.
    ///
    /// Complexity: O(values).
    public init?(_ labelled: LabelledCounts) {
        guard labelled.positiveCount > 0, labelled.negativeCount > 0, labelled.values.allSatisfy(\.isFinite) else {
            return nil
        }
        var blocks: [Block] = []
        for index in labelled.values.indices {
            let count = labelled.positives[index] + labelled.negatives[index]
            if count == 0 { continue }
            var block = Block(first: index, last: index, positives: labelled.positives[index], count: count)
            while let before = blocks.last, !before.isBelow(block) {
                block.join(before)
                blocks.removeLast()
            }
            blocks.append(block)
        }
        var scores: [Double] = []
        var probabilities: [Double] = []
        // A level stretch needs its ends only.
        for block in blocks {
            for index in block.first == block.last ? [block.first] : [block.first, block.last] {
                scores.append(labelled.values[index])
                probabilities.append(Double(block.positives) / Double(block.count))
            }
        }
        guard scores.count <= Self.pointsMax else { return nil }
        self.scores = scores
        self.probabilities = probabilities
        positives = labelled.positiveCount
        events = labelled.count
    }

    /// From a file.
    ///
    /// - Throws: `ReferenceFault`: what is not as it must be.
    public init(
        reading scores: [Double], probabilities: [Double], positives: Int, events: Int
    ) throws(ReferenceFault) {
        guard scores.count == probabilities.count, (1...Self.pointsMax).contains(scores.count) else {
            throw ReferenceFault(
                "a calibration of \(scores.count) scores and \(probabilities.count) probabilities: expected as many of "
                    + "each, 1 to \(Self.pointsMax)")
        }
        guard scores.allSatisfy(\.isFinite), zip(scores, scores.dropFirst()).allSatisfy(<) else {
            throw ReferenceFault("a calibration's scores: expected finite numbers that ascend")
        }
        guard probabilities.allSatisfy({ (0...1).contains($0) }),
            zip(probabilities, probabilities.dropFirst()).allSatisfy(<=)
        else {
            throw ReferenceFault("a calibration's probabilities: expected numbers from 0 to 1 that do not fall")
        }
        guard events <= LabelledCounts.countMax, positives > 0, positives < events else {
            throw ReferenceFault(
                "a calibration of \(positives) positives in \(events) events: expected some of each kind")
        }
        self.scores = scores
        self.probabilities = probabilities
        self.positives = positives
        self.events = events
    }

    /// The probability behind a score; NaN for NaN. Complexity: O(log points).
    public func probability(of score: Double) -> Double {
        if score.isNaN { return .nan }
        // The first point above the score.
        var (low, high) = (0, scores.count)
        while low < high {
            let middle = (low + high) / 2
            if scores[middle] <= score { low = middle + 1 } else { high = middle }
        }
        if low == 0 { return probabilities[0] }
        if low == scores.count || scores[low - 1] == score { return probabilities[low - 1] }
        let (left, right) = (scores[low - 1], scores[low])
        // Halves, so that the distance of any two finite scores is finite.
        let width = right / 2 - left / 2
        let share = width > 0 ? min(max((score / 2 - left / 2) / width, 0), 1) : 0
        return probabilities[low - 1] + (probabilities[low] - probabilities[low - 1]) * share
    }

    /// Scores next to each other with one rate.
    private struct Block {
        var first: Int
        let last: Int
        var positives: Int
        var count: Int

        /// In whole numbers, so that equal rates are equal.
        func isBelow(_ other: Block) -> Bool {
            UInt128(positives) * UInt128(other.count) < UInt128(other.positives) * UInt128(count)
        }

        mutating func join(_ before: Block) {
            first = before.first
            positives += before.positives
            count += before.count
        }
    }
}

/// How well decisions and scores do if each event is positive with the probability that its score stood for: an estimate
/// without labels (confidence-based performance estimation).
///
/// The probabilities are those of a `CalibrationMap`, learned from labelled events before. Every count of a confusion
/// matrix is then a sum of probabilities.
///
/// Source: J. Białek and others, "Estimating Model Performance Under Covariate Shift Without Labels", 2024.
public struct ExpectedPerformance: Hashable, Sendable {
    /// What the estimate cannot see; to be shown wherever it is.
    public static let blindTo = """
        concept drift: it believes the scores. Where P(positive | features) changes, above all where fraud learns to look \
        like ordinary traffic, it stays as it was (estimated recall 0.40 where the real one was 0.14)
        """

    public let events: Int
    public let expectedPositives: Double
    /// `nil`: no event was flagged.
    public let precision: Double?
    /// `nil`: no positive is expected.
    public let recall: Double?
    /// Pairs as in `LabelledCounts.rocAUC`, each with its probability of being one; `nil`: none is expected.
    public let rocAUC: Double?

    /// - Parameters:
    ///   - counts: events by cell.
    ///   - flagged: those of them that were decided to be positive.
    /// - Precondition: as many of each as cells, none negative, not more flagged than counted, together at most
    ///   `LabelledCounts.countMax`.
    /// Complexity: O(cells x log(points of the map)).
    public init(grid: ValueGrid, counts: [Int], flagged: [Int], map: CalibrationMap) {
        precondition(
            counts.count == grid.cellCount && flagged.count == grid.cellCount,
            "\(counts.count) and \(flagged.count) counts on \(grid.cellCount) cells")
        var events = 0
        var flaggedEvents = 0
        var (found, positive, negative, pairs) = (0.0, 0.0, 0.0, 0.0)
        for cell in counts.indices where counts[cell] != 0 {
            precondition(
                (0...LabelledCounts.countMax - events).contains(counts[cell])
                    && (0...counts[cell]).contains(flagged[cell]),
                "\(flagged[cell]) of \(counts[cell]) events after \(events)")
            events += counts[cell]
            flaggedEvents += flagged[cell]
            let probability = map.probability(of: grid.value(ofCell: cell))
            let (up, down) = (Double(counts[cell]) * probability, Double(counts[cell]) * (1 - probability))
            found += Double(flagged[cell]) * probability
            pairs += up * (negative + down / 2)
            positive += up
            negative += down
        }
        self.events = events
        expectedPositives = positive
        precision = flaggedEvents > 0 ? found / Double(flaggedEvents) : nil
        recall = positive > 0 ? min(1, found / positive) : nil
        rocAUC = positive > 0 && negative > 0 ? min(1, pairs / (positive * negative)) : nil
    }
}

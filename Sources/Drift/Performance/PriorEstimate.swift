import Glibc

/// The share of positives that explains the scores best, if positives and negatives each score as they did before.
///
/// It is the maximum of the likelihood that the EM steps of Saerens, Latinne and Decaestecker climb ("Adjusting the Outputs
/// of a Classifier to New a Priori Probabilities", 2002). The likelihood is concave, so its maximum is found by halving an
/// interval: EM needs thousands of steps where positives are rare.
public struct PriorEstimate: Hashable, Sendable {
    /// What the estimate cannot see; to be shown wherever it is.
    public static let blindTo = """
        any change but that of the share of positives: it takes P(features | positive) and P(features | negative) as they \
        were. A new kind of fraud that scores low is not counted, and ordinary traffic that scores higher is taken for fraud
        """

    /// The estimated share.
    public let prior: Double
    /// Where twice the log-likelihood is at most 3.84 below its maximum: 95 % for independent events and an exact map.
    public let lowest: Double
    public let highest: Double
    /// The share in what the map was learned from.
    public let referencePrior: Double
    public let events: Int

    private static let halvings = 200
    private static let chiSquare95 = 3.841_458_820_694_124

    /// `nil`: no events, or only scores that say nothing of the share (all as likely for positives as for negatives).
    ///
    /// - Parameter counts: events by cell.
    /// - Precondition: as many as cells, none negative.
    /// Complexity: O(600 x cells).
    public init?(grid: ValueGrid, counts: [Int], map: CalibrationMap) {
        precondition(counts.count == grid.cellCount, "\(counts.count) counts on \(grid.cellCount) cells")
        let prior = map.prior
        var likelihood = Likelihood()
        var events = 0
        for cell in counts.indices where counts[cell] != 0 {
            precondition((0...LabelledCounts.countMax - events).contains(counts[cell]), "\(counts[cell]) events")
            events += counts[cell]
            let probability = map.probability(of: grid.value(ofCell: cell))
            likelihood.add(
                Double(counts[cell]), positive: probability / prior, negative: (1 - probability) / (1 - prior))
        }
        guard likelihood.isInformed else { return nil }
        let best = Self.boundary(from: 0, to: 1) { likelihood.slope(at: $0) > 0 }
        let least = likelihood.logarithm(at: best) - Self.chiSquare95 / 2
        self.prior = best
        lowest = Self.boundary(from: 0, to: best) { likelihood.logarithm(at: $0) < least }
        highest = Self.boundary(from: best, to: 1) { likelihood.logarithm(at: $0) >= least }
        referencePrior = prior
        self.events = events
    }

    /// Where a condition that holds from the lower end on ends: an end, if it holds nowhere or everywhere.
    private static func boundary(from low: Double, to high: Double, while holds: (Double) -> Bool) -> Double {
        if !holds(low) { return low }
        if holds(high) { return high }
        var (low, high) = (low, high)
        for _ in 0..<halvings {
            let middle = low + (high - low) / 2
            if middle <= low || middle >= high { break }
            if holds(middle) { low = middle } else { high = middle }
        }
        return low + (high - low) / 2
    }

    /// Sums over cells: how much likelier than before the scores are for a positive and for a negative.
    private struct Likelihood {
        private var counts: [Double] = []
        private var positive: [Double] = []
        private var negative: [Double] = []

        var isInformed: Bool { zip(positive, negative).contains { ($0 - $1).magnitude > 1e-12 * ($0 + $1) } }

        mutating func add(_ count: Double, positive up: Double, negative down: Double) {
            counts.append(count)
            positive.append(up)
            negative.append(down)
        }

        func logarithm(at prior: Double) -> Double {
            var sum = 0.0
            for index in counts.indices {
                sum += counts[index] * log(prior * positive[index] + (1 - prior) * negative[index])
            }
            return sum
        }

        /// Falls as the prior rises. Infinite at an end that some score rules out.
        func slope(at prior: Double) -> Double {
            var sum = 0.0
            for index in counts.indices {
                let difference = positive[index] - negative[index]
                if difference == 0 { continue }
                sum += counts[index] * difference / (prior * positive[index] + (1 - prior) * negative[index])
            }
            return sum
        }
    }
}

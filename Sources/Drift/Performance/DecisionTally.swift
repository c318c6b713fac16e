/// How many positives and negatives got each decision.
public struct DecisionTally: Hashable, Sendable {
    /// By decision.
    public private(set) var positives: [Int]
    public private(set) var negatives: [Int]

    public init(decisionCount: Int) {
        positives = Array(repeating: 0, count: decisionCount)
        negatives = positives
    }

    /// - Precondition: as many of each, none negative, at most `LabelledCounts.countMax` each.
    public init(positives: [Int], negatives: [Int]) {
        let counts = 0...LabelledCounts.countMax
        precondition(
            positives.count == negatives.count && (positives + negatives).allSatisfy { counts.contains($0) },
            "tallies of \(positives.count) and \(negatives.count) decisions")
        self.positives = positives
        self.negatives = negatives
    }

    /// Counts an event; beyond `LabelledCounts.countMax` none. - Precondition: the decision exists. Complexity: O(1).
    public mutating func add(_ decision: Int, isPositive: Bool) {
        if isPositive {
            positives[decision] = min(positives[decision] + 1, LabelledCounts.countMax)
        } else {
            negatives[decision] = min(negatives[decision] + 1, LabelledCounts.countMax)
        }
    }

    /// Precision and recall of the events that got one of some decisions. - Precondition: a flag for each decision.
    public func measures(of chosen: [Bool]) -> DecisionMeasures {
        precondition(chosen.count == positives.count, "\(chosen.count) flags for \(positives.count) decisions")
        var (found, wrong) = (0, 0)
        for decision in chosen.indices where chosen[decision] {
            found += positives[decision]
            wrong += negatives[decision]
        }
        return DecisionMeasures(found: found, labelled: found + wrong, positives: positives.reduce(0, +))
    }

    /// The same of one decision alone.
    public func measures(of decision: Int) -> DecisionMeasures {
        measures(of: positives.indices.map { $0 == decision })
    }
}

/// How right a decision was.
public struct DecisionMeasures: Hashable, Sendable {
    /// Labelled events that got the decision, and positives among them.
    public let labelled: Int
    public let found: Int
    /// Positives whatever they got.
    public let positives: Int

    init(found: Int, labelled: Int, positives: Int) {
        self.found = found
        self.labelled = labelled
        self.positives = positives
    }

    /// Positives among the events that got the decision; `nil`: none got it.
    public var precision: Double? { labelled > 0 ? Double(found) / Double(labelled) : nil }
    /// Events that got the decision among the positives; `nil`: there are none.
    public var recall: Double? { positives > 0 ? Double(found) / Double(positives) : nil }
}

/// A series of zeros and ones that joined events make: how right decisions are, as it becomes known.
///
/// Events enter a series when their labels come, not in the order of their times: while labels of one kind come sooner
/// than those of another the rates lean to the sooner ones, in the reference as in the stream.
public struct LabelSeries: Hashable, Sendable {
    public enum Measure: Hashable, Sendable {
        /// Of the events that got a decision: whether they are positive.
        case precision(decision: UInt16)
        /// Of the positives: whether they got a decision.
        case recall(decision: UInt16)
        /// Of all labelled events: whether they are positive.
        case positives

        /// What an event adds; `nil`: nothing. Complexity: O(1).
        func value(of event: JoinedEvent) -> Bool? {
            guard let isPositive = event.isPositive else { return nil }
            switch self {
            case .precision(let decision): return event.decision == decision ? isPositive : nil
            case .recall(let decision): return isPositive ? event.decision == decision : nil
            case .positives: return isPositive
            }
        }
    }

    /// As references and alerts call it: `precision(block)`.
    public let name: SeriesName
    public let measure: Measure

    /// All series of a plan: `positives`, and two for each decision that calls an event positive.
    public static func all(of plan: LabelJoinPlan) -> [LabelSeries] {
        var series = [LabelSeries(name: SeriesName(.positives), measure: .positives)]
        for (place, decision) in plan.decisions.enumerated() where plan.flags[place] {
            let number = UInt16(place)
            series.append(.init(name: SeriesName(.precision(decision)), measure: .precision(decision: number)))
            series.append(.init(name: SeriesName(.recall(decision)), measure: .recall(decision: number)))
        }
        return series
    }

    /// What an event adds; `nil`: nothing. Complexity: O(1).
    public func value(of event: JoinedEvent) -> Bool? { measure.value(of: event) }
}

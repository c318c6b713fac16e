/// Counts explained events by aligned spans of event time: `[n · span, (n + 1) · span)`.
///
/// Belongs to one thread, which asks in merge order: what is admitted depends on that order alone. The newest 64 spans
/// have a count each, so that events out of order, or one far ahead of the others, take nothing from the rest; what is
/// older counts with the oldest of them.
struct ExplanationBudget {
    private struct Span {
        var number: Int64
        var count: Int
    }

    static let spansMax = 64
    private let plan: ExplanationPlan.Budget
    /// Rising by number.
    private var spans: [Span] = []

    init(_ plan: ExplanationPlan.Budget) {
        self.plan = plan
        spans.reserveCapacity(Self.spansMax)
    }

    /// Whether an event of this time may be explained; it then counts.
    ///
    /// Complexity: O(spans that are newer), at most 64; no allocation.
    mutating func admits(_ microseconds: Int64) -> Bool {
        let place = place(of: Self.number(microseconds, plan.spanMicroseconds))
        if spans[place].count >= plan.eventsMax { return false }
        spans[place].count &+= 1
        return true
    }

    /// Rounded down, also before 1970.
    private static func number(_ microseconds: Int64, _ span: Int64) -> Int64 {
        let (quotient, rest) = microseconds.quotientAndRemainder(dividingBy: span)
        return rest < 0 ? quotient - 1 : quotient
    }

    private mutating func place(of number: Int64) -> Int {
        var place = spans.count
        while place > 0, spans[place &- 1].number >= number {
            place &-= 1
            if spans[place].number == number { return place }
        }
        let span = Span(number: number, count: 0)
        if spans.count < Self.spansMax {
            spans.insert(span, at: place)
            return place
        }
        if place == 0 { return 0 }
        // The oldest makes room.
        for index in 1..<place { spans[index &- 1] = spans[index] }
        spans[place &- 1] = span
        return place &- 1
    }
}

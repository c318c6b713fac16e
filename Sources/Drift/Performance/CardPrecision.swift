/// Card precision@k: of the k cards that an investigator would look at each day, how many are compromised.
///
/// A day's card has the greatest score and label of its transactions on that day. Cards that were found (compromised
/// and among the k) are blocked: they are left out on later days. A day's precision is the compromised cards among the
/// first k over k, even where fewer than k cards are left; the result is the mean over the days that occur.
///
/// Definition: Fraud Detection Handbook, "Precision top-k metrics". Equal scores go by the lower card number.
public enum CardPrecision {
    /// One day: what was looked at.
    public struct Day: Hashable, Sendable {
        public let day: Int32
        /// Cards with a transaction on that day that were not blocked.
        public let cards: Int
        /// Compromised ones among them.
        public let compromised: Int
        /// Compromised ones among the first k.
        public let found: Int
    }

    /// The mean precision over the days; `nil` without transactions. Arrays have one element a transaction.
    ///
    /// Complexity: O(n log n).
    public static func mean(
        scores: [some BinaryFloatingPoint], labels: [Bool], days: [Int32], cards: [Int64], top k: Int = 100
    ) -> Double? {
        let days = perDay(scores: scores, labels: labels, days: days, cards: cards, top: k)
        guard !days.isEmpty else { return nil }
        return days.reduce(0) { $0 + Double($1.found) / Double(k) } / Double(days.count)
    }

    /// The days in order; see `mean`.
    public static func perDay(
        scores: [some BinaryFloatingPoint], labels: [Bool], days: [Int32], cards: [Int64], top k: Int = 100
    ) -> [Day] {
        precondition(k > 0, "the first \(k) cards")
        precondition(
            scores.count == labels.count && scores.count == days.count && scores.count == cards.count,
            "\(scores.count) scores, \(labels.count) labels, \(days.count) days, \(cards.count) cards")
        var rowsOfDay: [Int32: [Int]] = [:]
        for (row, day) in days.enumerated() { rowsOfDay[day, default: []].append(row) }
        var blocked: Set<Int64> = []
        var result: [Day] = []
        for day in rowsOfDay.keys.sorted() {
            var best: [Int64: Card] = [:]
            for row in rowsOfDay[day]! where !blocked.contains(cards[row]) {
                let score = scores[row].isNaN ? -.infinity : Double(scores[row])
                best[cards[row], default: Card(number: cards[row])].take(score, labels[row])
            }
            let ranked = best.values.sorted()
            let found = ranked.prefix(k).filter(\.isCompromised)
            blocked.formUnion(found.map(\.number))
            result.append(
                Day(
                    day: day, cards: ranked.count, compromised: ranked.count { $0.isCompromised }, found: found.count))
        }
        return result
    }

    private struct Card: Comparable {
        let number: Int64
        var score = -Double.infinity
        var isCompromised = false

        init(number: Int64) { self.number = number }

        mutating func take(_ score: Double, _ label: Bool) {
            self.score = max(self.score, score)
            isCompromised = isCompromised || label
        }

        /// The greater score comes first.
        static func < (left: Card, right: Card) -> Bool {
            left.score != right.score ? left.score > right.score : left.number < right.number
        }
    }
}

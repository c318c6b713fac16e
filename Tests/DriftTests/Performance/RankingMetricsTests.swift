import Testing

@testable import Drift

@Suite struct RankingMetricsTests {
    /// The worked example of scikit-learn's documentation.
    @Test func knownValues() {
        let scores: [Double] = [0.1, 0.4, 0.35, 0.8]
        let labels = [false, false, true, true]
        #expect(RankingMetrics.rocAUC(scores: scores, labels: labels) == 0.75)
        #expect(abs(RankingMetrics.averagePrecision(scores: scores, labels: labels)! - 5.0 / 6) < 1e-15)
    }

    @Test func tiesCountHalf() {
        // Pairs: 2 > 1 wins, 2 = 2 half, 1 = 1 half, 1 < 2 lost: 2 of 4.
        #expect(RankingMetrics.rocAUC(scores: [2, 1, 2, 1] as [Float], labels: [true, true, false, false]) == 0.5)
        #expect(RankingMetrics.rocAUC(scores: [3, 3, 3] as [Float], labels: [true, false, false]) == 0.5)
        // One threshold only: recall 1 at the precision of all.
        #expect(
            RankingMetrics.averagePrecision(scores: [3, 3, 3] as [Float], labels: [true, false, false]) == 1.0 / 3)
        // (3: tp 1, fp 0) then (2: tp 2, fp 1): 1/2 * 1 + 1/2 * 2/3.
        let average = RankingMetrics.averagePrecision(
            scores: [3, 2, 2, 1] as [Float], labels: [true, true, false, false])
        #expect(abs(average! - 5.0 / 6) < 1e-15)
    }

    @Test func extremes() {
        #expect(RankingMetrics.rocAUC(scores: [1, 2, 3] as [Float], labels: [false, false, true]) == 1)
        #expect(RankingMetrics.rocAUC(scores: [1, 2, 3] as [Float], labels: [true, false, false]) == 0)
        #expect(RankingMetrics.rocAUC(scores: [1, 2] as [Float], labels: [true, true]) == nil)
        #expect(RankingMetrics.rocAUC(scores: [] as [Float], labels: []) == nil)
        #expect(RankingMetrics.averagePrecision(scores: [1, 2] as [Float], labels: [false, false]) == nil)
        // Not a number is the least.
        #expect(RankingMetrics.rocAUC(scores: [.nan, 2] as [Float], labels: [true, false]) == 0)
        #expect(RankingMetrics.rocAUC(scores: [.nan, -.infinity] as [Float], labels: [true, false]) == 0.5)
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func areaIsTheShareOfPairs(seed: UInt64) {
        var random = SeededDraws(seed: seed)
        let scores = (0..<200).map { _ in Float(Int.random(in: 0..<20, using: &random)) }
        let labels = (0..<200).map { _ in Int.random(in: 0..<5, using: &random) == 0 }
        var halves = 0
        var pairs = 0
        for positive in scores.indices where labels[positive] {
            for negative in scores.indices where !labels[negative] {
                pairs += 1
                halves += scores[positive] > scores[negative] ? 2 : scores[positive] == scores[negative] ? 1 : 0
            }
        }
        let area = RankingMetrics.rocAUC(scores: scores, labels: labels)
        #expect(area == Double(halves) / (2 * Double(pairs)), "seed \(seed)")
    }
}

@Suite struct CardPrecisionTests {
    /// Two days, two cards are looked at each day.
    ///
    ///     day 1:  card 1 .9 fraud, .1   card 2 .8   card 3 .7 fraud      -> 1 2 : one of two found, card 1 blocked
    ///     day 2:  card 1 .9 fraud       card 2 .1   card 3 .6 fraud      -> 3 2 : one of two (3 had not been found)
    @Test func foundCardsAreLeftOutLater() {
        let days: [Int32] = [1, 1, 1, 1, 2, 2, 2]
        let cards: [Int64] = [1, 1, 2, 3, 1, 2, 3]
        let scores: [Float] = [0.9, 0.1, 0.8, 0.7, 0.9, 0.1, 0.6]
        let labels = [true, false, false, true, true, false, true]
        let perDay = CardPrecision.perDay(scores: scores, labels: labels, days: days, cards: cards, top: 2)
        #expect(
            perDay == [
                .init(day: 1, cards: 3, compromised: 2, found: 1), .init(day: 2, cards: 2, compromised: 1, found: 1),
            ])
        #expect(CardPrecision.mean(scores: scores, labels: labels, days: days, cards: cards, top: 2) == 0.5)
    }

    /// The score and the label of a card may come from different transactions of the day.
    @Test func aCardHasTheGreatestScoreAndLabelOfItsDay() {
        let mean = CardPrecision.mean(
            scores: [0.9, 0.1, 0.5] as [Float], labels: [false, true, true], days: [1, 1, 1], cards: [1, 1, 2], top: 1)
        #expect(mean == 1)
    }

    @Test func fewerCardsThanPlacesCountAsMisses() {
        let mean = CardPrecision.mean(scores: [0.9] as [Float], labels: [true], days: [5], cards: [1], top: 100)
        #expect(mean == 0.01)
        #expect(CardPrecision.mean(scores: [] as [Float], labels: [], days: [], cards: []) == nil)
    }

    @Test func equalScoresGoByCardNumber() {
        let labels = [true, false]
        #expect(
            CardPrecision.mean(scores: [1, 1] as [Float], labels: labels, days: [1, 1], cards: [1, 2], top: 1) == 1)
        #expect(
            CardPrecision.mean(scores: [1, 1] as [Float], labels: labels, days: [1, 1], cards: [3, 2], top: 1) == 0)
    }
}

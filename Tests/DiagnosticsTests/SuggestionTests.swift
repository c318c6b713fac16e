import Testing

@testable import Diagnostics

@Suite struct SuggestionTests {
    @Test(arguments: [
        ("maen", ["min", "max", "mean"], "did you mean \"mean\"?"),
        ("agregates", ["aggregates", "over"], "did you mean \"aggregates\"?"),
        ("xyz", ["count", "sum"], "expected one of \"count\", \"sum\""),
    ])
    func nearestOrList(word: String, choices: [String], expected: String) {
        #expect(Suggestion.text(for: word, among: choices) == expected)
    }

    @Test func longListsAreNotPrinted() {
        #expect(Suggestion.text(for: "qqq", among: (0..<20).map { "choice\($0)" }) == nil)
    }

    @Test func swappedNeighboursAreOneEdit() {
        #expect(Suggestion.editDistance(Array("maen"), Array("mean")) == 1)
        #expect(Suggestion.editDistance(Array("kitten"), Array("sitting")) == 3)
    }
}

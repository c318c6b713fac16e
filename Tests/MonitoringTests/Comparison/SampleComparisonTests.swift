import Foundation
import Monitoring
import Testing

@Suite struct SampleComparisonTests {
    private static let reference = SampleComparison.Numbers(
        name: "a.txt", values: (0..<200).map { Double($0) / 200 }, missing: 2)
    private static let current = SampleComparison.Numbers(
        name: "b.txt", values: (0..<100).map { Double($0) / 100 * 0.5 + 0.25 })

    private static func compared(_ names: [String] = []) throws -> SampleComparison {
        try SampleComparison(reference: reference, current: current, statistics: names)
    }

    private static func row(_ name: String) throws -> StatisticRow {
        try #require(try compared([name]).statistics.first)
    }

    @Test func theUsualStatisticsAreThoseWithSoundDefinitions() throws {
        let names = try Self.compared().statistics.map(\.name)
        #expect(
            names == ["ks", "ad", "cvm", "es", "mwu", "chi2", "psi", "js", "kl", "hellinger", "w1", "w1-sd", "energy"])
        #expect(try Self.compared(["all"]).statistics.map(\.name) == StatisticCatalogue.standard.names)
        #expect(try Self.compared(["w1", "ks"]).statistics.map(\.name) == ["ks", "w1"])
    }

    /// scipy 1.17.1 on the same numbers.
    @Test func numbersAreThoseOfTheStatistics() throws {
        let expected: [(name: String, statistic: Double, p: Double?)] = [
            ("ks", 0.25, 0.00042774613365826643),
            ("ad", 11.810154723973273, 0.001),
            ("es", 126.21390091930864, 2.511335661705432e-26),
            ("mwu", 10000.0, 1.0),
            ("cvm-scipy", 1.3892111111111163, 0.00030561832729869565),
            ("w1", 0.125, nil),
            ("w1-sd", 0.43301811465248247, nil),
            ("energy", 0.20414455662593606, nil),
        ]
        for (name, statistic, p) in expected {
            let row = try Self.row(name)
            #expect(abs(row.statistic - statistic) <= 1e-9 * max(1, abs(statistic)), "\(name): \(row.statistic)")
            if let p { #expect(abs((row.pValue ?? .nan) - p) <= 1e-9, "\(name): \(row.pValue ?? .nan)") }
            #expect(row.differs == p.map { $0 < 0.05 })
        }
    }

    @Test func rowsSayHowTheyWereComputed() throws {
        #expect(try Self.row("ks").parameters["method"] == "exact")
        #expect(try Self.row("ks").parameters["alternative"] == "two-sided")
        #expect(try Self.row("ks").note == "ties: conservative")
        #expect(try Self.row("ad").note == "p is at most this")
        #expect(try Self.row("cvm-scipy").note == "ties: rejects samples of one distribution")
        #expect(try Self.row("psi").note == "0.135 is what no change gives")
        #expect(try Self.row("chi2").parameters["df"] == "9")
    }

    @Test func theTableIsForPeople() throws {
        let lines = try Self.compared(["ks", "w1"]).text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 6)
        #expect(lines[0] == "reference  a.txt: 200 numbers, 2 missing, 0 to 0.995, median 0.4975, mean 0.4975")
        #expect(lines[1] == "current    b.txt: 100 numbers, 0.25 to 0.745, median 0.4975, mean 0.4975")
        #expect(lines[3] == "name  statistic  p-value      p < 0.05  note")
        #expect(lines[4].hasPrefix("ks    0.25 "))
        #expect(lines[5] == "w1    0.125      -            -")
    }

    @Test func theObjectIsForPrograms() throws {
        let bytes = Data(try Self.compared(["ks", "w1"]).json.utf8)
        let object = try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
        let statistics = try #require(object["statistics"] as? [[String: Any]])
        #expect(statistics[0]["name"] as? String == "ks")
        #expect(statistics[0]["differs"] as? Bool == true)
        #expect((statistics[0]["parameters"] as? [String: String])?["method"] == "exact")
        #expect(statistics[1]["pValue"] == nil)
        #expect((object["reference"] as? [String: Any])?["missing"] as? Int == 2)
        // What is not defined is a text, not broken JSON.
        let one = SampleComparison.Numbers(name: "c", values: [1])
        let undefined = try SampleComparison(reference: one, current: one, statistics: ["es", "ad"]).json
        #expect(undefined.contains("\"statistic\" : \"nan\""))
    }

    @Test func whatCannotBeComparedIsRefused() {
        let empty = SampleComparison.Numbers(name: "c.txt", values: [])
        #expect(throws: NumberFailure("c.txt: it holds no number")) {
            try SampleComparison(reference: Self.reference, current: empty)
        }
        let failure = #expect(throws: NumberFailure.self) { try Self.compared(["ksx"]) }
        #expect(failure?.description.hasPrefix("there is no statistic \"ksx\"; there are ks, ad, ") == true)
    }
}

import Drift
import Monitoring
import Testing

@Suite struct DetectorRunTests {
    private static func reader(_ text: String, column: String? = nil, skipsMissing: Bool = false) throws -> NumberReader
    {
        try NumberReader(TextSource(text, pieceBytes: 100), name: "a.txt", column: column, skipsMissing: skipsMissing)
    }

    private static let step = (0..<600).map { $0 < 300 ? "0" : "1" }.joined(separator: "\n")

    @Test func positionsAreToldAndKept() throws {
        var run = try DetectorRun("adwin", parameters: [("clock", "1")])
        var told: [Int] = []
        let summary = try run.run(Self.reader(Self.step)) { told.append($0) }
        #expect(told == summary.alarms)
        #expect(summary.alarms.count == 1)
        #expect((300..<330).contains(summary.alarms.first ?? 0))
        #expect(summary.values == 600)
        #expect(summary.json.hasPrefix("{\"alarms\":[3"))
        var quiet = try DetectorRun("adwin", parameters: [("clock", "1")])
        #expect(try quiet.run(Self.reader(Self.step), keeps: false).alarms.isEmpty)
    }

    @Test func warningsAreKept() throws {
        let text = (0..<400).map { $0 % ($0 < 200 ? 10 : 3) == 0 ? "1" : "0" }.joined(separator: "\n")
        var run = try DetectorRun("ddm")
        let summary = try run.run(Self.reader(text))
        #expect(!summary.alarms.isEmpty)
        #expect(!summary.warnings.isEmpty)
        #expect(Set(summary.alarms).isDisjoint(with: summary.warnings))
    }

    @Test func aDetectorOfZerosAndOnesTakesNothingElse() throws {
        var run = try DetectorRun("ddm")
        #expect(throws: NumberFailure("a.txt:3: 0.5, where ddm takes 0 and 1")) {
            try run.run(Self.reader("0\n1\n0.5\n"))
        }
    }

    @Test func missingValuesTakeNoPosition() throws {
        var run = try DetectorRun("page-hinkley")
        let summary = try run.run(Self.reader("a\n1\nnan\n\n2\n", column: "a", skipsMissing: true))
        #expect(summary.values == 2)
        #expect(summary.missing == 2)
    }

    @Test func helpNamesEveryDetectorAndParameter() {
        let help = DetectorRun.list()
        for detector in DetectorCatalogue.standard.detectors {
            #expect(help.contains(detector.name))
            for parameter in detector.parameters { #expect(help.contains("  \(parameter.name)=")) }
        }
    }
}

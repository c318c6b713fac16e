import Drift
import Foundation
import Generation
import Monitoring
import Testing

@Suite struct SequentialRunTests {
    /// Scores as a fraud model gives them, more or less: most near 0, some high.
    private static func scores(_ count: Int, seed: UInt64, power: Double = 6) -> [Double] {
        var random = RandomSource(seed: seed, stream: 77)
        return (0..<count).map { _ in
            var score = 1.0
            for _ in 0..<Int(power) { score *= random.unit() }
            return (score * 1_000).rounded() / 1_000
        }
    }

    private static func run(
        _ values: [Double], reference: [Double], _ parameters: [(name: String, value: String)] = []
    ) throws -> DetectorRun.Summary {
        let settings = try SequentialRun.Settings([(name: "reference", value: "r")] + parameters)
        var run = SequentialRun(try SequentialRun.reference(of: reference), settings)
        let text = values.map { "\($0)" }.joined(separator: "\n")
        return try run.run(NumberReader(TextSource(text, pieceBytes: 10_000), name: "s"))
    }

    @Test func itIsQuietUntilTheChangeAndSaysWhatMoved() throws {
        let reference = Self.scores(20_000, seed: 1)
        let before = Self.scores(10_000, seed: 2)
        let after = Self.scores(5_000, seed: 3, power: 4)
        let summary = try Self.run(before + after, reference: reference)
        let change = try #require(summary.changes?.first)
        #expect(summary.values == 15_000)
        #expect(change.alarm == summary.alarms.first)
        // It alarms soon, and knows since when.
        #expect((10_000..<11_000).contains(change.alarm), "\(change)")
        #expect((9_800...10_200).contains(change.since), "\(change)")
        #expect(change.direction == "up")
        #expect(change.oddsRatio > 1.2)
        // What has changed for good raises it again and again.
        #expect(summary.alarms.count > 3)
        // Batches of 50: an alarm is at a batch's end.
        #expect(summary.alarms.allSatisfy { $0 % 50 == 49 })
    }

    /// The same as the detector's own arithmetic, batch by batch.
    @Test func alarmsAreThoseOfTheDetector() throws {
        let reference = Self.scores(5_000, seed: 4)
        let values = Self.scores(4_000, seed: 5) + Self.scores(2_030, seed: 6, power: 5)
        let series = try SequentialRun.reference(of: reference)
        #expect(series.grid == .scores)
        let bets = series.bets()
        let bins = bets.bins(ofCells: series.grid.cellCount)
        var detector = SequentialDetector(bets: bets, runLength: 5_000)
        var expected: [Int] = []
        for start in stride(from: 0, to: values.count, by: 37) {
            let batch = values[start..<min(values.count, start + 37)]
            var bucket = BucketCounts(binCount: bets.binCount)
            for value in batch { bucket.add(bin: Int(bins[try #require(series.grid.cell(of: value))])) }
            if detector.close(bucket) {
                expected.append(start + batch.count - 1)
                detector.reset()
            }
        }
        let summary = try Self.run(
            values, reference: reference, [("false_alarms", "5_000"), ("batch", "37")])
        #expect(!expected.isEmpty)
        #expect(summary.alarms == expected)
    }

    @Test func numbersOfAnySizeHaveAGrid() throws {
        let wide = try SequentialRun.reference(of: (0..<1_000).map { Double($0) * 3 - 500 })
        #expect(wide.grid.lowest == -500 && wide.grid.highest == 2_497)
        #expect(wide.grid.cellCount == 1_000)
        let constant = Array(repeating: 7.0, count: 2_000)
        let summary = try Self.run(constant + Array(repeating: 9.0, count: 2_000), reference: constant)
        #expect(summary.alarms.first.map { $0 >= 2_000 && $0 < 2_200 } == true, "\(summary.alarms)")
        #expect(throws: ReferenceFault.self) { try SequentialRun.reference(of: []) }
        #expect(throws: ReferenceFault.self) {
            try SequentialRun.reference(of: [-Double.greatestFiniteMagnitude, .greatestFiniteMagnitude])
        }
    }

    @Test func aReferenceWithHoursCountsAsOne() throws {
        var history = ReferenceHistory(grid: .scores)
        var random = RandomSource(seed: 8, stream: 1)
        var numbers: [Double] = []
        for event in 0..<24 * 10 * 200 {
            let hour = event / 200
            let value = random.unit() * (hour % 24 < 12 ? 0.5 : 1)
            history.add(value, at: Int64(hour) * 3_600_000)
            numbers.append(value)
        }
        let series = try SeriesReference(history)
        #expect(series.strata.count == 24)
        var run = SequentialRun(series, try SequentialRun.Settings([("reference", "r"), ("batch", "24000")]))
        // A batch is many days' worth: on the whole nothing has moved.
        let text = numbers.map { "\($0)" }.joined(separator: "\n")
        #expect(try run.run(NumberReader(TextSource(text, pieceBytes: 10_000), name: "s")).alarms.isEmpty)
    }

    @Test func referencesAreFilesOrNumbers() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "riffle-esr-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let series = try SequentialRun.reference(of: Self.scores(2_000, seed: 9))
        let file = ReferenceFile(
            pipeline: "p", fromMilliseconds: 0, toMilliseconds: 1, series: ["score": series, "amount": series])
        let path = folder.appending(path: "reference.json").path
        try file.encoded().write(to: URL(fileURLWithPath: path))
        #expect(try DetectionReference.series("score", of: path) == series)
        let failure = try #require(throws: ReferenceFault.self) { try DetectionReference.series("scor", of: path) }
        #expect(failure.description == "\(path): there is no series \"scor\"; it has amount, score")
        let damaged = folder.appending(path: "damaged.json").path
        try Data(String(decoding: file.encoded(), as: UTF8.self).replacing("\"missing\":0", with: "\"missing\":1").utf8)
            .write(to: URL(fileURLWithPath: damaged))
        let refusal = try #require(throws: ReferenceFault.self) { try DetectionReference.series("score", of: damaged) }
        #expect(refusal.description.hasPrefix("\(damaged): the reference was changed"))
        for (name, text) in [("lines", "0.5\n0.25\n"), ("json", "{\"score\":0.5}\n"), ("empty", "")] {
            let other = folder.appending(path: name).path
            try Data(text.utf8).write(to: URL(fileURLWithPath: other))
            #expect(try DetectionReference.series("score", of: other) == nil, "\(name)")
        }
        #expect(try DetectionReference.series("score", of: folder.appending(path: "none").path) == nil)
    }

    @Test func settingsAreChecked() throws {
        let settings = try SequentialRun.Settings([
            ("reference", "a.json"), ("series", "amount"), ("false_alarms", "1e5"), ("batch", "10"),
        ])
        #expect(settings.reference == "a.json")
        #expect(settings.series == "amount")
        #expect(settings.falseAlarms == 100_000)
        #expect(settings.batch == 10)
        let plain = try SequentialRun.Settings([("reference", "r")])
        #expect(plain.series == "score" && plain.falseAlarms == 1_000_000 && plain.batch == 50)
        func refusal(_ given: [(name: String, value: String)]) throws -> String {
            try #require(throws: DetectorRefusal.self) { _ = try SequentialRun.Settings(given) }.description
        }
        #expect(try refusal([]).hasPrefix("esr needs a reference: --param reference=FILE"))
        #expect(
            try refusal([("refrence", "r")])
                == "esr has no parameter \"refrence\"; it has reference, series, false_alarms, batch")
        #expect(try refusal([("reference", "r"), ("reference", "s")]) == "esr: reference is given twice")
        #expect(
            try refusal([("reference", "r"), ("batch", "0")]) == "esr: batch is \"0\", but may be 1 to 1000000")
        #expect(try refusal([("reference", "r"), ("batch", "2.5")]).hasPrefix("esr: batch is \"2.5\""))
        for value in ["nan", "inf", "-1", "", "1e13"] {
            #expect(try refusal([("reference", "r"), ("false_alarms", value)]).hasPrefix("esr: false_alarms is "))
        }
    }

    @Test func whatAlarmsSayIsInTheJSON() throws {
        let reference = Self.scores(5_000, seed: 10)
        let summary = try Self.run(Self.scores(1_000, seed: 11, power: 3), reference: reference)
        #expect(summary.json.contains("\"changes\":[{\"alarm\":"))
        #expect(summary.json.contains("\"odds_ratio\":"))
        #expect(SequentialRun.list.contains("reference=FILE"))
    }
}

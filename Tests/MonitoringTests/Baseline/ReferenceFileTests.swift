import Drift
import Foundation
import Generation
import Testing

@testable import Monitoring

@Suite struct ReferenceFileTests {
    private static func file() throws -> ReferenceFile { try made.get() }

    private static let made = Result {
        var history = ReferenceHistory(grid: .scores)
        var random = RandomSource(seed: 4, stream: 0)
        for event in 0..<20_000 {
            history.add(event % 50 == 0 ? nil : random.unit() * random.unit(), at: Int64(event) * 60_000)
        }
        var amounts = ReferenceHistory(grid: ValueGrid(values: [0.5, 1, 20, 1_000]))
        var channels = ReferenceHistory(grid: SeriesReference.grid(ofCategories: 2))
        for event in 0..<5_000 {
            amounts.add(random.unit() * random.unit() * 1_100, at: Int64(event) * 60_000)
            channels.add(cell: event % 7 == 0 ? 2 : event % 3 == 0 ? 1 : 0, at: Int64(event) * 60_000)
        }
        return ReferenceFile(
            pipeline: "card-fraud", fromMilliseconds: 0, toMilliseconds: 19_999 * 60_000,
            series: [
                "score": try SeriesReference(history), "amount": try SeriesReference(amounts),
                "channel": try SeriesReference(channels, categories: ["web", "app"]),
            ],
            origin: ReferenceOrigin(
                model: "m", versions: ["sha256:00": 20_000], events: 20_000,
                hourly: .init(hours: 333, mean: 60, least: 60, most: 60), labels: .init(labelled: 900, positive: 9),
                segments: ["channel": ["web", "app"]]),
            calibration: CalibrationMap(LabelledCounts(scores: [0.1, 0.2, 0.9], labels: [false, true, true])))
    }

    /// A file as version 1 wrote it, with the digest that it had.
    @Test func theFirstVersionIsRead() throws {
        let content =
            #"{"from":0,"pipeline":"p","series":{"score":{"dispersion":[1],"grid":{"cells":3,"highest":1,"lowest":0},"#
            + #""hours":1,"missing":2,"strata":[{"boundingEvents":4,"cells":[0,2],"counts":[3,1],"exceedances":[1]}],"#
            + #""thresholds":[0]}},"to":5}"#
        let digest = "fbfb911b9c94f5b6115070f5ea69b83af3bdbad76802b955cf89d06ed156ad65"
        let text = #"{"content":\#(content),"format":"riffle-reference","sha256":"\#(digest)","version":1}"#
        let file = try ReferenceFile(reading: Data(text.utf8))
        #expect(file.series["score"]?.counts == [3, 0, 1])
        #expect(file.series["score"]?.seen == nil && file.series["score"]?.categories == nil && file.origin == nil)
        #expect(try file.sha256() == digest)
        let again = try ReferenceFile(reading: file.encoded())
        #expect(again == file)
        #expect(try String(decoding: file.encoded(), as: UTF8.self).contains("\"version\":3"))
    }

    @Test func whatIsWrittenIsRead() throws {
        let file = try Self.file()
        let data = try file.encoded()
        let read = try ReferenceFile(reading: data)
        #expect(read == file)
        #expect(try read.sha256() == file.sha256())
        #expect(try read.encoded() == data)
        #expect(try String(decoding: data, as: UTF8.self).contains("\"sha256\":\"\(file.sha256())\""))
        #expect(read.series["score"]?.missingCount == 400)
        #expect(read.series["amount"]?.grid.listedValues == [0.5, 1, 20, 1_000])
        let seen = try #require(read.series["amount"]?.seen)
        #expect(seen.lowerBound < 0.5 && seen.upperBound > 1_000)
        #expect(read.series["channel"]?.categories == ["web", "app"] && read.series["channel"]?.seen == nil)
        #expect(read.origin?.segments == ["channel": ["web", "app"]])
        #expect(read.series["score"]?.bets() == file.series["score"]?.bets())
    }

    /// Blanks and the order of keys are no content.
    @Test func layoutDoesNotChangeTheDigest() throws {
        let file = try Self.file()
        let object = try JSONSerialization.jsonObject(with: file.encoded())
        let laidOut = try JSONSerialization.data(withJSONObject: object, options: [.prettyPrinted])
        let read = try ReferenceFile(reading: laidOut)
        #expect(read == file)
    }

    static let changes: [(from: String, to: String, says: String)] = [
        ("riffle-reference", "something-else", "this is no reference"),
        ("\"version\":3", "\"version\":4", "version 4"),
        ("\"missing\":400", "\"missing\":401", "changed after it was made"),
        ("\"missing\":400", "\"missing\":\"400\"", "content.series.score.missing: not of the type"),
        ("\"missing\":400", "\"missing\":-1e99", "the reference is damaged"),
        ("\"hours\"", "\"days\"", "\"hours\" is missing"),
        ("\"content\"", "\"contents\"", "no \"content\""),
        ("{", "[", "not a JSON object"),
    ]

    @Test(arguments: changes.indices)
    func aChangedFileIsRefused(index: Int) throws {
        let change = Self.changes[index]
        var text = String(decoding: try Self.file().encoded(), as: UTF8.self)
        let place = try #require(text.range(of: change.from))
        text.replaceSubrange(place, with: change.to)
        let fault = #expect(throws: ReferenceFault.self) { try ReferenceFile(reading: Data(text.utf8)) }
        #expect(fault?.description.contains(change.says) == true, "\(fault?.description ?? "none")")
    }

    /// Sound as JSON and rightly hashed, but not a reference: whoever makes the file makes its digest.
    static let hostile: [@Sendable (inout ReferenceContent) -> Void] = [
        { $0.series["score"]?.grid.cells = 1 << 40 },
        { $0.series["score"]?.grid.lowest = 2 },
        {
            $0.series["score"]?.grid.highest = .greatestFiniteMagnitude; $0.series["score"]?.grid.lowest = -1e308
        },
        { $0.series["score"]?.strata = [] },
        { $0.series["score"]?.strata[0].cells[0] = -1 },
        { $0.series["score"]?.strata[0].cells[0] = 1_001 },
        { $0.series["score"]?.strata[0].cells = [] },
        { $0.series["score"]?.strata[0].counts[0] = .max },
        { $0.series["score"]?.strata[0].exceedances[0] = .max },
        { $0.series["score"]?.strata[0].boundingEvents = 0 },
        { $0.series["score"]?.thresholds = [] },
        { $0.series["score"]?.dispersion[0] = 0 },
        { $0.from = .max },
        { $0.series["amount"]?.grid.values = [] },
        { $0.series["amount"]?.grid.values = [0.5, 20, 1, 1_000] },
        { $0.series["amount"]?.grid.values = [0.5, 1, 1_000] },
        { $0.series["amount"]?.grid.values = [0.4, 1, 20, 1_000] },
        { $0.series["amount"]?.grid.cells = 5 },
        { $0.series["amount"]?.seen = [1] },
        { $0.series["amount"]?.seen = [2, 1] },
        { $0.series["channel"]?.categories = [] },
        { $0.series["channel"]?.categories = ["web"] },
        { $0.series["channel"]?.categories = ["web", "web"] },
        { $0.series["channel"]?.categories = ["web", String(repeating: "x", count: 1_025)] },
        { $0.series["amount"]?.categories = ["a", "b", "c"] },
        { $0.series[String(repeating: "x", count: 4_097)] = $0.series["channel"] },
        { $0.origin?.versions = ["": -1] },
        { $0.origin?.versions = Dictionary(uniqueKeysWithValues: (0..<65).map { ("\($0)", 1) }) },
        { $0.origin?.model = String(repeating: "x", count: 1_025) },
        { $0.origin?.events = .max },
        { $0.origin?.hourly?.hours = 0 },
        { $0.origin?.hourly?.least = 61 },
        { $0.origin?.labels?.positive = 901 },
        { $0.origin?.labels?.labelled = -1 },
        { $0.origin?.segments["channel"] = ["web", "web"] },
        { $0.origin?.segments["channel"] = (0..<1_001).map { "\($0)" } },
        { content in for field in 0..<64 { content.origin?.segments["f\(field)"] = [] } },
        { content in
            guard var series = content.series["score"] else { return }
            series.grid.cells = ValueGrid.cellCountMax
            series.strata = Array(
                repeating: .init(cells: [0], counts: [9], boundingEvents: 9, exceedances: []), count: 24)
            for index in 0..<30 { content.series["series \(index)"] = series }
        },
    ]

    @Test(arguments: hostile.indices)
    func aHostileContentIsRefused(index: Int) throws {
        struct Document: Codable {
            var format: String
            var version: Int
            var sha256: String
            var content: ReferenceContent
        }
        var document = try JSONDecoder().decode(Document.self, from: Self.file().encoded())
        Self.hostile[index](&document.content)
        let told = #expect(throws: ReferenceFault.self) { try ReferenceFile(reading: JSONEncoder().encode(document)) }
        let digest = try #require(told?.description.components(separatedBy: "should be ").last)
        document.sha256 = digest
        let fault = #expect(throws: ReferenceFault.self) { try ReferenceFile(reading: JSONEncoder().encode(document)) }
        #expect(fault?.description.contains("sha256") == false, "\(fault?.description ?? "none")")
    }

    @Test func everyCutIsRefused() throws {
        let data = try Self.file().encoded()
        for length in stride(from: 0, to: data.count - 2, by: 97) {
            #expect(throws: ReferenceFault.self) { try ReferenceFile(reading: data.prefix(length)) }
        }
    }

    @Test func cautionsSayWhatIsTooShort() throws {
        let reference = try #require(Self.file().series["score"])
        let short = ReferenceCautions.texts(reference, runLength: 1e6)
        #expect(short.count == 1 && short[0].contains("once in 1000000"), "\(short)")
        #expect(ReferenceCautions.texts(reference, runLength: 1e5).isEmpty)
        var history = ReferenceHistory(grid: .scores)
        for event in 0..<900 { history.add(Double(event) / 900, at: Int64(event) * 1_000) }
        let shorter = ReferenceCautions.texts(try SeriesReference(history), runLength: 1e4)
        #expect(shorter.count == 3, "\(shorter)")
        #expect(shorter.contains { $0.contains("900 events leave wide bounds") })
        #expect(shorter.contains { $0.contains("1 hours with events") })
    }
}

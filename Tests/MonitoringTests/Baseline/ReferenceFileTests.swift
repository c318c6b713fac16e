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
        return ReferenceFile(
            pipeline: "card-fraud", fromMilliseconds: 0, toMilliseconds: 19_999 * 60_000,
            series: ["score": try SeriesReference(history)])
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
        ("\"version\":1", "\"version\":2", "version 2"),
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

import Diagnostics
import Foundation
import Testing

@testable import Configuration

/// A path of a pipeline that is not there: what may have been meant.
struct NearbyFileTests {
    private let folder: String

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("nearby-\(UUID().uuidString)").path
        for name in ["pipelines/card-fraud", "pipelines/logins", "pipelines/empty"] {
            try FileManager.default.createDirectory(
                atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        }
        for name in [
            "card-fraud/pipeline.yaml", "card-fraud/replay-labelled.yaml", "card-fraud/README.md", "logins/one.yml",
        ] {
            try Data().write(to: URL(fileURLWithPath: "\(folder)/pipelines/\(name)"))
        }
    }

    @Test(arguments: [
        ("pipelines/card-fraud/pipline.yaml", "did you mean \"pipelines/card-fraud/pipeline.yaml\"?"),
        ("pipelines/card-fraud/pipeline.yml", "did you mean \"pipelines/card-fraud/pipeline.yaml\"?"),
        ("pipelines/card-fraud/pipeline", "did you mean \"pipelines/card-fraud/pipeline.yaml\"?"),
        ("pipelines/card_fraud/pipeline.yaml", "did you mean \"pipelines/card-fraud/pipeline.yaml\"?"),
        ("pipeline/card-frad/replay-labeled.yaml", "did you mean \"pipelines/card-fraud/replay-labelled.yaml\"?"),
        ("pipelines/card-fraud", "did you mean \"pipelines/card-fraud/pipeline.yaml\"?"),
        ("pipelines/./login", "did you mean \"pipelines/./logins/one.yml\"?"),
        (
            "pipelines/card-fraud/other.yaml",
            "there is \"pipelines/card-fraud/pipeline.yaml\", \"pipelines/card-fraud/replay-labelled.yaml\""
        ),
        ("pipelines/logins/one.yml", nil), ("pipelines/logins/one.yml/more", nil), ("nothing/like/it.yaml", nil),
        ("pipelines/empty/a.yaml", nil),
    ])
    func whatIsNear(path: String, expected: String?) {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let found = NearbyFile.suggestion(for: "\(folder)/\(path)")
        #expect(found == expected?.replacing("\"pipelines", with: "\"\(folder)/pipelines"))
        if let expected, !expected.hasPrefix("there") {
            let file = PipelineFile.load(path: "\(folder)/\(path)")
            #expect(file.diagnostics.map(\.code) == ["unreadable-file"])
            #expect(file.rendered().contains("did you mean \"\(folder)/pipelines/"))
        }
    }

    /// Names that would do something to a terminal are not proposed, nor is a folder of any size searched.
    @Test func whatCannotBeShownIsNotProposed() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data().write(to: URL(fileURLWithPath: "\(folder)/pipelines/empty/pipe\u{1B}line.yaml"))
        #expect(NearbyFile.suggestion(for: "\(folder)/pipelines/empty/pipeline.yaml") == nil)
    }
}

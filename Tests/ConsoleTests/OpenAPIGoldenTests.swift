import Foundation
import Testing

@testable import Console

@Suite struct OpenAPIGoldenTests {
    /// `UPDATE_GOLDENS=1` writes it anew.
    @Test func theReferenceIsTheDocument() throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "docs/reference/openapi.json")
        let environment = ProcessInfo.processInfo.environment
        if environment["UPDATE_GOLDENS"] == "1" && environment["CI"] == nil {
            try Data(OpenAPIDocument.text.utf8).write(to: path)
        }
        let golden = try String(contentsOf: path, encoding: .utf8)
        #expect(golden == OpenAPIDocument.text, "run UPDATE_GOLDENS=1 swift test --filter OpenAPIGoldenTests")
    }

    @Test func theDocumentIsSoundJSON() throws {
        let document = try #require(
            try JSONSerialization.jsonObject(with: Data(OpenAPIDocument.text.utf8)) as? [String: Any])
        let paths = try #require(document["paths"] as? [String: Any])
        #expect(paths.count == RouteTable.described.count)
        #expect(paths["/v1/features/{entity}/{key}"] != nil)
    }
}

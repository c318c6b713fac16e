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

    /// A pipeline's own document says what its events are; nested fields stand where they are sent.
    @Test func eventsAreThoseOfThePipeline() throws {
        let bytes = Data(OpenAPIDocument.text(of: TestPort.events).utf8)
        let document = try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
        let components = try #require(document["components"] as? [String: Any])
        let event = try #require((components["schemas"] as? [String: [String: Any]])?["Event"])
        // The time is required, whatever is said of its field; an object is where something in it is.
        #expect(event["required"] as? [String] == ["id", "meta", "risk"])
        let properties = try #require(event["properties"] as? [String: [String: Any]])
        #expect(Set(properties.keys) == ["id", "meta", "risk", "sum"])
        #expect(properties["id"]?["minimum"] as? Int == 0 && properties["id"]?["maximum"] == nil)
        #expect(properties["meta"]?["required"] as? [String] == ["at"])
        #expect(properties["risk"]?["type"] as? [String] == ["number", "null"])
        #expect(properties["sum"]?["required"] == nil)
        let amount = (properties["sum"]?["properties"] as? [String: [String: Any]])?["amount"]
        #expect(amount?["type"] as? [String] == ["number", "string"])
        #expect(OpenAPIDocument.text.contains("components/schemas/Event"))
    }
}

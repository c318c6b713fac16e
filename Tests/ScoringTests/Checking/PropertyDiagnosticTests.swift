import Configuration
import Diagnostics
import Foundation
import Testing

@testable import Scoring

/// What is wrong with `kafka.properties` as whoever wrote them sees it.
struct PropertyDiagnosticTests {
    private func told(_ properties: String) throws -> String {
        let kafka = "kafka:\n  properties:\n" + properties.split(separator: "\n").map { "    \($0)\n" }.joined()
        return try TestFiles.withFolder { folder in
            let file = folder.appending(path: "pipeline.yaml")
            let text = try String(contentsOfFile: TestFiles.cardFraud, encoding: .utf8).replacing(
                "kafka:\n", with: kafka)
            try Data(text.utf8).write(to: file)
            let loaded = PipelineAssembly.load(path: file.path).file
            return loaded.diagnostics.filter { $0.code == "kafka-property" }
                .map { "\($0.severity): \($0.message); \($0.suggestion ?? "")" }.joined(separator: "\n")
        }
    }

    @Test func anOAuthThatCannotLogInIsAnError() throws {
        let told = try told("security.protocol: SASL_SSL\nsasl.mechanisms: OAUTHBEARER")
        #expect(
            told == """
                error: property "sasl.mechanisms": OAUTHBEARER has nowhere to get a token from, so that no broker would \
                let Riffle in; set "sasl.oauthbearer.method: oidc" with "sasl.oauthbearer.token.endpoint.url", \
                "sasl.oauthbearer.client.id" and "sasl.oauthbearer.client.secret"
                """)
    }

    @Test func aFileThatIsNotThereIsNamedByItsProperty() throws {
        #expect(
            try told("security.protocol: ssl\nssl.ca.location: /no/ca.pem")
                == "error: property \"ssl.ca.location\": the file cannot be read: No such file or directory; ")
        // What belongs to no one property says so.
        let together = try told("max.in.flight: 100")
        #expect(together.hasPrefix("error: librdkafka takes these properties, but not together: "), "\(together)")
    }
}

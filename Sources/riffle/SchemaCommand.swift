import ArgumentParser
import Configuration

/// `riffle schema`: the JSON Schemas of what Riffle reads and writes.
struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print a JSON Schema: of pipeline files, for editors, or of the records that Riffle writes.",
        discussion: """
            An editor with a YAML language server completes and checks a pipeline file whose first line names the schema:
              # yaml-language-server: $schema=./pipeline.schema.json

            Examples:
              riffle schema > pipeline.schema.json
              riffle schema score
              riffle schema dead-letter

            Exit codes: 0 printed, 2 usage.
            """)

    @Argument(help: "What is described.")
    var subject = Subject.pipeline

    enum Subject: String, ExpressibleByArgument, CaseIterable {
        case pipeline, tests, score
        case deadLetter = "dead-letter"
        case alert, performance, check
        case testReport = "test-report"
        case explanation

        var text: String {
            switch self {
            case .pipeline: PipelineSchema.text
            case .tests: PipelineSchema.ofTests
            case .score: Self.text(PackageResources.score_v1_schema_json)
            case .deadLetter: Self.text(PackageResources.dead_letter_v1_schema_json)
            case .alert: Self.text(PackageResources.alert_v1_schema_json)
            case .performance: Self.text(PackageResources.performance_v1_schema_json)
            case .check: Self.text(PackageResources.check_v1_schema_json)
            case .testReport: Self.text(PackageResources.test_report_v1_schema_json)
            case .explanation: Self.text(PackageResources.explanation_v1_schema_json)
            }
        }

        private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
    }

    func run() { print(subject.text, terminator: "") }
}

import ArgumentParser
import Configuration
import Console
import Engine
import Scoring

/// `riffle check`: every problem of a pipeline file at once.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check a pipeline file and everything it refers to; print every problem at once.",
        discussion: """
            Examples:
              riffle check pipelines/card-fraud/pipeline.yaml
              riffle check pipelines/card-fraud/pipeline.yaml --format json

            JSON is one object (schemas/check.v1.schema.json) on standard output, problems included; text has problems on
            standard error.

            Exit codes: 0 fine (there may be warnings), 2 at least one error.
            """)

    @Argument(help: "The pipeline file.")
    var pipeline: String

    @Option(help: "text for people, json for editors and builds.")
    var format = Format.text

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

    func run() throws {
        let (assembly, file) = PipelineAssembly.load(path: pipeline, checksMeaning: true)
        switch format {
        case .json: print(CheckReport(file: file, assembly: assembly).content.indentedText, terminator: "")
        case .text:
            Terminal.printError(file.rendered(usesColour: Terminal.usesColourOnError), terminator: "")
            if let assembly { printSummary(assembly) }
        }
        if assembly == nil { throw ExitCode(2) }
    }

    private func printSummary(_ assembly: PipelineAssembly) {
        let (name, plan) = (assembly.scoring.pipeline, assembly.scoring.models.planHash)
        print("\(pipeline): pipeline \"\(name)\" is fine, plan \(plan)")
        for line in CheckSummaryText(assembly).lines { print(line) }
    }
}

import ArgumentParser
import Configuration
import Diagnostics
import Engine
import Foundation
import Scoring

/// `riffle test`: the tests that users write for a pipeline.
struct TestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Run a pipeline's tests: events in, and what has to come of them.",
        discussion: """
            A file of tests says which events come, when the pipeline is started again between them, and which \
            features, scores, decisions and faults are expected (docs/TESTING.md). Events go through the engine that \
            runs live, in memory: no broker is needed, nothing is left behind, and the result is the same on every \
            machine.

            Without files it takes all in the folder "tests" beside the pipeline, in the order of their names.

            Examples:
              riffle test pipelines/card-fraud/pipeline.yaml
              riffle test pipeline.yaml tests/windows.yaml --only "a third payment"
              riffle test pipeline.yaml --junit report.xml
              riffle test pipeline.yaml --format json \\
                | jq '.files[].tests[] | select(.passed | not)'

            Exit codes: 0 all passed, 1 a test failed, 2 usage, or an error in the pipeline or a file of tests.
            """)

    @Argument(help: "The pipeline file.")
    var pipeline: String

    @Argument(help: "Files of tests; without any, those in the folder \"tests\" beside the pipeline.")
    var files: [String] = []

    @Option(help: ArgumentHelp("Only tests whose name holds this.", valueName: "text"))
    var only: String?

    @Option(help: "How the result is printed.")
    var format: Format = .text

    @Option(help: ArgumentHelp("Write the result as JUnit's XML, too.", valueName: "file"))
    var junit: String?

    @Option(help: ArgumentHelp("A model to use instead of the pipeline's.", valueName: "file"))
    var model: String?

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        let assembly = try PipelineLoading.load(pipeline, modelPath: model, checksProperties: false)
        let paths = files.isEmpty ? try found() : files
        let runner = CaseRunner(assembly)
        let outcomes = paths.map { path in
            runner.run(path: path, usesColour: Terminal.usesColourOnError) { name in
                only.map { name.contains($0) } ?? true
            }
        }
        for outcome in outcomes { Terminal.printError(outcome.rendered, terminator: "") }
        let report = CaseReport(pipeline: assembly.scoring.pipeline, files: outcomes)
        let text = format == .json ? report.json() : report.text(usesColour: Terminal.usesColourOnOutput)
        try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
        if let junit { try write(report.junit(), to: junit) }
        if report.hasErrors { throw ExitCode(2) }
        if report.failed > 0 { throw ExitCode(1) }
        if report.tests == 0 {
            Terminal.printError(
                only.map { "riffle test: no test's name holds \"\($0)\"" } ?? "riffle test: the files hold no tests")
            throw ExitCode(2)
        }
    }

    /// The files in the folder `tests` beside the pipeline.
    private func found() throws -> [String] {
        let parts = pipeline.split(separator: "/", omittingEmptySubsequences: false)
        let folder = (parts.dropLast() + ["tests"]).joined(separator: "/")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let files = names.filter { !$0.hasPrefix(".") && ($0.hasSuffix(".yaml") || $0.hasSuffix(".yml")) }.sorted()
        if files.isEmpty {
            Terminal.printError(
                "riffle test: there is no file of tests in \(folder)/: write one (docs/TESTING.md), or name it")
            throw ExitCode(2)
        }
        return files.map { "\(folder)/\($0)" }
    }

    private func write(_ text: String, to path: String) throws {
        do {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        } catch {
            Terminal.printError("riffle test: \(path) cannot be written: \(error.localizedDescription)")
            throw ExitCode(1)
        }
    }
}

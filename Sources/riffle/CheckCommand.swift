import ArgumentParser
import Configuration
import Console
import Diagnostics
import Engine
import Foundation
import Monitoring
import Scoring

/// `riffle check`: every problem of a pipeline file at once.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check a pipeline file and everything it refers to; print every problem at once.",
        discussion: """
            JSON is one object (schemas/check.v1.schema.json) on standard output, problems included; text has problems \
            on standard error.

            --online asks the cluster as well, and changes nothing there: are the topics there, do they retain what \
            windows need, how far has the group come?

            Examples:
              riffle check pipelines/card-fraud/pipeline.yaml
              riffle check pipelines/card-fraud/pipeline.yaml --format json
              riffle check pipelines/card-fraud/pipeline.yaml --online \\
                --brokers localhost:9092

            Exit codes: 0 fine (there may be warnings), 2 usage, or at least one error.
            """)

    @Argument(help: "The pipeline file.")
    var pipeline: String

    @Option(help: "text for people, json for editors and builds.")
    var format = Format.text

    @Flag(help: "Ask the cluster, too: its topics, their retention, the group.")
    var online = false

    @Option(help: ArgumentHelp("With --online: brokers to ask instead of the pipeline's.", valueName: "host:port"))
    var brokers: String?

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

    func validate() throws {
        if brokers != nil && !online { throw ValidationError("--brokers needs --online: nobody is asked without it") }
    }

    func run() throws {
        var (assembly, file) = PipelineAssembly.load(path: pipeline, checksMeaning: true)
        if let problem = assembly.flatMap(Self.referenceProblem) {
            file.diagnostics = (file.diagnostics + [problem]).sortedByPosition()
            assembly = nil
        }
        var facts: ClusterFacts?
        if online, let loaded = assembly {
            facts = try ask(of: loaded, into: &file)
            if file.hasErrors { assembly = nil }
        }
        switch format {
        case .json:
            print(CheckReport(file: file, assembly: assembly, cluster: facts).content.indentedText, terminator: "")
        case .text:
            Terminal.printError(file.rendered(usesColour: Terminal.usesColourOnError), terminator: "")
            if let assembly { printSummary(assembly, facts) }
        }
        if assembly == nil { throw ExitCode(2) }
    }

    /// What is wrong with the monitor's reference, if one is there: a monitor would not begin with it.
    private static func referenceProblem(_ assembly: PipelineAssembly) -> Diagnostic? {
        guard let monitor = assembly.spec.monitor, FileManager.default.fileExists(atPath: monitor.referencePath) else {
            return nil
        }
        do {
            _ = try MonitorPlan(assembly.plan)
            return nil
        } catch {
            return Diagnostic(code: "unusable-reference", "\(error)", at: monitor.reference.range)
        }
    }

    /// What the cluster says, if it says something; adds what does not fit to the file's problems.
    private func ask(of assembly: PipelineAssembly, into file: inout PipelineFile) throws -> ClusterFacts? {
        let address: String
        switch (brokers, assembly.spec.kafka.brokers.value) {
        case (let brokers?, _): address = brokers
        case (nil, .addresses(let addresses)): address = addresses
        case (nil, .embedded):
            Terminal.printError(
                "riffle check: \(pipeline) has \"brokers: embedded\": that cluster lives inside \"riffle run\" or \"riffle demo\", "
                    + "which print its address; give it with --brokers")
            throw ExitCode(2)
        }
        do {
            let facts = try ClusterFacts(of: assembly, brokers: address)
            file.diagnostics = (file.diagnostics + ClusterFindings(assembly, facts).problems).sortedByPosition()
            return facts
        } catch {
            file.diagnostics.append(ClusterFindings.unreachable(error, of: assembly))
            file.diagnostics = file.diagnostics.sortedByPosition()
            return nil
        }
    }

    private func printSummary(_ assembly: PipelineAssembly, _ facts: ClusterFacts?) {
        let (name, plan) = (assembly.scoring.pipeline, assembly.scoring.models.planHash)
        print("\(pipeline): pipeline \"\(name)\" is fine, plan \(plan)")
        for line in CheckSummaryText(assembly).lines { print(line) }
        if let facts { print(CheckSummaryText.lines(facts, group: assembly.spec.kafka.group).joined(separator: "\n")) }
    }
}

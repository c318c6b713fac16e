import ArgumentParser

/// The command line's root.
@main
struct Riffle: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "riffle",
        abstract:
            "Scores streams of events: windowed features, a fraud or anomaly model, one binary, one YAML file a pipeline.",
        discussion: """
            Examples:
              riffle demo
              riffle check pipelines/card-fraud/pipeline.yaml
              riffle run pipelines/card-fraud/pipeline.yaml --brokers localhost:9092
              riffle help replay

            Exit codes: 0 done, 1 failed, 2 usage or configuration; docs/RUNBOOK.md has the rest.
            """,
        version: RiffleVersion.text,
        groupedSubcommands: [
            CommandGroup(
                name: "Everyday",
                subcommands: [
                    RunCommand.self, CheckCommand.self, ReplayCommand.self, TestCommand.self, ExplainCommand.self,
                    TapCommand.self, MonitorCommand.self, BaselineCommand.self, TrainCommand.self,
                ]),
            CommandGroup(
                name: "Tool",
                subcommands: [
                    DemoCommand.self, GenerateCommand.self, ClusterCommand.self, DeadLetterCommand.self,
                    StateCommand.self, ModelCommand.self, DriftCommand.self, SchemaCommand.self, BenchCommand.self,
                ]),
        ])
}

extension Riffle {
    /// Runs the command that the arguments name; what is wrong with the arguments themselves ends with status 2.
    static func main() {
        if let message = UnknownCommand.message(Array(CommandLine.arguments.dropFirst()), below: Riffle.self) {
            Terminal.printError(message)
            exit(withError: ExitCode(2))
        }
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            if exitCode(for: error) == .validationFailure {
                Terminal.printError(fullMessage(for: error))
                exit(withError: ExitCode(2))
            }
            exit(withError: error)
        }
    }
}

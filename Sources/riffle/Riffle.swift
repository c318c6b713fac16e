import ArgumentParser

/// The command line's root.
@main
struct Riffle: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "riffle",
        abstract:
            "Scores streams of events: windowed features, a fraud or anomaly model, one binary, one YAML file a pipeline.",
        version: RiffleVersion.text,
        subcommands: [
            RunCommand.self, CheckCommand.self, ReplayCommand.self, GenerateCommand.self, DemoCommand.self,
            BenchCommand.self,
        ])
}

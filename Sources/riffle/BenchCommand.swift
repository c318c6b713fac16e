import ArgumentParser

/// `riffle bench`: measurements, each printed with what it measured.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure Riffle on this machine.",
        discussion: """
            Examples:
              riffle bench pipeline.yaml
              riffle bench features --help
            """,
        subcommands: [
            BenchPhasesCommand.self, BenchKafkaCommand.self, BenchLatencyCommand.self, BenchSoakCommand.self,
            BenchRestartCommand.self, BenchFeaturesCommand.self,
            BenchModelsCommand.self, BenchDriftCommand.self, BenchMonitorCommand.self,
        ],
        defaultSubcommand: BenchPhasesCommand.self)
}

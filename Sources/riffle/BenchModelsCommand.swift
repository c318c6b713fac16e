import ArgumentParser
import Models
import Scoring

/// `riffle bench models`: a model alone, on rows from a table.
struct BenchModelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models",
        abstract: "Time a model alone on one core, by rows a call.",
        discussion: """
            The rows are a csv as for `riffle model predict`; all of them are in memory before the first is predicted. \
            scripts/bench_models.py runs the libraries on the same rows beside it.

            Example:
              riffle bench models model.json --input X.csv

            Exit codes: 0 measured, 1 failed, 2 usage, or a model that is refused.
            """)

    @OptionGroup var file: ModelFileArguments

    @Option(name: .shortAndLong, help: ArgumentHelp("Rows: csv or csv.gz; - is standard input.", valueName: "file"))
    var input: String

    @Option(help: ArgumentHelp("Rows a call; may be given again.", valueName: "n"))
    var batch: [Int] = [1, 256, 4_096]

    @Option(help: ArgumentHelp("How long each is measured.", valueName: "n"))
    var seconds = 1.0

    @Flag(help: "Time explanations (contributions) instead of predictions.")
    var contributions = false

    func validate() throws {
        guard batch.allSatisfy({ (1...1_000_000).contains($0) }) else {
            throw ValidationError("--batch: expected 1 to 1000000")
        }
        guard seconds > 0, seconds <= 600 else { throw ValidationError("--seconds \(seconds): expected up to 600") }
    }

    func run() throws {
        let model = try file.load(for: "riffle bench models")
        do {
            let rows = try ModelRows(model: model, path: input)
            guard rows.count > 0 else { throw ReplayFailure(.environment, "\(input): it has no rows") }
            print("machine   \(PhaseBenchMachine().text)")
            print("rows      \(rows.count), \(model.featureCount) inputs; the fastest pass over all of them counts")
            let figures =
                contributions
                ? ModelBench.run(
                    try model.makeExplainer(), rows: rows.values, rowCount: rows.count, stride: model.featureCount,
                    batches: batch, seconds: seconds)
                : ModelBench.run(
                    model, rows: rows.values, rowCount: rows.count, stride: model.featureCount, batches: batch,
                    seconds: seconds)
            for figure in figures { print(figure) }
        } catch {
            Terminal.printFailure("riffle bench models", error)
            throw ExitCode(1)
        }
    }
}

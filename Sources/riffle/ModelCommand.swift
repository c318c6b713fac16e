public import ArgumentParser
import Configuration
import Foundation
public import Models
import Scoring

/// `riffle model`: a model file by itself.
struct ModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "Look into model files, and predict with them.",
        discussion: """
            Examples:
              riffle model inspect model.json
              riffle model predict model.json --input X.csv --output out.csv
            """,
        subcommands: [InspectCommand.self, PredictCommand.self])

    struct PredictCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "predict",
            abstract: "Predict the rows of a table, to hold Riffle against the library that trained the model.",
            discussion: """
                The table is csv (or csv.gz), its header names the model's inputs; an empty cell or nan is a missing \
                value. The output has a row for each: raw0, raw1, ... (margins, with --raw), then pred0, pred1, ... \
                (what the library's predict gives), then with --contributions contrib0, ...: for each raw output one \
                for each input and the base value. Numbers are the shortest that read back to the same float32 \
                (XGBoost, ONNX) or float64 (LightGBM).

                Examples:
                  riffle model predict model.json --input X.csv --output out.csv --raw
                  riffle model predict model.txt -i X.csv.gz -o -

                Exit codes: 0 predicted, 1 failed, 2 usage, or a model that is refused.
                """)

        @OptionGroup var file: ModelFileArguments

        @Option(name: .shortAndLong, help: ArgumentHelp("Rows: csv or csv.gz; - is standard input.", valueName: "file"))
        var input: String

        @Option(
            name: .shortAndLong, help: ArgumentHelp("Where predictions go; - is standard output.", valueName: "file"))
        var output: String

        @Flag(help: "Write raw outputs (margins), too.")
        var raw = false

        @Flag(help: "Write what each input adds to each raw output, and the base value behind them.")
        var contributions = false

        func run() throws {
            let model = try file.load()
            var columns = ModelPrediction.Columns()
            columns.raw = raw
            columns.contributions = contributions
            do {
                let count = try ModelPrediction(model: model, columns: columns).run(input: input, output: output)
                Terminal.printError("\(count) rows predicted")
            } catch {
                Terminal.printFailure("riffle model", error)
                throw ExitCode(1)
            }
        }
    }
}

/// Which model file, and how it is read.
struct ModelFileArguments: ParsableArguments {
    @Argument(help: "The model file; its format is found from its content.")
    var file: String

    @Option(
        help: ArgumentHelp(
            "Rounds of an early-stopped model that predict: best (where the file names it) or all.",
            valueName: "best|all"))
    var iterations = Iterations.best

    /// - Parameter command: Who says what is wrong with the file.
    func load(for command: String = "riffle model") throws -> Model {
        // Any output will do here: all of them are written.
        try read(for: command) { file in
            try Model.load(
                ModelBinding.read(file), path: file, options: ModelOptions(iterations: iterations, output: 0))
        }
    }

    /// Runs what reads the file; what it throws is printed.
    func read<Value>(for command: String = "riffle model", _ body: (String) throws -> Value) throws -> Value {
        do { return try body(file) } catch let failure as ModelFailure {
            Terminal.printError("\(command): \(failure)")
        } catch {
            let reason = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
            let text = reason.map { String(cString: strerror(Int32($0.code))).lowercased() } ?? "\(error)"
            Terminal.printError("\(command): \(file): cannot be read: \(text)")
        }
        throw ExitCode(2)
    }
}

extension Iterations: ExpressibleByArgument {}

public import ArgumentParser
import Configuration
import Diagnostics
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
                The table is csv (or csv.gz), such as "riffle replay" writes. Its header names the model's inputs; an \
                empty cell or nan is a missing value; other columns are passed over.

                The output has a row for each: what is handed on (the first column, where it is no input: a replay's \
                ids; and what --keep names), then raw0, raw1, ... (margins, with --raw), then pred0, pred1, ... (what \
                the library's predict gives), then with --contributions contrib0, ...: for each raw output one for \
                each input and then the base value. Numbers are the shortest that read back to the same float32 \
                (XGBoost, ONNX) or float64 (LightGBM).

                Examples:
                  riffle model predict model.json --input X.csv --output out.csv --raw
                  riffle model predict model.txt -i X.csv.gz -o -
                  riffle model predict model.json -i replayed.csv -o why.csv \\
                    --contributions --keep score,decision

                Exit codes: 0 predicted, 1 failed, 2 usage, or a model that is refused.
                """)

        private static let namesMax = 20

        @OptionGroup var file: ModelFileArguments

        @Option(name: .shortAndLong, help: ArgumentHelp("Rows: csv or csv.gz; - is standard input.", valueName: "file"))
        var input: String

        @Option(
            name: .shortAndLong, help: ArgumentHelp("Where predictions go; - is standard output.", valueName: "file"))
        var output: String

        @Option(
            help: ArgumentHelp(
                "Columns of the table to hand on beside the first, which is where it is no input.",
                valueName: "name,..."))
        var keep: CommandNames?

        @Flag(help: "Write raw outputs (margins), too.")
        var raw = false

        @Flag(help: "Write what each input adds to each raw output, and the base value behind them.")
        var contributions = false

        func run() throws {
            let model = try file.load()
            var columns = ModelPrediction.Columns()
            columns.raw = raw
            columns.contributions = contributions
            columns.keep = keep?.names ?? []
            do {
                let outcome = try ModelPrediction(model: model, columns: columns).run(input: input, output: output)
                if !outcome.passedOver.isEmpty {
                    let names = outcome.passedOver.prefix(Self.namesMax).joined(separator: ", ")
                    let more = outcome.passedOver.count - Self.namesMax
                    Terminal.printError(
                        "passed over, no inputs of the model: \(names.printable)"
                            + (more > 0 ? " and \(more) more" : ""))
                }
                Terminal.printError("\(outcome.rows) rows predicted")
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

import ArgumentParser
import Foundation
import Models
import Scoring

extension ModelCommand {
    struct InspectCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "inspect",
            abstract:
                "Say what a model file holds: format, objective, inputs, trees, importance, and what is not supported.",
            discussion: """
                Importance is the library's own: splits (XGBoost's "weight"), gain and cover, as totals and as means \
                over an input's splits, over all trees in the file. ONNX files keep none; their operators are listed \
                instead. Of a file that is refused all problems are told that can be found, not the first one alone.

                Examples:
                  riffle model inspect model.json
                  riffle model inspect model.txt --format json | jq '.model.importance[0:3]'
                  riffle model inspect pipeline.onnx

                Exit codes: 0 the model can be scored, 2 it is refused, cannot be read, or usage.
                """)

        enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

        @OptionGroup var file: ModelFileArguments

        @Option(help: ArgumentHelp("How it is printed; json has all inputs and importances.", valueName: "text|json"))
        var format = Format.text

        func run() throws {
            let report = try file.read { try ModelReport(file: $0, iterations: file.iterations) }
            print(format == .json ? try report.json() : report.text)
            if !report.model.problems.isEmpty { throw ExitCode(2) }
        }
    }
}

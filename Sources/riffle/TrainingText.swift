import Diagnostics
import Models
import Scoring

/// The last lines of a training.
enum TrainingText {
    private static let namesMax = 8

    static func lines(_ outcome: TrainingOutcome, output: String, pipeline: String?) -> String {
        let forest = outcome.forest
        var lines: [String] = []
        if let summary = outcome.summary { lines.append(ReplaySummaryText.lines(summary)) }
        lines += outcome.cautions.map(\.printable)
        lines.append(
            "trained on \(outcome.rowCount) rows of \(outcome.inputCount) inputs: \(forest.treeCount) trees of "
                + "\(forest.sampleRows) rows, \(forest.nodeCount) nodes, \(outcome.fileBytes) bytes")
        let unused = forest.unusedInputs
        if !unused.isEmpty {
            let names = unused.prefix(namesMax).joined(separator: ", ") + (unused.count > namesMax ? ", ..." : "")
            lines.append("note: constant or missing in every sample, so that no tree asks for it: \(names)")
        }
        if output == "-" { return lines.joined(separator: "\n") }
        if let pipeline {
            lines.append("try it:  riffle replay \(pipeline) --model \(output) --input EVENTS --output scores.csv")
            lines.append(
                "use it:  model: {name: anomaly, file: \(output)} in the pipeline; then: riffle check \(pipeline)")
        } else {
            lines.append("try it:  riffle model predict \(output) --input X.csv --output scores.csv")
        }
        return lines.joined(separator: "\n")
    }
}

import Foundation
import Models

extension ModelReport {
    private static let inputsMax = 40
    private static let importanceMax = 20
    private static let categoriesMax = 8

    /// For people; `json()` has what is cut short here.
    public var text: String {
        var lines = [Self.clean(file)]
        lines += facts.map { "  \(Self.left($0, 11)) \($1)" }
        lines += section("operators", operators)
        lines += section(inputsTitle, inputs)
        lines += section(importanceTitle, importance)
        lines += section("refused", problems)
        return lines.joined(separator: "\n")
    }

    // MARK: One line each

    private var facts: [(String, String)] {
        var facts: [(String, String?)] = [
            ("format", model.format?.rawValue ?? "not a model that is read"), ("written by", writer),
            ("size", "\(Self.grouped(bytes)) bytes"), ("sha256", sha256), ("booster", model.booster),
            (model.format == .onnx ? "model" : "objective", model.objective),
        ]
        if let count = model.inputCount { facts.append(("inputs", "\(Self.grouped(count))")) }
        facts += [("outputs", outputs), ("rounds", rounds), ("trees", trees)]
        if let graph = model.graph {
            facts += [
                ("reads", Self.list(graph.inputs)), ("makes", Self.list(graph.outputs)),
                ("graph", "nodes \(graph.nodes), constants \(graph.initializers), IR version \(graph.irVersion)"),
                ("opset", graph.operatorSets.map { "\(Self.domain($0.domain)) \($0.version)" }.joined(separator: ", ")),
            ]
        }
        if let evaluation = model.evaluation {
            for (index, kernel) in evaluation.kernels.enumerated() {
                facts.append((index == 0 ? "runs as" : "", kernel))
            }
            facts.append(("memory", Self.size(evaluation.memoryBytes) + " when loaded"))
        }
        for note in model.notes { facts.append(("note", note)) }
        return facts.compactMap { name, value in
            value.flatMap { $0.isEmpty ? nil : (name, Self.clean($0)) }
        }
    }

    private var outputs: String? {
        guard let outputs = model.outputs else { return nil }
        let score =
            outputs.score.map {
                outputs.predictions == 1 ? "" : "; output \($0) is the score unless `output:` says otherwise"
            }
            ?? "; `output:` has to say which is the score"
        return "\(outputs.predictions) (\(outputs.raw) raw), \(outputs.precision)\(score)"
    }

    private var rounds: String? {
        guard let rounds = model.rounds, model.format != .onnx else { return nil }
        return rounds.used == rounds.inFile
            ? Self.grouped(rounds.inFile) : "\(Self.grouped(rounds.inFile)), the first \(rounds.used) score"
    }

    private var trees: String? {
        guard let trees = model.trees else { return nil }
        var text =
            "\(Self.grouped(trees.count)) with \(Self.grouped(trees.leaves)) leaves (at most \(Self.grouped(trees.leavesMax)) in one); "
            + "depth at most \(trees.depthMax), on average " + String(format: "%.1f", trees.depthMean)
        if trees.categorySplits > 0 { text += "; \(Self.grouped(trees.categorySplits)) splits by categories" }
        if trees.linear > 0 { text += "; \(Self.grouped(trees.linear)) trees with linear leaves" }
        return text
    }

    private var writer: String? {
        guard let version = model.libraryVersion, !version.isEmpty else { return nil }
        return switch model.format {
        case .xgboostJSON, .xgboostUBJSON: "XGBoost \(version)"
        case .lightgbmText: "LightGBM, version \(version) of its text"
        default: version
        }
    }

    private static func list(_ values: [ModelSummary.Graph.Value]) -> String {
        let texts = values.prefix(categoriesMax).map { "\($0.name) \($0.type)" }
        return (texts + (values.count > categoriesMax ? ["and \(values.count - categoriesMax) more"] : []))
            .joined(separator: ", ")
    }

    private static func domain(_ domain: String) -> String { domain.isEmpty ? "ai.onnx" : domain }

    // MARK: Tables

    private func section(_ title: String, _ lines: [String]) -> [String] {
        lines.isEmpty ? [] : ["", title] + lines.map { "  " + Self.clean($0) }
    }

    private var operators: [String] {
        (model.graph?.operators ?? []).map { operation in
            let name = operation.domain.isEmpty ? operation.name : "\(operation.domain).\(operation.name)"
            return Self.left(name, 40) + Self.right("\(operation.nodes)", 7)
                + (operation.isSupported ? "" : "  not supported")
        }
    }

    private var inputsTitle: String { "inputs" + cut(model.inputs.count, Self.inputsMax) }

    private var inputs: [String] {
        let width = min(40, model.inputs.map(\.name.count).max() ?? 0)
        // A list of numbers alone says nothing.
        guard width > 0 || model.inputs.contains(where: { $0.type != nil }) else { return [] }
        return model.inputs.prefix(Self.inputsMax).enumerated().map { index, input in
            var parts = [Self.right("\(index)", 5), Self.left(input.name, width)]
            if let type = input.type { parts.append(type) }
            if let range = input.range {
                parts.append(range.map { String(format: "%.6g", $0) }.joined(separator: " to "))
            }
            if input.categoryCount > 0 {
                let names = input.categories.prefix(Self.categoriesMax)
                let more = input.categoryCount > names.count && !names.isEmpty ? ", ..." : ""
                let list = names.enumerated().map { "\($0) \($1)" }.joined(separator: ", ")
                parts.append("\(input.categoryCount) categories" + (list.isEmpty ? "" : ": \(list)\(more)"))
            }
            return Self.trimmed(parts.joined(separator: "  "))
        }
    }

    private var importanceTitle: String {
        let order = model.importance.first?.totalGain == nil ? "number of splits" : "total gain"
        return "importance by \(order)" + cut(model.importance.count, Self.importanceMax)
    }

    private var importance: [String] {
        guard !model.importance.isEmpty else { return [] }
        let rows = model.importance.prefix(Self.importanceMax)
        let names = rows.map { $0.name.isEmpty ? "input \($0.input)" : $0.name }
        let width = min(40, max(5, names.map(\.count).max() ?? 0))
        let titles = ["splits", "total gain", "gain", "total cover", "cover"].map { Self.right($0, 13) }.joined()
        return [Self.left("input", width) + titles]
            + zip(rows, names).map { row, name in
                let numbers = [row.totalGain, row.gain, row.totalCover, row.cover].map { number in
                    Self.right(number.map { String(format: "%.6g", $0) } ?? "-", 13)
                }
                return Self.left(name, width) + Self.right("\(row.splits)", 13) + numbers.joined()
            }
    }

    private var problems: [String] {
        var lines = model.problems.map { problem in
            let failure = problem.place.map { "\($0): \(problem.message)" } ?? problem.message
            return "error: \(failure) [\(problem.code)]" + (problem.suggestion.map { "; \($0)" } ?? "")
        }
        if model.problemsOmitted > 0 { lines.append("and more") }
        return lines
    }

    // MARK: Layout

    private func cut(_ count: Int, _ most: Int) -> String {
        count > most ? ", the first \(most) of \(Self.grouped(count)) (all with --format json)" : ""
    }

    /// Names come from the file: what could move a terminal's cursor is shown as a question mark.
    private static func clean(_ text: String) -> String {
        String(
            String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : $0 }))
    }

    private static func grouped(_ number: Int) -> String {
        var text = ""
        for (place, digit) in String(number).reversed().enumerated() {
            if place > 0, place % 3 == 0 { text = "," + text }
            text = String(digit) + text
        }
        return text
    }

    private static func size(_ bytes: Int) -> String {
        bytes < 1 << 20
            ? String(format: "%.1f KiB", Double(bytes) / 1_024) : String(format: "%.1f MiB", Double(bytes) / 1_048_576)
    }

    private static func trimmed(_ text: String) -> String {
        String(text.reversed().drop { $0 == " " }.reversed())
    }

    private static func left(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}

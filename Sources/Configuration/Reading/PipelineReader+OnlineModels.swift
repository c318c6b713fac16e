import Diagnostics
import Models

extension PipelineReader {
    /// A model as its `kind` says: without one it is a file's.
    func withKind(_ spec: ModelSpec, _ section: SectionValue) -> ModelSpec {
        guard let kindRange = section.keyRanges["kind"] else {
            for key in PipelineSyntax.halfSpaceTreesKeys.dropFirst() {
                guard let range = section.keyRanges[key.name] else { continue }
                problems.error(
                    "inapplicable-key", "\(key.name.quoted) goes with \("kind: half-space-trees".quoted)", at: range,
                    suggestion: "remove it")
            }
            return spec
        }
        for key in ["file", "iterations", "missing", "output", "reload", "explain"] {
            guard let range = section.keyRanges[key] else { continue }
            problems.error(
                "inapplicable-key", "\(key.quoted) does not go with \("kind".quoted)", at: range,
                suggestion: "remove it: a model that learns is in no file",
                notes: [.init("the kind is said here", at: kindRange)])
        }
        func number(_ key: String) -> Int? { section.integer(key).map { Int($0.value) } }
        let standard = HalfSpaceTreesParameters(inputCount: 1)
        var result = spec
        result.trees = HalfSpaceTreesSpec(
            written: HalfSpaceTreesParameters(
                inputCount: 1, trees: number("trees") ?? standard.trees, height: number("height") ?? standard.height,
                window: number("window") ?? standard.window, sizeLimit: number("size_limit"),
                seed: section.integer("seed").map { UInt64($0.value) } ?? standard.seed),
            kindRange: kindRange, ranges: section.keyRanges)
        return result
    }
}

extension PlanCompiler {
    /// Whether trees can be made as they are written, now that the number of their inputs is known.
    mutating func checkTrees(_ inputs: [Int]) {
        for (model, count) in zip(spec.models, inputs) {
            guard let trees = model.trees, let problem = trees.parameters(inputCount: count).problem else { continue }
            add(
                Diagnostic(
                    code: "limits-conflict", problem.reason, at: trees.ranges[problem.parameter] ?? trees.kindRange,
                    suggestion: problem.parameter == "size_limit"
                        ? "choose it from 1 to the window" : "choose smaller numbers"))
        }
    }
}

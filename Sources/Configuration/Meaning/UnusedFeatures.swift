import Diagnostics
import Features

/// Features that are computed and that nothing reads.
///
/// Only where every model names its inputs: else all features are a model's. Without a model they are there to be
/// collected, by `riffle replay` say.
struct UnusedFeatures {
    /// The most entries that are named one by one.
    private static let problemsMax = 10

    private let plan: PipelinePlan
    /// By feature.
    private var isUsed: [Bool]

    init(_ plan: PipelinePlan) {
        self.plan = plan
        isUsed = Array(repeating: false, count: plan.features.featureCount)
        let models = plan.spec.models
        if models.isEmpty || models.contains(where: { $0.inputs == nil }) {
            isUsed = isUsed.map { _ in true }
            return
        }
        for feature in plan.modelInputs.joined() { isUsed[feature.rawValue] = true }
        for feature in plan.outputFeatures { isUsed[feature.rawValue] = true }
        for expression in plan.rules.map(\.condition) + [plan.combination, plan.explainCondition].compactMap(\.self) {
            markRead(by: expression)
        }
        // Each reads only what is computed before it: from the last to the first, readers come first.
        for expression in plan.features.expressions.reversed() where isUsed[expression.feature.rawValue] {
            markRead(by: expression.expression)
        }
    }

    private mutating func markRead(by expression: CompiledExpression) {
        for reference in expression.references {
            if case .feature(let slot) = reference.binding.place { isUsed[slot] = true }
        }
    }

    var problems: [Diagnostic] {
        let unused = entries.filter { entry in !entry.features.contains { isUsed[$0] } }
        var found = unused.prefix(Self.problemsMax).map(problem)
        let rest = unused.count - found.count
        if rest > 0 { found[found.count - 1].notes.append(.init("\(rest) more are read by nothing")) }
        return found
    }

    private struct Entry {
        let feature: Int
        let aggregate: Int?
        /// An aggregate has one for each window. One of them is reason enough to have it: the others cost little, and whoever
        /// writes several windows and aggregates in one group wants few.
        var features: [Int]
    }

    /// What `features:` names, in the order of the file.
    private var entries: [Entry] {
        struct Place: Hashable {
            let feature: Int
            let aggregate: Int?
        }
        var places: [Place: Int] = [:]
        var entries: [Entry] = []
        for (index, name) in plan.spec.featureNames.enumerated() {
            let place = Place(feature: name.featureIndex, aggregate: name.aggregateIndex)
            if let known = places[place] {
                entries[known].features.append(index)
            } else {
                places[place] = entries.count
                entries.append(Entry(feature: place.feature, aggregate: place.aggregate, features: [index]))
            }
        }
        return entries
    }

    private func problem(_ entry: Entry) -> Diagnostic {
        let name = plan.spec.featureNames[entry.features[0]]
        var subject = "feature \(name.written.quoted)"
        if let aggregate = entry.aggregate, case .group(let group) = plan.spec.features[entry.feature] {
            subject = "aggregate \(group.aggregates[aggregate].name.written.quoted)"
        }
        return Diagnostic(
            .warning, code: "unused-feature",
            "\(subject) is read by nothing: no model's inputs, rule, output or other feature", at: name.range,
            suggestion: "remove it, or write it under \("inputs".quoted) or \("output.features".quoted)")
    }
}

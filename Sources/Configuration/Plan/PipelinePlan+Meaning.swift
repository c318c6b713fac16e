import Events
import Features

extension PipelinePlan {
    /// Every text that decides features and decisions, but for the models' files: fields, features in order, inputs,
    /// score and rules; not comments, topics or how it is run. Whoever hashes it puts the digests of models beside it.
    public var meaning: [String] {
        var parts = sources.flatMap { ["\($0.name)", "\($0.schema)", "\($0.available)", "\($0.late)"] }
        parts += featureMeaning
        if spec.models.isEmpty { parts += features.names.indices.map { "\($0)" } }
        for (model, inputs) in zip(spec.models, modelInputs) {
            if spec.hasNamedModels { parts += ["model", model.name.value] }
            parts += inputs.map { "\($0.rawValue)" }
            parts += ["\(model.iterations)", model.output.map { "\($0)" } ?? "only output"]
            if let missing = model.missing { parts.append("missing \(missing)") }
            if let explain = model.explain { parts += explain.meaning }
            if let trees = model.trees { parts.append("\(trees.parameters(inputCount: inputs.count))") }
        }
        if let score = spec.score { parts += ["score", score.value] }
        return parts + spec.decide.flatMap { [$0.name.value, $0.condition.value] }
    }

    /// What each model that learns has learned: its parameters, and the texts of all that its inputs may read. Empty
    /// where none learns, so that features change over the same state.
    public var onlineMeaning: [String] {
        let online = zip(spec.models, modelInputs).filter { $0.0.trees != nil }
        if online.isEmpty { return [] }
        return featureMeaning
            + online.flatMap { model, inputs in
                [model.name.value] + inputs.map { features.names[$0.rawValue] }
                    + [model.trees.map { "\($0.parameters(inputCount: inputs.count))" } ?? ""]
            }
    }

    /// Features in order.
    private var featureMeaning: [String] {
        var parts: [String] = []
        for feature in spec.features {
            switch feature {
            case .expression(let feature): parts += ["feature", feature.name.value, feature.expression.value]
            case .group(let group):
                parts += ["by", group.by.value, "\(group.delay?.value.microseconds ?? 0)", "\(group.includesCurrent)"]
                parts += [group.filter?.value ?? "", Self.text(group.accuracy)]
                parts += group.over.map { "\($0.value.microseconds)" }
                parts += group.aggregates.flatMap { [$0.name.value, $0.call.value, $0.filter?.value ?? ""] }
            }
        }
        return parts
    }

    private static func text(_ accuracy: AccuracySpec) -> String {
        switch accuracy {
        case .exact: "exact"
        case .tiled(let hundredthsOfPercent): "tiled \(hundredthsOfPercent)"
        }
    }
}

import Diagnostics

extension PipelineReader {
    /// The most models of a pipeline.
    static let modelsMax = 16

    /// The models of `model` or `models`, and whether these keys and `score` go together.
    ///
    /// - Parameter fields: those of the scored source.
    mutating func readModels(names: [FeatureNameSpec], fields: [String]) -> [ModelSpec] {
        guard let place = root.keyRanges["models"] else {
            if let range = root.keyRanges["score"] {
                problems.error(
                    "inapplicable-key", "\("score".quoted) goes with \("models".quoted), whose names it reads",
                    at: range,
                    suggestion: "remove it: the score of a single model is the score")
            }
            guard root.keyRanges["model"] != nil else { return [] }
            let model = section("model")
            return [readModel(model, named: model.text("name") ?? absent(model), names: names)]
        }
        if let other = root.keyRanges["model"] {
            problems.error(
                "inapplicable-key", "\("model".quoted) does not go with \("models".quoted)", at: other,
                suggestion: "move it there, with its name as the key",
                notes: [.init("models are named here", at: place)])
        }
        guard let entries = root.map("models") else {
            faulty.areUnbounded = true
            return []
        }
        if entries.count > Self.modelsMax {
            problems.error(
                "too-many-models", "these are more than \(Self.modelsMax) models",
                at: entries[Self.modelsMax].name.range,
                suggestion: "divide the pipeline")
        } else if entries.count > 1, root.keyRanges["score"] == nil {
            let sum = entries.prefix(2).map(\.name.written).joined(separator: " + ")
            problems.error(
                "missing-key", "there are several models and no \("score".quoted)", at: place,
                suggestion: "say what the score is, such as \("score: (\(sum)) / 2".quoted)")
        }
        return readNamedModels(entries, names: names, fields: fields)
    }

    private mutating func readNamedModels(
        _ entries: [MapEntry], names: [FeatureNameSpec], fields: [String]
    ) -> [ModelSpec] {
        let features = Dictionary(names.map { ($0.name, $0.range) }, uniquingKeysWith: { first, _ in first })
        let fields = Set(fields)
        var models: [ModelSpec] = []
        for entry in entries.prefix(Self.modelsMax) {
            let name = entry.name
            if features[name.value] != nil || fields.contains(name.value) {
                let kind = features[name.value] == nil ? "field" : "feature"
                problems.error(
                    "duplicate-name", "model \(name.written.quoted) has the name of a \(kind)", at: name.range,
                    suggestion: "give it another name",
                    notes: features[name.value].map { [.init("the feature is defined here", at: $0)] } ?? [])
            }
            guard case .section(let section)? = entry.value else {
                faulty.names.insert(name.value)
                continue
            }
            models.append(readModel(section, named: name, names: names))
        }
        return models
    }

    private func readModel(
        _ model: SectionValue, named name: Located<String>, names: [FeatureNameSpec]
    ) -> ModelSpec {
        let inputs = model.texts("inputs")
        if let inputs { checkNames(inputs, names: names) }
        let file = model.text("file") ?? absent(model)
        return ModelSpec(
            name: name, file: file, path: resolved(file.value), inputs: inputs,
            iterations: model.text("iterations").flatMap { .init(rawValue: $0.value) } ?? .best,
            missing: model.text("missing").flatMap(missingValue), output: model.integer("output").map { Int($0.value) },
            reload: model.text("reload").flatMap { .init(rawValue: $0.value) } ?? .onChange)
    }

    private func missingValue(_ text: Located<String>) -> Double? {
        if let value = try? NumberLiteral.double(text.value) { return value }
        problems.error(
            "invalid-number", "\(text.written.quoted) is not a number", at: text.range,
            suggestion: "write a number, such as -999; NaN always counts as missing")
        return nil
    }
}

public import Configuration
import Diagnostics
public import Engine
import Events
import Features

/// A pipeline up to its features: what a model is trained on that is not there yet.
public struct PipelineFeatures: Sendable {
    public let plan: PipelinePlan
    /// Without model and rules: nothing is scored.
    public let scoring: ScoringPlan

    /// Reads and checks a pipeline as `PipelineAssembly.load` does, but for its model's file, which need not be there.
    ///
    /// - Returns: `nil` if the file's diagnostics hold an error; they are there to be shown either way.
    public static func load(path: String) -> (features: PipelineFeatures?, file: PipelineFile) {
        var file = PipelineFile.load(path: path)
        let plan = file.compile()
        guard let plan, !file.hasErrors else { return (nil, file) }
        let spec = plan.spec
        let scoring = ScoringPlan(
            pipeline: spec.name.value, sources: plan.sources,
            decodeLimits: DecodeLimits(
                eventBytesMax: spec.limits.eventBytesMax, depthMax: spec.limits.eventDepthMax,
                stringBytesMax: spec.limits.stringBytesMax),
            idField: plan.sources[0].id, features: plan.features,
            featureLimits: FeatureLimits(keysPerEntity: spec.limits.keysPerEntityMax), model: nil, rules: [],
            outputFeatures: [], isOrderIrrelevant: plan.isOrderIrrelevant, planHash: "")
        return (PipelineFeatures(plan: plan, scoring: scoring), file)
    }

    /// The place among the pipeline's models of the one that is to be trained; `nil`: it has none.
    ///
    /// - Throws: a usage failure where there is a choice and none was made.
    func model(named name: String?) throws(ReplayFailure) -> Int? {
        let models = plan.spec.models.map(\.name.value)
        if let name {
            if let index = models.firstIndex(of: name) { return index }
            let help = Suggestion.text(for: name, among: models).map { ": \($0)" } ?? ""
            throw ReplayFailure(.usage, "--for: the pipeline has no model \"\(name)\"\(help)")
        }
        if models.count > 1 {
            throw ReplayFailure(
                .usage,
                "the pipeline has several models: say which is trained, --for \(models.joined(separator: " or "))")
        }
        return models.indices.first
    }

    /// The features that a model reads: those named, in their order; else those of the pipeline's model, or all.
    ///
    /// - Throws: a usage failure that names what is legal.
    func inputs(named names: [String], of model: Int?) throws(ReplayFailure) -> [FeatureIndex] {
        if names.isEmpty {
            return model.map { plan.modelInputs[$0] } ?? plan.features.names.indices.map { FeatureIndex($0) }
        }
        var found: [FeatureIndex] = []
        for name in names {
            guard let index = plan.features.names.firstIndex(of: name) else {
                let help = Suggestion.text(for: name, among: plan.features.names).map { ": \($0)" } ?? ""
                throw ReplayFailure(.usage, "--features: the pipeline has no feature \"\(name)\"\(help)")
            }
            guard !found.contains(FeatureIndex(index)) else {
                throw ReplayFailure(.usage, "--features: \"\(name)\" is there twice")
            }
            found.append(FeatureIndex(index))
        }
        return found
    }

    /// A value that counts as missing beside NaN, as it will when the model scores.
    func missing(of model: Int?) -> Double? { model.flatMap { plan.spec.models[$0].missing } }
}

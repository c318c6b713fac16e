public import Configuration
import Crypto
import Diagnostics
public import Engine
import Events
import Features
public import Kafka

/// A pipeline that is ready to run: its file read, its expressions compiled, its model bound and its properties
/// accepted.
public struct PipelineAssembly: Sendable {
    public let plan: PipelinePlan
    public let scoring: ScoringPlan
    public let properties: KafkaProperties
    /// The models as they were read.
    let bindings: [ModelBinding]

    public var spec: PipelineSpec { plan.spec }

    /// Reads and checks everything about a pipeline that can be checked without a broker.
    ///
    /// - Parameters:
    ///   - modelPath: a model to use instead of the pipeline's own; see `PipelineFile.bindModels`.
    ///   - checksProperties: ask librdkafka about `kafka.properties`; a replay needs none.
    ///   - checksMeaning: warn of what is legal and hardly meant, and where the monitor's reference is not there.
    /// - Returns: the assembly, or `nil` if the file's diagnostics hold an error; they are there to be shown either
    ///   way.
    public static func load(
        path: String, modelPath: String? = nil, checksProperties: Bool = true, checksMeaning: Bool = false
    ) -> (assembly: PipelineAssembly?, file: PipelineFile) {
        var file = PipelineFile.load(path: path)
        let plan = file.compile()
        if checksMeaning {
            file.checkReference()
            if let plan { file.checkMeaning(of: plan, memoryBytes: MachineMemory.bytes) }
        }
        var properties = KafkaProperties()
        if let spec = file.spec, checksProperties {
            file.readPropertyFile()
            let secret = file.propertyFile?.properties ?? []
            properties = KafkaProperties(
                Dictionary(
                    (spec.kafka.properties + secret).map { ($0.name.value, $0.value.value) },
                    uniquingKeysWith: { first, _ in first }),
                hidden: Set(secret.map(\.name.value)))
            report(properties.check(isTransactional: spec.kafka.delivery == .exactlyOnce), of: spec, to: &file)
        }
        guard let plan else { return (nil, file) }
        let bindings = file.bindModels(of: plan, overriddenBy: modelPath)
        guard let bindings, !file.hasErrors else { return (nil, file) }
        let scoring = makeScoringPlan(plan, bindings: bindings)
        return (PipelineAssembly(plan: plan, scoring: scoring, properties: properties, bindings: bindings), file)
    }

    private static func report(_ problems: [KafkaPropertyProblem], of spec: PipelineSpec, to file: inout PipelineFile) {
        for problem in problems {
            func diagnostic(_ message: String, at place: SourceRange?) -> Diagnostic {
                spec.redacted(
                    Diagnostic(code: "kafka-property", message, at: place, suggestion: problem.suggestion))
            }
            let message =
                problem.property.isEmpty
                ? "librdkafka takes these properties, but not together: \(problem.message)"
                : "property \"\(problem.property)\": \(problem.message)"
            if let place = file.propertyFile?.properties.first(where: { $0.name.value == problem.property }) {
                // What nobody knows and is near to nothing known may be half of a secret.
                let isShown = !place.name.isFromEnvironment || problem.kind != .unknown || problem.suggestion != nil
                file.propertyFile?.diagnostics.append(
                    diagnostic(isShown ? message : "librdkafka knows no such property", at: place.name.range))
            } else {
                let place = spec.kafka.properties.first { $0.name.value == problem.property }
                file.diagnostics.append(
                    diagnostic(message, at: place?.name.range ?? spec.kafka.propertiesFile?.written.range))
            }
        }
        if !problems.isEmpty { file.diagnostics = file.diagnostics.sortedByPosition() }
    }

    private static func makeScoringPlan(_ plan: PipelinePlan, bindings: [ModelBinding]) -> ScoringPlan {
        let spec = plan.spec
        return ScoringPlan(
            pipeline: spec.name.value, sources: plan.sources,
            decodeLimits: DecodeLimits(
                eventBytesMax: spec.limits.eventBytesMax, depthMax: spec.limits.eventDepthMax,
                stringBytesMax: spec.limits.stringBytesMax),
            idField: plan.sources[0].id, features: plan.features,
            featureLimits: FeatureLimits(keysPerEntity: spec.limits.keysPerEntityMax),
            models: modelPlans(plan, bindings), combination: plan.combination, version: version(of: bindings, plan),
            rules: plan.rules, outputFeatures: plan.outputFeatures,
            isOrderIrrelevant: plan.isOrderIrrelevant, planHash: planHash(plan, bindings),
            explanation: ExplanationPlan(plan), outputFields: plan.outputFields)
    }

    /// Other models of the same plan, for a running engine.
    func makeModels(_ bindings: [ModelBinding]) -> ModelSet {
        scoring.makeModels(
            Self.modelPlans(plan, bindings), version: Self.version(of: bindings, plan),
            planHash: Self.planHash(plan, bindings))
    }

    private static func modelPlan(_ binding: ModelBinding) -> ModelPlan {
        ModelPlan(
            name: binding.name, version: binding.version, model: binding.model, inputs: binding.inputs,
            explainer: binding.explainer)
    }

    /// What scores say of their models: of several, whose version is the hash of a line each, `xgb sha256:…`.
    /// In the plan's order: files as they are bound, and models that learn.
    private static func modelPlans(_ plan: PipelinePlan, _ bindings: [ModelBinding]) -> [ModelPlan] {
        var files = bindings.makeIterator()
        return zip(plan.spec.models, plan.modelInputs).compactMap { model, inputs in
            guard let trees = model.trees else { return files.next().map(modelPlan) }
            let parameters = trees.parameters(inputCount: inputs.count)
            return ModelPlan(
                name: model.name.value, version: "sha256:" + hash(of: "\(parameters)"), trees: parameters,
                inputs: inputs)
        }
    }

    private static func version(of bindings: [ModelBinding], _ plan: PipelinePlan) -> String {
        let models = modelPlans(plan, bindings)
        guard plan.spec.hasNamedModels else { return models.first?.version ?? "" }
        return "sha256:" + hash(of: models.map { "\($0.name) \($0.version)\n" }.joined())
    }

    /// The hash of all that decides what state means: whoever has another one cannot use it.
    ///
    /// The group and the cluster belong to it, since its offsets decide which snapshot is right; model, rules and outputs do not.
    public func statePlanHash(cluster: String) -> String {
        let parts =
            [
                "riffle-state-plan-2",
                scoring.features.stateLayout(schema: scoring.schema, limits: scoring.featureLimits),
                "\(plan.sources)", spec.kafka.group, cluster,
            ] + plan.onlineMeaning
        return Self.hash(parts)
    }

    /// The hash of all that decides a score: fields, features in order, model and rules; not of comments or of how it
    /// is run.
    private static func planHash(_ plan: PipelinePlan, _ bindings: [ModelBinding]) -> String {
        let meaning = plan.sources.flatMap { source in
            ["\(source.schema)", "\(source.columns)", "\(source.available)", "\(source.late)"]
        }
        return hash(
            ["riffle-plan-2"] + meaning + (bindings.isEmpty ? ["no model"] : bindings.map(\.digest)) + plan.meaning)
    }

    private static func hash(_ parts: [String]) -> String {
        // Lengths keep two lists of parts from joining to the same text.
        hash(of: parts.map { "\($0.utf8.count):\($0)" }.joined())
    }

    /// 16 hexadecimal digits of SHA-256.
    private static func hash(of text: String) -> String {
        SHA256.hash(data: Array(text.utf8)).prefix(8).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }
}

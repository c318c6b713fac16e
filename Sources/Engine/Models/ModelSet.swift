import Events
import Features
public import Models

/// The models that score a batch, and the texts by which its records name them: never changed, only replaced as a whole.
///
/// All rows of a batch are scored, encoded and sent with one set, whatever takes its place meanwhile.
public final class ModelSet: Sendable {
    /// In the order of the pipeline; empty: nothing is scored.
    public let models: [ModelPlan]
    /// Their names joined by `+`, as records have them.
    public let name: String
    /// What records and the header `riffle-model` say of all of them together; empty without models.
    public let version: String
    /// The hash of all that decides a score, 16 hexadecimal digits.
    public let planHash: String
    /// What `score` is rounded to, which decides how it prints.
    public let precision: Precision
    /// The same for each model's own score.
    let precisions: [Precision]
    /// Each model has its own score in a record.
    let hasOwnScores: Bool
    /// Features by input for each model, where they are not simply the first ones.
    let gatheredInputs: [[FeatureIndex]?]
    /// The headers of a score.
    let planHeader: [UInt8]
    let versionHeader: [UInt8]
    /// `,"pipeline":"card-fraud","model":…,"event_time":"`; then what stands before each model's own score.
    let texts: TextTable
    /// The most that the texts and the models' scores take in a record.
    let recordBytesMax: Int

    /// - Parameter combination: computes `score` from the models' own; `nil`: it is that of the only model.
    init(
        pipeline: String, models: [ModelPlan], combination: CompiledExpression?, version: String, planHash: String
    ) {
        precondition(combination != nil || models.count <= 1, "\(models.count) models, and nothing that combines them")
        self.models = models
        name = models.map(\.name).joined(separator: "+")
        self.version = version
        self.planHash = planHash
        precision = Self.precision(models, combination)
        precisions = models.map(\.precision)
        hasOwnScores = combination != nil
        gatheredInputs = models.map(\.gatheredInputs)
        planHeader = Array(planHash.utf8)
        versionHeader = Array(version.utf8)
        var head = ",\"pipeline\":" + ScoreEncoder.quoted(pipeline)
        if !models.isEmpty {
            head += ",\"model\":" + ScoreEncoder.quoted(name) + ",\"version\":" + ScoreEncoder.quoted(version)
        }
        let names = combination == nil ? [] : models.map(\.name)
        let keys = names.enumerated().map { place, name in
            Array(((place == 0 ? ",\"scores\":{" : ",") + ScoreEncoder.quoted(name) + ":").utf8)
        }
        texts = TextTable([Array((head + ",\"event_time\":\"").utf8)] + keys)
        recordBytesMax = texts.byteCount + names.count * NumberText.bytesMax + 1
    }

    /// What is computed from scores is a double; an expression that is one model's name is that model's score.
    private static func precision(_ models: [ModelPlan], _ combination: CompiledExpression?) -> Precision {
        guard let combination else { return models.first?.precision ?? .double }
        guard case .modelScore(let model)? = combination.bareBinding?.place else { return .double }
        return models[model].precision
    }

    public var isEmpty: Bool { models.isEmpty }

    /// Those that learn as they score.
    public var online: [ModelPlan] { models.filter(\.isOnline) }

    var modelCount: Int { precisions.count }
}

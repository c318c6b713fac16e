import Diagnostics
import Models

extension ModelBinding {
    /// What explains a model's scores, where the pipeline asks for that; adds to `problems` why nothing can.
    static func explainer(
        of model: Model, _ explain: ExplainSpec?, path: String, into problems: inout [Diagnostic]
    ) -> ScoreExplainer? {
        guard let explain else { return nil }
        do {
            return try model.makeScoreExplainer()
        } catch {
            problems.append(
                Diagnostic(
                    code: error.code.rawValue,
                    "model file \"\(path)\": \(error.place.map { "\($0): " } ?? "")\(error.message)",
                    at: explain.range, suggestion: error.suggestion ?? "remove \("explain".quoted)"))
            return nil
        }
    }
}

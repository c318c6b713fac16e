import Diagnostics
import Features

/// Holds a model's inputs against the features that a pipeline gives it: names have to be the pipeline's, in order; a
/// model without names has to have as many inputs.
struct ModelInputs {
    /// The most names that a message lists.
    private static let namesMax = 20

    private let theirs: [String]
    private let count: Int
    private let ours: [String]
    private let features: [String]
    /// Where each of the inputs is named in the pipeline, if it lists them.
    private let written: [SourceRange]
    /// The place of the model's file; `nil` where it is not the pipeline's own.
    private let range: SourceRange?

    /// - Parameter index: the model's place in the plan.
    init(model names: [String], count: Int, plan: PipelinePlan, index: Int, at range: SourceRange?) {
        theirs = names
        self.count = count
        features = plan.features.names
        ours = plan.modelInputs[index].map { plan.features.names[$0.rawValue] }
        written = plan.spec.models[index].inputs?.map(\.range) ?? []
        self.range = range
    }

    var problems: [Diagnostic] {
        if ours.count != count { return [wrongCount] }
        guard let index = theirs.indices.first(where: { $0 < ours.count && theirs[$0] != ours[$0] }) else { return [] }
        guard Set(theirs).isDisjoint(with: features) else { return [wrongOrder(at: index)] }
        return otherNames(at: index).map { [$0] } ?? []
    }

    /// A name without what libraries and people write otherwise: `Customer Tx.1d` is `customer_tx_1d`.
    private static func loose(_ name: String) -> String {
        String(
            String.UnicodeScalarView(
                name.lowercased().unicodeScalars.filter {
                    $0.properties.isAlphabetic || $0.properties.numericType != nil
                }))
    }

    private var wrongCount: Diagnostic {
        Diagnostic(
            code: "model-input-count",
            "the model has \(count) input\(count == 1 ? "" : "s") and the pipeline gives it \(ours.count)", at: range,
            suggestion: inputsInOrder ?? (theirs.isEmpty ? "name them in order: inputs: [FEATURE, …]" : theirNames))
    }

    private func wrongOrder(at index: Int) -> Diagnostic {
        let name = theirs[index]
        let isFeature = features.contains(name)
        let rest = isFeature ? "is given feature \(ours[index].quoted)" : "is no feature of the pipeline"
        return Diagnostic(
            code: "model-input-order", "input \(index + 1) of the model is \(name.quoted) and \(rest)",
            at: written.indices.contains(index) ? written[index] : range,
            suggestion: isFeature
                ? inputsInOrder ?? "list the model's inputs in its order under \("inputs".quoted)"
                : Suggestion.nearest(to: name, among: features).map { "did you mean feature \($0.quoted)?" }
                    ?? "define a feature of this name")
    }

    /// `nil` where they are the same names written otherwise, and in order.
    private func otherNames(at index: Int) -> Diagnostic? {
        let meant = self.meant
        if meant == ours { return nil }
        if let index = meant.indices.first(where: { meant[$0] != nil && meant[$0] != ours[$0] }),
            let name = meant[index]
        {
            return Diagnostic(
                code: "model-input-order",
                "input \(index + 1) of the model is \(theirs[index].quoted), which looks like feature \(name.quoted), and is "
                    + "given feature \(ours[index].quoted)",
                at: written.indices.contains(index) ? written[index] : range,
                suggestion: "list the model's inputs in its order under \("inputs".quoted)")
        }
        return Diagnostic(
            .warning, code: "model-input-names",
            "the model knows its inputs by other names: input \(index + 1) is \(theirs[index].quoted) and is given feature "
                + ours[index].quoted,
            at: range, suggestion: "only the order decides: check it")
    }

    /// For each of the model's inputs the feature whose name differs from its only in how it is written; none where
    /// two features have such names.
    private var meant: [String?] {
        let names = Dictionary(features.map { (Self.loose($0), $0) }, uniquingKeysWith: { first, _ in first })
        guard names.count == features.count, theirs.count == ours.count else { return theirs.map { _ in nil } }
        return theirs.map { names[Self.loose($0)] }
    }

    /// What to write so that it fits, if features of all these names are there.
    private var inputsInOrder: String? {
        guard !theirs.isEmpty, theirs.count <= Self.namesMax, Set(theirs).isSubset(of: features) else { return nil }
        return "write inputs: [\(theirs.joined(separator: ", "))]"
    }

    private var theirNames: String {
        let shown = theirs.prefix(Self.namesMax).map(\.quoted).joined(separator: ", ")
        return "the model's inputs are \(shown)\(theirs.count > Self.namesMax ? ", …" : "")"
    }
}

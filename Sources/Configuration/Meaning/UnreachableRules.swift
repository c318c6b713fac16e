import Diagnostics
import Features

/// Rules that can give no decision, since another one always holds before them: the first that holds decides.
struct UnreachableRules {
    private let plan: PipelinePlan

    init(_ plan: PipelinePlan) { self.plan = plan }

    /// Complexity: O(rules).
    var problems: [Diagnostic] {
        var found: [Diagnostic] = []
        var earlier: [String: RuleSpec] = [:]
        var always: RuleSpec?
        // Nothing was reported, so that each rule of the file was compiled.
        for (rule, compiled) in zip(plan.spec.decide, plan.rules) {
            let text = compiled.condition.canonicalText
            if let always {
                found.append(problem(rule, "always holds", always))
            } else if let first = earlier[text] {
                found.append(problem(rule, "has the same condition", first))
            } else {
                earlier[text] = rule
            }
            if always == nil, compiled.condition.constant == 1 { always = rule }
        }
        return found
    }

    private func problem(_ rule: RuleSpec, _ reason: String, _ first: RuleSpec) -> Diagnostic {
        Diagnostic(
            .warning, code: "unreachable-rule",
            "rule \(rule.name.written.quoted) is never reached: \(first.name.written.quoted) stands before it and \(reason)",
            at: rule.name.range, suggestion: "the first rule that holds decides: move it up, or remove it",
            notes: [.init("\(first.name.written.quoted) is here", at: first.condition.range)])
    }
}

import Diagnostics
import Features

extension PlanCompiler {
    /// What says which scores come with reasons: it reads what rules read.
    mutating func compileExplainCondition() -> CompiledExpression? {
        guard let text = spec.explained?.spec.condition, let parsed = parse(text) else { return nil }
        return compile(text, parsed, for: .condition, in: scoredScope)
    }
}

import Diagnostics
import Events
import Features

/// Compiles the expressions of one pipeline to a plan, gathering every problem.
struct PlanCompiler {
    let spec: PipelineSpec
    let source: SourceSpec
    let aggregates: AggregateCatalogue
    let language: ExpressionLanguage
    var diagnostics: [Diagnostic] = []
    /// Names that an expression over one event may read.
    let fieldScope: ExpressionScope
    /// What each feature is to expressions, by name, once it is known.
    var bindings: [String: ExpressionBinding] = [:]
    var entities: [EntityDraft] = []

    init(spec: PipelineSpec, source: SourceSpec, aggregates: AggregateCatalogue, functions: FunctionCatalogue) {
        self.spec = spec
        self.source = source
        self.aggregates = aggregates
        language = ExpressionLanguage(functions: functions, aggregates: aggregates.specs.map(\.signature))
        var scope = ExpressionScope()
        scope.bindFields(of: source.schema)
        scope.bind("event_time", to: .eventTime())
        fieldScope = scope
    }

    mutating func compile() -> PipelinePlan? {
        compileWindows()
        let expressions = compileExpressionFeatures()
        let rules = compileRules()
        let indices = Dictionary(
            spec.featureNames.enumerated().map { ($1.name, FeatureIndex($0)) }, uniquingKeysWith: { first, _ in first })
        let all = spec.featureNames.indices.map { FeatureIndex($0) }
        let output: [FeatureIndex] =
            switch spec.output.features {
            case .none: []
            case .all: all
            case .named(let names): names.compactMap { indices[$0.value] }
            }
        return PipelinePlan(
            spec: spec,
            features: FeaturePlan(
                names: spec.featureNames.map(\.name), entities: entities.map { $0.plan(late: source.late) },
                expressions: expressions),
            rules: rules, outputFeatures: output,
            modelInputs: spec.model?.inputs?.compactMap { indices[$0.value] } ?? all)
    }

    // MARK: - Features that are expressions

    private struct Draft {
        let feature: FeatureIndex
        let name: Located<String>
        let text: Located<String>
        let parsed: ParsedExpression
        var isDone = false
    }

    /// In an order in which each reads only what was computed before it.
    private mutating func compileExpressionFeatures() -> [ExpressionFeaturePlan] {
        var drafts: [Draft] = []
        for (index, entry) in spec.featureNames.enumerated() where entry.aggregateIndex == nil {
            guard case .expression(let feature) = spec.features[entry.featureIndex] else { continue }
            guard let parsed = parse(feature.expression) else { continue }
            drafts.append(
                Draft(feature: FeatureIndex(index), name: feature.name, text: feature.expression, parsed: parsed))
        }
        var plans: [ExpressionFeaturePlan] = []
        var waiting = Set(drafts.map(\.name.value))
        var isMoving = true
        while isMoving && !waiting.isEmpty {
            isMoving = false
            for index in drafts.indices where !drafts[index].isDone {
                let draft = drafts[index]
                // Its own name means the field of that name, if anything.
                let isReady = draft.parsed.names.allSatisfy { !waiting.contains($0.name) || $0.name == draft.name.value }
                if !isReady { continue }
                drafts[index].isDone = true
                waiting.remove(draft.name.value)
                isMoving = true
                guard let expression = compileFeature(draft) else { continue }
                bindings[draft.name.value] = .feature(
                    slot: draft.feature.rawValue, type: expression.type == .bool ? .bool : .number)
                plans.append(ExpressionFeaturePlan(feature: draft.feature, expression: expression))
            }
        }
        for draft in drafts where !draft.isDone { reportCycle(draft, among: waiting) }
        return plans
    }

    private mutating func compileFeature(_ draft: Draft) -> CompiledExpression? {
        var scope = fieldScope
        for (name, binding) in bindings where name != draft.name.value { scope.bind(name, to: binding) }
        return compile(draft.text, draft.parsed, for: .feature, in: scope)
    }

    private mutating func reportCycle(_ draft: Draft, among waiting: Set<String>) {
        let name = draft.parsed.names.first { waiting.contains($0.name) && $0.name != draft.name.value }
        diagnostics.append(
            Diagnostic(
                code: "feature-cycle",
                "feature \"\(draft.name.value)\" needs \"\(name?.name ?? draft.name.value)\", which needs it in turn",
                at: draft.name.range, suggestion: "compute one of them from fields or windows alone"))
    }

    // MARK: - Rules

    private mutating func compileRules() -> [RulePlan] {
        var scope = fieldScope
        for name in spec.featureNames {
            if let binding = bindings[name.name] { scope.bind(name.name, to: binding) }
        }
        if spec.model != nil {
            scope.bind("score", to: .score)
        } else {
            scope.withhold("score", because: "the pipeline has no model")
        }
        var rules: [RulePlan] = []
        for rule in spec.decide {
            guard let parsed = parse(rule.condition),
                let condition = compile(rule.condition, parsed, for: .rule, in: scope)
            else { continue }
            rules.append(RulePlan(decision: rule.name.value, condition: condition))
        }
        return rules
    }

    // MARK: - Texts

    mutating func parse(_ text: Located<String>) -> ParsedExpression? {
        var found: [Diagnostic] = []
        let parsed = language.parse(text.value, at: SourcePosition(line: 1, column: 1), diagnostics: &found)
        diagnostics += found.map(text.placed)
        return parsed
    }

    private mutating func compile(
        _ text: Located<String>, _ parsed: ParsedExpression, for purpose: ExpressionPurpose, in scope: ExpressionScope
    ) -> CompiledExpression? {
        if readsFaultyName(parsed, scope) { return nil }
        var found: [Diagnostic] = []
        let expression = language.compile(parsed, for: purpose, in: scope, diagnostics: &found)
        diagnostics += found.map(text.placed)
        if let expression { checkLabels(expression, in: text, delay: nil) }
        return expression
    }

    /// Whether it reads a name whose declaration was reported already: to report it again would only hide the cause.
    func readsFaultyName(_ parsed: ParsedExpression, _ scope: ExpressionScope) -> Bool {
        parsed.names.contains { name in
            guard scope.resolve(name.name) == nil else { return false }
            let isBrokenFeature = spec.featureNames.contains { $0.name == name.name } && bindings[name.name] == nil
            return isBrokenFeature || spec.faultyNames.mayHold(name.name)
        }
    }

    /// A label is known only later: what reads it undelayed would learn from the future.
    mutating func checkLabels(_ expression: CompiledExpression, in text: Located<String>, delay: Located<TimeSpan>?) {
        guard (delay?.value.microseconds ?? 0) == 0 else { return }
        for reference in expression.references where reference.binding.isLabel {
            let problem = Diagnostic(
                code: "label-leakage",
                "\"\(reference.name)\" is a label: when an event is scored its label is not known yet",
                at: reference.range, suggestion: "read it in a window with a \"delay:\"")
            diagnostics.append(text.placed(problem))
        }
    }
}

import Diagnostics
import Events
import Features

/// Compiles the expressions of one pipeline to a plan, gathering every problem.
struct PlanCompiler {
    let spec: PipelineSpec
    let sources: [SourcePlan]
    /// That of the batches: the fields of all sources.
    let schema: EventSchema
    let aggregates: AggregateCatalogue
    let language: ExpressionLanguage
    let problems: DiagnosticGathering
    /// Names that an expression over one event may read.
    let fieldScope: ExpressionScope
    /// Names that a feature may read: fields, and the features that are compiled so far.
    var featureScope: ExpressionScope
    /// Features that could be compiled, windows included.
    private var compiled: Set<String> = []
    private let featureNames: Set<String>
    /// Whether a problem came when there was no room for it.
    private var hasUnkept = false
    var entities: [EntityDraft] = []
    /// Characters of filters that were put together.
    var repeatedCharacters = 0

    init(
        spec: PipelineSpec, aggregates: AggregateCatalogue, functions: FunctionCatalogue,
        problems: DiagnosticGathering
    ) {
        self.spec = spec
        sources = spec.sourcePlans
        schema = SourcePlan.union(of: sources)
        self.aggregates = aggregates
        self.problems = problems
        language = ExpressionLanguage(functions: functions, aggregates: aggregates.specs.map(\.signature))
        featureNames = Set(spec.featureNames.map(\.name))
        var scope = ExpressionScope()
        // What the monitor takes for the truth is a label, whether or not it is marked as one.
        let labels = spec.monitor?.labels
        let positive = labels.map { [sources] in sources[$0.source].column(of: $0.positive.index) }
        for (index, source) in sources.enumerated() {
            for column in source.columns {
                let field = schema.fields[column]
                let isLabel = field.isLabel || column == positive?.rawValue
                scope.bind(field.name, to: .field(FieldIndex(column), field, source: index, isLabel: isLabel))
            }
        }
        // Of the event that is aggregated, whatever source it is from.
        scope.bind("event_time", to: .eventTime())
        scope.withhold("score", because: "features are computed before the score")
        if spec.hasNamedModels {
            for model in spec.models where scope.resolve(model.name.value) == nil {
                scope.withhold(
                    model.name.value, because: "it is a model, and features are computed before models score")
            }
        }
        featureScope = scope
        for name in spec.featureNames { featureScope.mention(name.name) }
        for source in sources.dropFirst() {
            for column in source.columns {
                featureScope.withhold(
                    schema.fields[column].name,
                    because: "it comes with events of source \(source.name.quoted), and only aggregates read those")
            }
        }
        for name in spec.featureNames where scope.resolve(name.name) == nil {
            scope.withhold(name.name, because: "it is a feature, and aggregates read the fields of events")
        }
        fieldScope = scope
    }

    mutating func compile() -> PipelinePlan? {
        compileWindows()
        let expressions = compileExpressionFeatures()
        let combination = compileCombination()
        let rules = compileRules()
        let explainCondition = compileExplainCondition()
        checkTrees(spec.models.map { $0.inputs?.count ?? spec.featureNames.count })
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
            spec: spec, sources: sources, schema: schema,
            features: FeaturePlan(
                names: spec.featureNames.map(\.name), entities: entities.map { $0.plan(of: sources) },
                expressions: expressions),
            rules: rules, explainCondition: explainCondition, outputFeatures: output,
            modelInputs: spec.models.map { $0.inputs?.compactMap { indices[$0.value] } ?? all },
            combination: combination)
    }

    /// Makes a feature readable for what comes behind it.
    mutating func bind(_ name: String, to binding: ExpressionBinding) {
        compiled.insert(name)
        featureScope.bind(name, to: binding)
    }

    // MARK: - Features that are expressions

    /// In an order in which each reads only what was computed before it.
    private mutating func compileExpressionFeatures() -> [ExpressionFeaturePlan] {
        var drafts: [ExpressionDraft] = []
        for (index, entry) in spec.featureNames.enumerated() where entry.aggregateIndex == nil {
            guard case .expression(let feature) = spec.features[entry.featureIndex],
                let parsed = parse(feature.expression)
            else { continue }
            drafts.append(
                ExpressionDraft(
                    feature: FeatureIndex(index), name: feature.name, text: feature.expression, parsed: parsed,
                    mayReadItsName: mayBeField(feature.name.value)))
        }
        let order = ExpressionOrder(drafts)
        var plans: [ExpressionFeaturePlan] = []
        for index in order.sorted {
            let draft = drafts[index]
            guard let expression = compile(draft.text, draft.parsed, for: .feature, in: featureScope) else { continue }
            let type: ExpressionType = expression.type == .bool ? .bool : .number
            bind(draft.name.value, to: .feature(slot: draft.feature.rawValue, type: type))
            plans.append(ExpressionFeaturePlan(feature: draft.feature, expression: expression))
        }
        for cycle in order.cycles { report(cycle.map { (drafts[$0.draft], $0.reading) }) }
        return plans
    }

    /// A feature that is named as a field reads the field under this name.
    private func mayBeField(_ name: String) -> Bool {
        fieldScope.resolve(name) != nil || spec.faultyNames.mayHold(name)
    }

    private mutating func report(_ cycle: [(draft: ExpressionDraft, reading: ParsedExpression.Name)]) {
        let notesMax = 8
        guard let first = cycle.first else { return }
        let others = cycle.dropFirst()
        let way = others.first.map { " by way of \($0.draft.name.written.quoted)" } ?? ""
        let more = others.count > 1 ? " and \(others.count - 1) more" : ""
        let notes = others.prefix(notesMax).map { draft, reading in
            Diagnostic.Note(
                "\(draft.name.written.quoted) reads \(reading.name.quoted) here",
                at: draft.text.placed(reading.range))
        }
        add(
            Diagnostic(
                code: "feature-cycle", "feature \(first.draft.name.written.quoted) needs itself\(way)\(more)",
                at: first.draft.text.placed(first.reading.range),
                suggestion: others.isEmpty
                    ? "no field has this name" : "compute one of them from fields or windows alone",
                notes: Array(notes)))
    }

    // MARK: - Score and rules

    /// The score of named models; of a single one its own, where nothing else is written.
    private mutating func compileCombination() -> CompiledExpression? {
        guard spec.hasNamedModels, let first = spec.models.first else { return nil }
        let text = spec.score ?? first.name
        guard let parsed = parse(text) else { return nil }
        var scope = modelScope
        scope.withhold("score", because: "it is what this expression computes")
        return compile(text, parsed, for: .score, in: scope)
    }

    /// Names that may be read once all models have scored, but for the score.
    private var modelScope: ExpressionScope {
        var scope = featureScope
        if spec.hasNamedModels {
            for (index, model) in spec.models.enumerated() { scope.bind(model.name.value, to: .modelScore(index)) }
        }
        return scope
    }

    /// What may be read once an event is scored.
    var scoredScope: ExpressionScope {
        var scope = modelScope
        if !spec.models.isEmpty {
            scope.bind("score", to: .score)
        } else {
            scope.withhold("score", because: "the pipeline has no model")
        }
        return scope
    }

    private mutating func compileRules() -> [RulePlan] {
        let scope = scoredScope
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
        if isHopeless { return nil }
        var found: [Diagnostic] = []
        let parsed = language.parse(text.value, at: SourcePosition(line: 1, column: 1), diagnostics: &found)
        add(found, in: text)
        return parsed
    }

    mutating func compile(
        _ text: Located<String>, _ parsed: ParsedExpression, for purpose: ExpressionPurpose, in scope: ExpressionScope
    ) -> CompiledExpression? {
        if isHopeless || readsFaultyName(parsed, scope) { return nil }
        var found: [Diagnostic] = []
        let expression = language.compile(parsed, for: purpose, in: scope, diagnostics: &found)
        add(found, in: text)
        if let expression { checkLabels(expression, in: text, group: nil) }
        return expression
    }

    /// Whether it reads a name whose declaration was reported already: to report it again would only hide the cause.
    private func readsFaultyName(_ parsed: ParsedExpression, _ scope: ExpressionScope) -> Bool {
        parsed.names.contains { name in
            guard scope.resolve(name.name) == nil else { return false }
            return featureNames.contains(name.name) || spec.faultyNames.mayHold(name.name)
        }
    }

    /// A label is known only later: what reads it undelayed would learn from the future.
    ///
    /// A source of its own that says when its labels were available is believed. One that does not only gets a warning:
    /// its time may be when they were.
    mutating func checkLabels(_ expression: CompiledExpression, in text: Located<String>, group: WindowGroupSpec?) {
        guard (group?.delay?.value.microseconds ?? 0) == 0 else { return }
        for reference in expression.references where reference.binding.isLabel {
            let source = sources[reference.binding.source]
            let problem: Diagnostic
            if reference.binding.source == 0 {
                problem = Diagnostic(
                    code: "label-leakage",
                    "\(reference.name.quoted) is a label: when an event is scored its label is not known yet",
                    at: reference.range,
                    suggestion: group == nil
                        ? "read it in a window with a \("delay".quoted)"
                        : "give the group a \("delay".quoted), as long as labels take")
            } else {
                if source.hasOwnAvailability { continue }
                problem = Diagnostic(
                    .warning, code: "label-leakage",
                    "\(reference.name.quoted) is a label, and its source does not say when it was known",
                    at: reference.range,
                    suggestion: "give source \(source.name.quoted) \("available".quoted), or the group a "
                        + "delay".quoted)
            }
            add([problem], in: text)
        }
    }

    /// Whether a text that reads events names what was reported where it was declared.
    func readsFaultyField(_ parsed: ParsedExpression) -> Bool {
        parsed.names.contains { fieldScope.resolve($0.name) == nil && spec.faultyNames.mayHold($0.name) }
    }

    // MARK: - Problems

    /// Whether looking further would only find what is not shown.
    private var isHopeless: Bool { hasUnkept && problems.hasErrors }

    /// Adds what was found in a text, with its places in the file.
    mutating func add(_ found: [Diagnostic], in text: Located<String>) {
        for problem in found { add(text.placed(problem)) }
    }

    mutating func add(_ problem: Diagnostic) {
        if problems.isFull { hasUnkept = true }
        problems.add(spec.redacted(problem))
    }
}

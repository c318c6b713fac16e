import Diagnostics
import Events
import Features

extension PlanCompiler {
    /// A group's aggregate, checked: what it needs of events, and where they come from.
    private struct AggregateDraft {
        let function: AggregateFunction
        let parameter: Double?
        let defaultValue: Double?
        let argument: CompiledExpression?
        /// The entity's place in `entities`.
        let entity: Int
    }

    /// An expression that chooses events, with the text that it stands in.
    private struct FilterDraft {
        let text: Located<String>
        let expression: CompiledExpression
    }

    /// Several filters as one; no expression: every event passes.
    private struct Conjunction {
        let expression: CompiledExpression?
    }

    /// Compiles every aggregate of every group, and gathers the windows of each entity in one store.
    mutating func compileWindows() {
        struct Place: Hashable {
            let group: Int
            let aggregate: Int
        }
        var outputs: [Place: [(feature: Int, window: Int)]] = [:]
        for (feature, name) in spec.featureNames.enumerated() {
            guard let aggregate = name.aggregateIndex, let window = name.windowIndex else { continue }
            outputs[Place(group: name.featureIndex, aggregate: aggregate), default: []].append((feature, window))
        }
        for (groupIndex, feature) in spec.features.enumerated() {
            guard case .group(let group) = feature else { continue }
            checkTiles(of: group)
            var shared: [FilterDraft] = []
            let isReadable = addFilter(group.filter, to: &shared, of: group)
            for (aggregateIndex, aggregate) in group.aggregates.enumerated() {
                var filters = shared
                // Both are compiled whatever became of the other: every problem at once.
                let isWhole = addFilter(aggregate.filter, to: &filters, of: group)
                guard let draft = compileCall(aggregate, of: group, filters), isWhole, isReadable,
                    let places = outputs[Place(group: groupIndex, aggregate: aggregateIndex)],
                    let filter = conjunction(filters)
                else { continue }
                let column = column(draft.argument, filter: filter.expression)
                for output in places {
                    let length = group.over[output.window].value
                    add(draft, column, over: length, in: group, to: FeatureIndex(output.feature))
                    bind(spec.featureNames[output.feature].name, to: .feature(slot: output.feature))
                }
            }
        }
    }

    /// Compiles a filter and appends it; returns whether it could be compiled, or there is none.
    private mutating func addFilter(
        _ text: Located<String>?, to filters: inout [FilterDraft], of group: WindowGroupSpec
    ) -> Bool {
        guard let text else { return true }
        guard let parsed = parse(text), !readsFaultyField(parsed) else { return false }
        var found: [Diagnostic] = []
        let filter = language.compile(parsed, for: .filter, in: fieldScope, diagnostics: &found)
        add(found, in: text)
        guard let filter else { return false }
        checkLabels(filter, in: text, group: group)
        filters.append(FilterDraft(text: text, expression: filter))
        return true
    }

    private mutating func compileCall(
        _ aggregate: AggregateSpec, of group: WindowGroupSpec, _ filters: [FilterDraft]
    ) -> AggregateDraft? {
        guard let parsed = parse(aggregate.call), !readsFaultyField(parsed) else { return nil }
        var found: [Diagnostic] = []
        let call = language.compileAggregate(parsed, in: fieldScope, diagnostics: &found)
        add(found, in: aggregate.call)
        guard let call, let known = aggregates[call.function] else { return nil }
        if let argument = call.argument { checkLabels(argument, in: aggregate.call, group: group) }
        let hasWindows = checkWindows(of: known, call, in: aggregate.call, group)
        guard let entity = entity(of: call, in: aggregate, group, filters), hasWindows else { return nil }
        return AggregateDraft(
            function: known.function, parameter: call.parameters.first, defaultValue: call.defaultValue,
            argument: call.argument, entity: entity)
    }

    /// Whether the aggregate can be asked of all of the group's windows.
    private mutating func checkWindows(
        of known: Features.AggregateSpec, _ call: AggregateExpression, in text: Located<String>,
        _ group: WindowGroupSpec
    ) -> Bool {
        let wrong = group.over.first { !known.windows.allow(isUnbounded: $0.value.isUnbounded) }
        guard let wrong else { return true }
        let isAll = wrong.value.isUnbounded
        let wish = isAll ? "needs windows with a length" : "knows no window but \("all".quoted)"
        let problem = Diagnostic(
            code: "window-not-allowed", "aggregate \(known.name.quoted) \(wish)", at: text.placed(call.functionRange),
            suggestion: "put it into a group \(isAll ? "without" : "with") \("over: all".quoted)",
            notes: [.init("the window is here", at: wrong.range)])
        add(problem)
        return false
    }

    /// Whether a key can be held to a number of tiles that is bounded: a delay of many times the window's length, or
    /// events that may be very late, take tiles as well.
    private mutating func checkTiles(of group: WindowGroupSpec) {
        guard case .tiled = group.accuracy, let range = group.accuracyRange else { return }
        // What is late is decided by source; which one an aggregate reads is not known here.
        let late = sources.map(\.late.afterMicroseconds).max() ?? 0
        for length in group.over where !length.value.isUnbounded {
            let window = WindowPlan(
                delayMicroseconds: group.delay?.value.microseconds ?? 0, lengthMicroseconds: length.value.microseconds,
                tileMicroseconds: group.accuracy.tileMicroseconds(ofLength: length.value.microseconds))
            let tiles = window.tilesPerKey(lateMicroseconds: late)
            if tiles <= WindowPlan.tilesPerKeyMax { continue }
            var notes: [Diagnostic.Note] = [.init("the window is here", at: length.range)]
            if let delay = group.delay { notes.append(.init("the delay is here", at: delay.range)) }
            let problem = Diagnostic(
                code: "too-many-tiles",
                "a key may need \(NumberLiteral.text(tiles)) tiles for window \(length.written.quoted) with its delay and late "
                    + "events, more than \(NumberLiteral.text(WindowPlan.tilesPerKeyMax))",
                at: range, suggestion: "use larger tiles, or \("exact".quoted)", notes: notes)
            add(problem)
            return
        }
    }

    // MARK: - Where the events come from

    /// The place of the entity whose events the aggregate and its filters read; the scored source's where they read no
    /// field.
    private mutating func entity(
        of call: AggregateExpression, in aggregate: AggregateSpec, _ group: WindowGroupSpec, _ filters: [FilterDraft]
    ) -> Int? {
        let texts = (call.argument.map { [(aggregate.call, $0)] } ?? []) + filters.map { ($0.text, $0.expression) }
        var first: (text: Located<String>, reference: ExpressionReference)?
        for (text, expression) in texts {
            for reference in expression.references where reference.binding.place != .eventTime {
                guard let known = first else {
                    first = (text, reference)
                    continue
                }
                guard known.reference.binding.source != reference.binding.source else { continue }
                let names = [known.reference, reference].map { sources[$0.binding.source].name.quoted }
                let problem = Diagnostic(
                    code: "mixed-sources",
                    "\(reference.name.quoted) comes with events of source \(names[1]), and "
                        + "\(known.reference.name.quoted) with those of \(names[0])",
                    at: text.placed(reference.range),
                    suggestion: "an aggregate and its filters read one source; join several in another feature",
                    notes: [.init("\(names[0]) is read here", at: known.text.placed(known.reference.range))])
                add(problem)
                return nil
            }
        }
        let source = first?.reference.binding.source ?? 0
        guard let key = key(of: source, for: group, at: first) else { return nil }
        if let known = entities.firstIndex(where: { $0.source == source && $0.queryKeyField == group.byField }) {
            return known
        }
        entities.append(EntityDraft(source: source, keyField: key, queryKeyField: group.byField))
        return entities.count - 1
    }

    /// The field of a source that holds the group's key.
    private mutating func key(
        of source: Int, for group: WindowGroupSpec, at first: (text: Located<String>, reference: ExpressionReference)?
    ) -> FieldIndex? {
        guard source > 0, let first else { return group.byField }
        let plan = sources[source]
        let wanted = schema.fields[group.byField.rawValue]
        if let index = plan.schema.index(named: wanted.name) {
            let found = plan.schema.fields[index.rawValue]
            if found.type == wanted.type { return plan.column(of: index) }
            let problem = Diagnostic(
                code: "wrong-field",
                "field \(group.by.written.quoted) is \(wanted.type.phrase), and \(found.type.phrase) in source "
                    + plan.name.quoted,
                at: group.by.range, suggestion: "give both one type",
                notes: [.init("the source is read here", at: first.text.placed(first.reference.range))])
            add(problem)
        } else if !spec.faultyNames.mayHold("\(plan.name).\(wanted.name)") {
            let problem = Diagnostic(
                code: "unknown-field", "source \(plan.name.quoted) has no field \(group.by.written.quoted)",
                at: group.by.range, suggestion: "its events can only enter windows by a field that they have",
                notes: [.init("the source is read here", at: first.text.placed(first.reference.range))])
            add(problem)
        }
        return nil
    }

    // MARK: - Columns

    private mutating func add(
        _ draft: AggregateDraft, _ column: ValueColumnPlan?, over length: TimeSpan, in group: WindowGroupSpec,
        to feature: FeatureIndex
    ) {
        let delay = group.delay?.value.microseconds ?? 0
        // The event itself is in no delayed window: equal windows are kept once.
        let window = entities[draft.entity].window(
            WindowPlan(
                delayMicroseconds: delay, lengthMicroseconds: length.microseconds,
                includesCurrent: delay > 0 || group.includesCurrent,
                tileMicroseconds: group.accuracy.tileMicroseconds(ofLength: length.microseconds)))
        let column = column.map { entities[draft.entity].column($0) }
        entities[draft.entity].add(
            AggregatePlan(
                function: draft.function, window: window, valueColumn: column, parameter: draft.parameter,
                defaultValue: draft.defaultValue, feature: feature))
    }

    /// What is remembered of each event; `nil` where that is nothing.
    private func column(_ argument: CompiledExpression?, filter: CompiledExpression?) -> ValueColumnPlan? {
        guard let argument else { return filter.map { ValueColumnPlan(.ones, filter: $0) } }
        if case .field(let field, .string)? = argument.bareBinding?.place {
            let mayBeMissing = mayBeMissing(field)
            return ValueColumnPlan(.hashes(field: field, mayBeMissing: mayBeMissing), filter: filter)
        }
        guard let field = argument.plainField else { return ValueColumnPlan(.doubles(argument), filter: filter) }
        var scale = 0
        if case .decimal(let digits) = schema.fields[field.rawValue].type { scale = digits }
        return ValueColumnPlan(
            .integers(field: field, scale: scale, mayBeMissing: mayBeMissing(field)), filter: filter)
    }

    private func mayBeMissing(_ field: FieldIndex) -> Bool {
        let plan = schema.fields[field.rawValue]
        return plan.isOptional || plan.isNullable
    }

    /// The most characters that filters may have once a group's is repeated in its aggregates: as many as a file.
    private static let repeatedCharactersMax = 1_048_576

    /// One filter that holds where all of them hold: with none, none. `nil` where it would be too long.
    private mutating func conjunction(_ filters: [FilterDraft]) -> Conjunction? {
        let filters = filters.filter { $0.expression.constant != 1 }
        guard filters.count > 1 else { return Conjunction(expression: filters.first?.expression) }
        // Each was compiled by itself, so that its problems have their places: together they have none.
        let text = filters.map { "(\($0.text.value))" }.joined(separator: " and ")
        var limits = language.limits
        limits.charactersMax = text.unicodeScalars.count
        limits.depthMax += 1
        limits.registersMax *= filters.count
        limits.diagnosticsMax *= filters.count
        repeatedCharacters += limits.charactersMax
        guard repeatedCharacters <= Self.repeatedCharactersMax else {
            let problem = Diagnostic(
                code: ExpressionDiagnostic.tooLong.rawValue,
                "the filters of this group, repeated in each of its aggregates, are longer than 1 MiB",
                at: filters[0].text.range, suggestion: "divide the group, or filter the group alone")
            add(problem)
            return nil
        }
        let wide = ExpressionLanguage(functions: language.functions, aggregates: language.aggregates, limits: limits)
        var found: [Diagnostic] = []
        let whole = wide.parse(text, at: SourcePosition(line: 1, column: 1), diagnostics: &found)
            .flatMap { wide.compile($0, for: .filter, in: fieldScope, diagnostics: &found) }
        guard let whole else { preconditionFailure("filters that compile alone and not together: \(found)") }
        return Conjunction(expression: whole)
    }
}

import Diagnostics
import Events
import Features

extension PipelineReader {
    /// The most features after groups are expanded.
    static let featuresMax = 4_096

    mutating func readFeatures(of source: SourceSpec?) -> [FeatureSpec] {
        guard let items = root.list("features") else {
            faulty.areUnbounded = true
            return []
        }
        var features: [FeatureSpec] = []
        for item in items {
            switch item {
            case .named(let name, let expression?):
                features.append(.expression(ExpressionFeatureSpec(name: name, expression: expression)))
            case .named(let name, nil): faulty.names.insert(name.value)
            case .section(let section):
                if let group = readGroup(section, of: source) { features.append(.group(group)) }
            default: faulty.areUnbounded = true
            }
        }
        return features
    }

    private mutating func readGroup(_ group: SectionValue, of source: SourceSpec?) -> WindowGroupSpec? {
        let entries = group.map("aggregates") ?? []
        if group.map("aggregates") == nil { faulty.areUnbounded = true }
        var aggregates: [AggregateSpec] = []
        for entry in entries {
            guard let aggregate = Self.aggregate(entry) else {
                faulty.aggregates.insert(entry.name.value)
                continue
            }
            aggregates.append(aggregate)
        }
        let field = entity(of: group, in: source)
        let (over, isWhole) = windows(of: group)
        guard let by = group.text("by"), let field, !over.isEmpty else {
            faulty.aggregates.formUnion(entries.map(\.name.value))
            return nil
        }
        if !isWhole { faulty.aggregates.formUnion(entries.map(\.name.value)) }
        return WindowGroupSpec(
            by: by, byField: field, over: over, delay: group.span("delay"),
            includesCurrent: group.boolean("include_current")?.value ?? true, filter: group.text("where"),
            accuracy: group.text("accuracy").flatMap { AccuracySpec($0.value) } ?? .exact,
            accuracyRange: group.text("accuracy")?.range, aggregates: aggregates)
    }

    /// `count()`, or `{value: count(), where: …}`; `nil` where a part of it was reported.
    private static func aggregate(_ entry: MapEntry) -> AggregateSpec? {
        switch entry.value {
        case .text(let call)?: return AggregateSpec(name: entry.name, call: call, filter: nil)
        case .section(let section)?:
            guard let call = section.text("value"), !section.isFaulty("where") else { return nil }
            return AggregateSpec(name: entry.name, call: call, filter: section.text("where"))
        default: return nil
        }
    }

    private func entity(of group: SectionValue, in source: SourceSpec?) -> FieldIndex? {
        guard let by = group.text("by"), let source else { return nil }
        let reference = SourceReader.reference(
            by, as: "by", in: (source.fields, source.schema.fields), types: "string or int", faulty: faulty,
            problems: problems, fits: { $0 == .string || $0 == .int })
        return reference?.index
    }

    /// The group's windows, and whether all of them could be read.
    private func windows(of group: SectionValue) -> (over: [Located<TimeSpan>], isWhole: Bool) {
        guard let items = group.list("over") ?? group.values["over"].map({ [$0] }) else { return ([], false) }
        var spans: [Located<TimeSpan>] = []
        var first: [Int64: SourceRange] = [:]
        var isWhole = true
        for item in items {
            let span: Located<TimeSpan>
            switch item {
            case .span(let written): span = written
            // The one word that the syntax allows is `all`.
            case .text(let all): span = all.map { TimeSpan(microseconds: WindowPlan.unbounded, text: $0) }
            default:
                isWhole = false
                continue
            }
            if let earlier = first[span.value.microseconds] {
                problems.error(
                    "duplicate-window", "window \(span.written.quoted) is given twice", at: span.range,
                    suggestion: "keep one of them", notes: [.init("first given here", at: earlier)])
                isWhole = false
            } else {
                first[span.value.microseconds] = span.range
                spans.append(span)
            }
        }
        return (spans, isWhole)
    }

    // MARK: - Names

    /// All names in the model's order, each once: a second one is reported.
    mutating func expandedNames(of features: [FeatureSpec]) -> [FeatureNameSpec] {
        var names: [FeatureNameSpec] = []
        var first: [String: SourceRange] = [:]
        for (index, feature) in features.enumerated() {
            for name in Self.names(of: feature, at: index) {
                guard names.count < Self.featuresMax else {
                    problems.error(
                        "too-many-features",
                        "these are more than \(NumberLiteral.text(Int64(Self.featuresMax))) features",
                        at: name.range, suggestion: "use fewer windows or aggregates")
                    faulty.areUnbounded = true
                    return names
                }
                if let earlier = first[name.name] {
                    problems.error(
                        "duplicate-name", "feature \(name.written.quoted) is defined twice", at: name.range,
                        suggestion: "give it another name", notes: [.init("first defined here", at: earlier)])
                } else {
                    first[name.name] = name.range
                    names.append(name)
                }
            }
        }
        return names
    }

    private static func names(of feature: FeatureSpec, at index: Int) -> [FeatureNameSpec] {
        switch feature {
        case .expression(let feature):
            return [
                FeatureNameSpec(
                    name: feature.name.value, range: feature.name.range, featureIndex: index, aggregateIndex: nil,
                    windowIndex: nil, written: feature.name.written)
            ]
        case .group(let group):
            // The bound on all names holds for one group as well: windows times aggregates may be a great many.
            let windows = group.over.prefix(featuresMax + 1).enumerated()
            let aggregates = group.aggregates.prefix(featuresMax + 1)
            return Array(
                windows.lazy.flatMap { windowIndex, span in
                    aggregates.enumerated().lazy.map { aggregateIndex, aggregate in
                        let name = aggregate.name.value
                        return FeatureNameSpec(
                            name: "\(name)_\(span.value.text)", range: aggregate.name.range, featureIndex: index,
                            aggregateIndex: aggregateIndex, windowIndex: windowIndex, written: "\(name)_\(span.written)"
                        )
                    }
                }.prefix(featuresMax + 1))
        }
    }
}

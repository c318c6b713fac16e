import Configuration
import Engine
import Events
import Features

/// How features and windows are called in what people read: as the pipeline file has them.
struct FeatureTexts: Sendable {
    /// By feature: the expression, or the aggregate with its filter.
    let definitions: [String]
    /// By entity and window: the features that it gives.
    let features: [[[Int]]]
    /// By entity and window: its length, `1d`, or `all`.
    let lengths: [[String]]
    /// By entity and value column: what is remembered, `tx_amount`; empty for what is only counted.
    let columns: [[String]]
    /// By entity: the field that it is kept by, and the source whose events are in it.
    let keys: [String]
    let sources: [String]
    /// By entity and window: whether an event is left out of its own.
    let leavesOut: [[Bool]]
    /// By entity, window and value column: whether a feature of the window reads it.
    private let readers: [[Set<Int>]]

    func isRead(column: Int, entity: Int, window: Int) -> Bool { readers[entity][window].contains(column) }

    init(_ assembly: PipelineAssembly) {
        let (spec, plan) = (assembly.spec, assembly.scoring)
        let groups = spec.featureNames.map { name -> WindowGroupSpec? in
            if case .group(let group) = spec.features[name.featureIndex] { group } else { nil }
        }
        definitions = zip(spec.featureNames, groups).map { name, group in
            guard let group, let index = name.aggregateIndex else {
                if case .expression(let feature) = spec.features[name.featureIndex] {
                    return feature.expression.written
                }
                return ""
            }
            let filters = [group.filter, group.aggregates[index].filter].compactMap(\.self?.written)
            let filter = filters.isEmpty ? "" : " where " + filters.joined(separator: " and ")
            return group.aggregates[index].call.written + filter
        }
        let entities = plan.features.entities
        features = entities.map { entity in
            entity.windows.indices.map { window in
                entity.aggregates.filter { $0.window == window }.map(\.feature.rawValue)
            }
        }
        lengths = entities.map { entity in
            entity.windows.indices.map { window in
                guard let feature = entity.aggregates.first(where: { $0.window == window })?.feature.rawValue,
                    let group = groups[feature], let place = spec.featureNames[feature].windowIndex
                else { return "" }
                return group.over[place].written
            }
        }
        columns = entities.map { entity in
            entity.valueColumns.indices.map { column in
                guard let aggregate = entity.aggregates.first(where: { $0.valueColumn == column }),
                    let group = groups[aggregate.feature.rawValue],
                    let place = spec.featureNames[aggregate.feature.rawValue].aggregateIndex
                else { return "" }
                return Self.argument(of: group.aggregates[place].call.written) ?? group.aggregates[place].name.written
            }
        }
        leavesOut = entities.map { $0.windows.map { !$0.includesCurrent } }
        readers = entities.map { entity in
            entity.windows.indices.map { window in
                Set(entity.aggregates.filter { $0.window == window }.compactMap(\.valueColumn))
            }
        }
        keys = entities.map { plan.schema.fields[$0.queryKeyField.rawValue].name }
        sources = entities.map { plan.sources[$0.source].name }
    }

    /// What stands between an aggregate's brackets, up to a comma; `nil` for nothing.
    private static func argument(of call: String) -> String? {
        guard let open = call.firstIndex(of: "(") else { return nil }
        var depth = 0
        var text = ""
        for character in call[call.index(after: open)...] {
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            if depth < 0 || depth == 0 && character == "," { break }
            text.append(character)
        }
        return text.isEmpty ? nil : text
    }
}

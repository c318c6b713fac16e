import Configuration
public import Engine
import Events
import Features
import Foundation

/// An event's way as one JSON object, `schemas/explanation.v1.schema.json`.
public struct AccountJSON {
    private let assembly: PipelineAssembly
    private let texts: FeatureTexts
    private let names: [String]
    private var plan: ScoringPlan { assembly.scoring }

    /// - Parameter names: what inputs are called, by lane.
    public init(_ assembly: PipelineAssembly, names: [String]) {
        self.assembly = assembly
        self.names = names
        texts = FeatureTexts(assembly)
    }

    public func text(_ account: EventAccount) -> String {
        let data = try? JSONSerialization.data(
            withJSONObject: object(account), options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        return String(decoding: data ?? Data(), as: UTF8.self) + "\n"
    }

    private func object(_ account: EventAccount) -> [String: Any] {
        let isFault = account.fault.code != .none
        var found: [String: Any] = [
            "pipeline": plan.pipeline, "source": plan.sources[account.source].name, "late": account.isLate,
            "place": ["input": names[account.lane], "line": account.position] as [String: Any],
            "event": String(decoding: account.value, as: UTF8.self), "outcome": outcome(account),
        ]
        found["time"] = account.time.map(TimeText.string)
        found["available"] = account.available.map(TimeText.string)
        found["watermark"] = account.watermark.map(TimeText.string)
        if isFault {
            found["fault"] = [
                "code": account.fault.code.name, "message": account.fault.message(schema: plan.schema),
            ]
        } else {
            found["fields"] = fields(account)
        }
        guard account.disposition == .score else { return found }
        found["windows"] = account.windows.map(window)
        found["features"] = zip(plan.features.names, account.features).enumerated().map { index, feature in
            ["name": feature.0, "value": Self.number(feature.1), "definition": texts.definitions[index]]
        }
        found["models"] = plan.models.models.enumerated().map { index, model in
            var entry: [String: Any] = [
                "name": model.name, "inputs": model.inputs.map { plan.features.names[$0.rawValue] },
            ]
            if account.modelScores.indices.contains(index) { entry["score"] = Self.number(account.modelScores[index]) }
            return entry
        }
        found["score"] = Self.number(account.score ?? .nan)
        found["reasons"] = AccountReasons(account.record).reasons.map { reason in
            var entry: [String: Any] = [
                "feature": reason.feature, "value": Self.number(reason.value), "contribution": reason.contribution,
            ]
            entry["text"] = reason.text
            return entry
        }
        found["record_has_reasons"] = account.hasReasons ?? false
        found["rules"] = zip(assembly.spec.decide, account.rules).map { rule, holds in
            ["name": rule.name.value, "condition": rule.condition.written, "holds": holds ?? NSNull()] as [String: Any]
        }
        found["decision"] = account.rule.map { plan.rules[$0].decision as Any } ?? NSNull()
        return found
    }

    private func outcome(_ account: EventAccount) -> String {
        switch account.disposition {
        case .score, .muted: "scored"
        case .absorbed: "absorbed"
        case .lateDropped: "dropped"
        case .fault, .mutedFault: "dead-letter"
        }
    }

    private func fields(_ account: EventAccount) -> [String: Any] {
        var found: [String: Any] = [:]
        for (field, value) in zip(plan.sources[account.source].schema.fields, account.fields) {
            switch value {
            case .value(let text, _): found[field.name] = text
            case .null: found[field.name] = NSNull()
            case .absent: break
            }
        }
        return found
    }

    private func window(_ content: WindowContent) -> [String: Any] {
        var found: [String: Any] = [
            "by": texts.keys[content.entity], "over": texts.lengths[content.entity][content.window],
            "source": texts.sources[content.entity], "has_key": content.hasKey, "up_to": WindowText.time(content.upTo),
            "features": texts.features[content.entity][content.window].map { plan.features.names[$0] },
        ]
        if content.after > .min { found["after"] = WindowText.time(content.after) }
        switch content.form {
        case .everything: found["form"] = "everything"
        case .tiles(let count, let width):
            found["form"] = "tiles"
            found["tiles"] = count
            found["tile"] = WindowText.duration(width)
        case .events(let count, let shown):
            found["form"] = "events"
            found["events"] = count
            found["shown"] = shown.map { event in
                var values: [String: Any] = [:]
                for (column, value) in event.values.enumerated()
                where texts.isRead(column: column, entity: content.entity, window: content.window) {
                    values[texts.columns[content.entity][column]] = Self.value(value)
                }
                return ["time": WindowText.time(event.time), "current": event.isCurrent, "values": values]
            }
        }
        return found
    }

    private static func value(_ value: WindowValue) -> Any {
        switch value {
        case .number(let value): number(value)
        case .hash: WindowText.value(value)
        case .missing: NSNull()
        }
    }

    private static func number(_ value: Double) -> Any { value.isFinite ? value : NSNull() }
}

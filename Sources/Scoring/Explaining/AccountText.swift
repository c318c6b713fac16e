import Configuration
public import Engine
import Events
import Features
import Foundation

/// An event's way as text for people: plain, aligned, at most 100 columns where values allow it.
public struct AccountText {
    private let assembly: PipelineAssembly
    private let texts: FeatureTexts
    private let names: [String]
    private var plan: ScoringPlan { assembly.scoring }
    private static let eventCharactersMax = 2_000
    static let columns = 100

    /// - Parameter names: what inputs are called, by lane.
    public init(_ assembly: PipelineAssembly, names: [String]) {
        self.assembly = assembly
        self.names = names
        texts = FeatureTexts(assembly)
    }

    public func text(_ account: EventAccount) -> String {
        var lines = head(account)
        if account.fields.isEmpty {
            lines += ["", "the event", "  " + event(account)]
        } else {
            lines += ["", "fields"] + fields(account)
        }
        if account.disposition == .score {
            if !account.windows.isEmpty { lines += ["", "windows"] + windows(account) }
            if !plan.features.names.isEmpty { lines += ["", "features"] + features(account) }
            lines += models(account) + reasons(account) + rules(account)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    // MARK: - What it is

    private func head(_ account: EventAccount) -> [String] {
        let source = plan.sources[account.source]
        var rows = [("place", "\(names[account.lane]), line \(account.position)"), ("source", source.name)]
        if let time = account.time { rows.append(("time", TimeText.string(time))) }
        if let available = account.available, available != account.time {
            rows.append(("available", TimeText.string(available)))
        }
        rows.append(("order", order(account)))
        rows.append(("outcome", outcome(account)))
        return Self.table(rows.map { [$0.0, $0.1] }, indent: "")
    }

    private func order(_ account: EventAccount) -> String {
        guard let watermark = account.watermark else { return "nothing came before it" }
        guard let available = account.available else { return "its time is not known" }
        let behind = watermark.microseconds - available.microseconds
        if behind <= 0 { return "the newest so far" }
        let policy = plan.sources[account.source].late
        let span = WindowText.duration(behind)
        let allowed = WindowText.duration(policy.afterMicroseconds)
        return account.isLate
            ? "\(span) behind the newest before it: late, since more than \(allowed)"
            : "\(span) behind the newest before it, within the \(allowed) of late.after"
    }

    private func outcome(_ account: EventAccount) -> String {
        let spec = assembly.spec
        switch account.disposition {
        case .score:
            let decision = account.rule.map { ", decision \(plan.rules[$0].decision)" } ?? ""
            return "scored\(decision), to topic \(spec.output.topic.value)"
        case .absorbed: return "enters windows; events of this source are not scored"
        case .lateDropped: return "dropped: it is late, and late.then is drop"
        case .fault, .mutedFault:
            return "dead letter \(account.fault.code.name), to topic \(spec.deadLetter.topic.value): "
                + account.fault.message(schema: plan.schema)
        case .muted: return "enters windows"
        }
    }

    private func event(_ account: EventAccount) -> String {
        let text = DeadLetterText.shown(String(decoding: account.value, as: UTF8.self))
        return text.count > Self.eventCharactersMax ? text.prefix(Self.eventCharactersMax) + "…" : text
    }

    private func fields(_ account: EventAccount) -> [String] {
        Self.table(
            zip(plan.sources[account.source].schema.fields, account.fields).map { field, value in
                switch value {
                case .value(let text, let isText):
                    [field.name, isText ? DeadLetterText.shown(CaseText.quoted(text)) : text]
                case .null: [field.name, "null"]
                case .absent: [field.name, "absent"]
                }
            })
    }

    // MARK: - What was computed

    private func windows(_ account: EventAccount) -> [String] {
        let text = WindowText(texts: texts)
        return account.windows.flatMap { content in
            text.lines(content).enumerated().map { $0 == 0 ? "  \($1)" : "    \($1)" }
        }
    }

    private func features(_ account: EventAccount) -> [String] {
        Self.table(
            zip(plan.features.names, account.features).enumerated().map { index, feature in
                [feature.0, CaseText.number(feature.1), texts.definitions[index]]
            })
    }

    private func models(_ account: EventAccount) -> [String] {
        if plan.models.isEmpty { return [] }
        var rows: [[String]] = []
        for (index, model) in plan.models.models.enumerated() {
            let inputs = model.inputs.map { plan.features.names[$0.rawValue] }
            let read = inputs == plan.features.names ? "all features, in their order" : inputs.joined(separator: ", ")
            rows.append([model.name, "reads " + read])
            if account.modelScores.indices.contains(index) {
                rows.append(["", "scores \(CaseText.number(account.modelScores[index]))"])
            }
        }
        var score = account.score.map(CaseText.number) ?? "missing"
        if let expression = assembly.spec.score { score += ", which is \(expression.written)" }
        return ["", "score"] + Self.table([["score", score]] + rows)
    }

    private func reasons(_ account: EventAccount) -> [String] {
        guard let hasReasons = account.hasReasons else { return [] }
        let condition = assembly.spec.models.lazy.compactMap(\.explain).first?.condition?.written
        let because = condition.map { ", since \($0) is \(hasReasons ? "true" : "not true")" } ?? ""
        let title = "reasons (the score has \(hasReasons ? "them" : "none")\(because))"
        let rows = AccountReasons(account.record).reasons.map { reason in
            [
                reason.feature, CaseText.number(reason.value),
                (reason.contribution < 0 ? "" : "+") + "\(reason.contribution)", reason.text ?? "",
            ]
        }
        return ["", title] + (rows.isEmpty ? ["  none"] : Self.table(rows))
    }

    private func rules(_ account: EventAccount) -> [String] {
        if plan.rules.isEmpty { return [] }
        let rows = zip(assembly.spec.decide, account.rules).enumerated().map { index, rule in
            let holds = rule.1.map { $0 ? "true" : "false" } ?? "missing"
            return [index == account.rule ? "→" : " ", rule.0.name.value, holds, rule.0.condition.written]
        }
        return ["", "rules"] + Self.table(rows)
    }

    /// Columns side by side, but for the last all as wide as their widest; a last one that is too long is folded.
    static func table(_ rows: [[String]], indent: String = "  ") -> [String] {
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<max(0, count - 1)).map { column in
            min(40, rows.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0)
        }
        return rows.flatMap { row in
            var line = indent
            for (column, cell) in row.dropLast().enumerated() {
                line += cell + String(repeating: " ", count: max(0, widths[column] - cell.count) + 2)
            }
            return fold(row.last ?? "", behind: line)
        }
    }

    private static func fold(_ text: String, behind head: String) -> [String] {
        let room = max(30, columns - head.count)
        var (lines, line): ([String], String) = ([], "")
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            if !line.isEmpty && line.count + 1 + word.count > room {
                lines.append(line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        lines.append(line)
        let blank = String(repeating: " ", count: head.count)
        return lines.enumerated().map { number, line in
            let whole = (number == 0 ? head : blank) + line
            return String(whole.reversed().drop { $0 == " " }.reversed())
        }
    }
}

/// The reasons of a score record.
struct AccountReasons {
    struct Reason {
        let feature: String
        let value: Double
        let contribution: Double
        let text: String?
    }

    let reasons: [Reason]

    init(_ record: String?) {
        let object = record.flatMap { try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] }
        reasons = (object?["reasons"] as? [[String: Any]] ?? []).compactMap { reason in
            guard let feature = reason["feature"] as? String, let contribution = reason["contribution"] as? Double
            else {
                return nil
            }
            return Reason(
                feature: feature, value: reason["value"] as? Double ?? .nan, contribution: contribution,
                text: reason["text"] as? String)
        }
    }
}

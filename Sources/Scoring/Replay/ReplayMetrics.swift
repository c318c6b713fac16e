import Diagnostics
import Drift
import Engine
import Events
import Features

/// How well the scores of a replay find what a label says: gathered row by row, measured at the end.
///
/// The label is a field of the event, or of another source, which is then joined by the field that names events, whenever
/// it comes. Keeps 22 bytes a scored row (with a join some 50), and each key once. Rows without label, score or key are
/// left out.
final class ReplayMetrics {
    private enum Label: UInt8 { case negative, positive, unknown }

    private static let dayMicroseconds: Int64 = 86_400_000_000
    private static let cardsChecked = 100

    private let label: FieldIndex
    /// Where the label is another source's: the ids of both.
    private let join: (id: FieldIndex, labelID: FieldIndex)?
    private let key: FieldIndex?
    private let hasTextKeys: Bool
    private var scores: [Double] = []
    private var labels: [Label] = []
    private var decisions: [Int16] = []
    private let decisionNames: [String]
    /// Rows that wait for their labels, and labels that came before their rows; by id.
    private var places: [Int64: Int] = [:]
    private var early: [Int64: Bool] = [:]
    private var days: [Int32] = []
    private var keys: [Int64] = []
    private var textKeys: [String: Int64] = [:]

    /// - Throws: a usage failure that names what is legal, where a field is not known or of no use here.
    init(plan: ScoringPlan, label: String, key: String?) throws(ReplayFailure) {
        if plan.models.isEmpty { throw ReplayFailure(.usage, "--metrics needs scores, and the pipeline has no model") }
        let found = try Self.field(Self.fullName(label, of: plan), of: plan, option: "--metrics", types: "bool or int")
        {
            $0 == .bool || $0 == .int
        }
        self.label = found
        join = try Self.join(found, of: plan)
        if let key {
            self.key = try Self.field(key, of: plan, option: "--metrics-key", types: "string or int") {
                $0 == .string || $0 == .int
            }
        } else {
            self.key = nil
        }
        decisionNames = plan.rules.map(\.decision)
        hasTextKeys = self.key.map { plan.schema.fields[$0.rawValue].type == .string } ?? false
    }

    /// A field of another source may be named without it, where that says which is meant.
    private static func fullName(_ name: String, of plan: ScoringPlan) -> String {
        if plan.schema.index(named: name) != nil { return name }
        let found = plan.schema.fields.map(\.name).filter { $0.hasSuffix(".\(name)") }
        return found.count == 1 ? found[0] : name
    }

    private static func join(
        _ label: FieldIndex, of plan: ScoringPlan
    ) throws(ReplayFailure) -> (id: FieldIndex, labelID: FieldIndex)? {
        guard let source = plan.sources.dropFirst().first(where: { $0.columns.contains(label.rawValue) }) else {
            return nil
        }
        guard let id = plan.idField else { throw ReplayFailure(.usage, "--metrics: events are joined by \"id\"") }
        let field = plan.schema.fields[id.rawValue]
        guard let own = source.field(likeID: field) else {
            throw ReplayFailure(
                .usage,
                "--metrics: labels are joined by \"\(field.name)\", which \"\(source.name)\" has not, or as another type"
            )
        }
        return (id, own)
    }

    private static func field(
        _ name: String, of plan: ScoringPlan, option: String, types: String, accepts: (FieldType) -> Bool
    ) throws(ReplayFailure) -> FieldIndex {
        let fitting = plan.schema.fields.filter { accepts($0.type) }.map(\.name)
        guard let index = plan.schema.index(named: name) else {
            let help = Suggestion.text(for: name, among: fitting).map { ": \($0)" } ?? ""
            throw ReplayFailure(.usage, "\(option): the source has no field \"\(name)\"\(help)")
        }
        if !accepts(plan.schema.fields[index.rawValue].type) {
            let help =
                fitting.isEmpty ? "" : ", such as " + fitting.prefix(8).map { "\"\($0)\"" }.joined(separator: ", ")
            throw ReplayFailure(.usage, "\(option): field \"\(name)\" has to be of type \(types)\(help)")
        }
        return index
    }

    func add(_ context: BatchContext) {
        let batch = context.batch
        for row in 0..<batch.count {
            let disposition = context.frame.dispositions[row]
            if disposition == .absorbed { take(row, of: batch) }
            guard disposition == .score, !context.scores[row].isNaN else { continue }
            let isLabelled = batch.presence[label.rawValue][row] == Presence.present
            if join == nil && !isLabelled { continue }
            if let key {
                guard batch.presence[key.rawValue][row] == Presence.present else { continue }
                keys.append(hasTextKeys ? number(batch.string(key, row: row)) : batch.words[key.rawValue][row])
            }
            scores.append(context.scores[row])
            if !decisionNames.isEmpty { decisions.append(context.decisions[row]) }
            labels.append(!isLabelled ? .unknown : batch.words[label.rawValue][row] != 0 ? .positive : .negative)
            days.append(Self.day(batch.eventTimes[row]))
            if let join, let id = EventIDs.id(join.id, row, of: batch) {
                if let isPositive = early.removeValue(forKey: id) {
                    labels[labels.count - 1] = isPositive ? .positive : .negative
                } else {
                    places[id] = labels.count - 1
                }
            }
        }
    }

    /// A label of another source: the last one of an event counts.
    private func take(_ row: Int, of batch: EventBatch) {
        guard let join, batch.presence[label.rawValue][row] == Presence.present,
            let id = EventIDs.id(join.labelID, row, of: batch)
        else { return }
        let isPositive = batch.words[label.rawValue][row] != 0
        if let place = places[id] {
            labels[place] = isPositive ? .positive : .negative
        } else {
            early[id] = isPositive
        }
    }

    /// Days since 1970 in UTC; times lie within years 1 to 9999.
    private static func day(_ microseconds: Int64) -> Int32 {
        let day = microseconds / dayMicroseconds
        return Int32(truncatingIfNeeded: microseconds % dayMicroseconds < 0 ? day - 1 : day)
    }

    private func number(_ text: UnsafeBufferPointer<UInt8>) -> Int64 {
        let name = String(decoding: text, as: UTF8.self)
        if let known = textKeys[name] { return known }
        let number = Int64(textKeys.count)
        textKeys[name] = number
        return number
    }

    /// What is printed, name and value; NaN where the rows allow no such figure (labels all alike, say).
    func results() -> ReplayMeasures {
        let known = labels.indices.filter { self.labels[$0] != .unknown }
        let scores = known.map { self.scores[$0] }
        let labels = known.map { self.labels[$0] == .positive }
        var values: [(name: String, value: Double)] = [
            ("roc_auc", RankingMetrics.rocAUC(scores: scores, labels: labels) ?? .nan),
            ("average_precision", RankingMetrics.averagePrecision(scores: scores, labels: labels) ?? .nan),
        ]
        if key != nil {
            let cards = rankedKeys()
            let precision = CardPrecision.mean(
                scores: scores, labels: labels, days: known.map { days[$0] }, cards: known.map { cards[$0] },
                top: Self.cardsChecked)
            values.append(("card_precision@\(Self.cardsChecked)", precision ?? .nan))
        }
        let byDecision = ReplayGroup.byDecision(
            decisionNames.isEmpty ? [] : known.map { decisions[$0] }, labels: labels, names: decisionNames)
        return ReplayMeasures(
            rows: labels.count, positives: labels.count { $0 }, values: values,
            groups: byDecision + ReplayGroup.byScore(scores, labels: labels))
    }

    /// Equal scores go by the key, so that the figure does not depend on which key came first: shorter texts before
    /// longer ones, which puts numbers written as text in their order.
    private func rankedKeys() -> [Int64] {
        if !hasTextKeys { return keys }
        let ordered = textKeys.sorted { left, right in
            let (a, b) = (left.key.utf8, right.key.utf8)
            return a.count != b.count ? a.count < b.count : a.lexicographicallyPrecedes(b)
        }
        var ranks = [Int64](repeating: 0, count: ordered.count)
        for (rank, entry) in ordered.enumerated() { ranks[Int(entry.value)] = Int64(rank) }
        return keys.map { ranks[Int($0)] }
    }
}

/// What `--metrics` prints.
public struct ReplayMeasures: Sendable {
    /// Rows with a score, a label and, where one is asked for, a key.
    public let rows: Int
    public let positives: Int
    public let values: [(name: String, value: Double)]
    /// By decision, where there are rules; then those with the highest scores.
    public let groups: [ReplayGroup]
}

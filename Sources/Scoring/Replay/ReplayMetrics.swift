import Diagnostics
import Engine
import Events
import Features
import Models

/// How well the scores of a replay find what a label says: gathered row by row, measured at the end.
///
/// Keeps 20 bytes a scored row, and each key once. Rows without label, score or key are left out.
final class ReplayMetrics {
    private static let dayMicroseconds: Int64 = 86_400_000_000
    private static let cardsChecked = 100

    private let label: FieldIndex
    private let key: FieldIndex?
    private let hasTextKeys: Bool
    private var scores: [Float] = []
    private var labels: [Bool] = []
    private var days: [Int32] = []
    private var keys: [Int64] = []
    private var textKeys: [String: Int64] = [:]

    /// - Throws: a usage failure that names what is legal, where a field is not known or of no use here.
    init(plan: ScoringPlan, label: String, key: String?) throws(ReplayFailure) {
        if plan.model == nil { throw ReplayFailure(.usage, "--metrics needs scores, and the pipeline has no model") }
        self.label = try Self.field(label, of: plan, option: "--metrics", types: "bool or int") {
            $0 == .bool || $0 == .int
        }
        if let key {
            self.key = try Self.field(key, of: plan, option: "--metrics-key", types: "string or int") {
                $0 == .string || $0 == .int
            }
        } else {
            self.key = nil
        }
        hasTextKeys = self.key.map { plan.schema.fields[$0.rawValue].type == .string } ?? false
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
        for row in 0..<batch.count where context.frame.dispositions[row] == .score {
            guard batch.presence[label.rawValue][row] == Presence.present, !context.scores[row].isNaN else { continue }
            if let key {
                guard batch.presence[key.rawValue][row] == Presence.present else { continue }
                keys.append(hasTextKeys ? number(batch.string(key, row: row)) : batch.words[key.rawValue][row])
            }
            scores.append(context.scores[row])
            labels.append(batch.words[label.rawValue][row] != 0)
            days.append(Self.day(batch.eventTimes[row]))
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
        var values: [(name: String, value: Double)] = [
            ("roc_auc", RankingMetrics.rocAUC(scores: scores, labels: labels) ?? .nan),
            ("average_precision", RankingMetrics.averagePrecision(scores: scores, labels: labels) ?? .nan),
        ]
        if key != nil {
            let precision = CardPrecision.mean(
                scores: scores, labels: labels, days: days, cards: rankedKeys(), top: Self.cardsChecked)
            values.append(("card_precision@\(Self.cardsChecked)", precision ?? .nan))
        }
        return ReplayMeasures(rows: labels.count, positives: labels.count { $0 }, values: values)
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
}

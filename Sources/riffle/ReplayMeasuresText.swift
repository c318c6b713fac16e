import Foundation
import Scoring

/// What `riffle replay --metrics` prints: figures with their names, then a table of decisions and of the highest scores.
enum ReplayMeasuresText {
    private static let heads = ["", "events", "share", "positive", "precision", "recall"]

    static func lines(_ measures: ReplayMeasures) -> [String] {
        let values = measures.values.map { "\($0.name) \($0.value)" }
        if measures.groups.isEmpty { return values }
        let rows = measures.groups.map { group in
            [
                group.name, "\(group.events)", percent(group.share, digits: 2), "\(group.positives)",
                percent(group.precision, digits: 1), percent(group.recall, digits: 1),
            ]
        }
        let widths = heads.indices.map { column in ([heads] + rows).map { $0[column].count }.max() ?? 0 }
        return values
            + ([heads] + rows).map { row in
                zip(row, widths).enumerated().map { column, cell in
                    let blanks = String(repeating: " ", count: cell.1 - cell.0.count)
                    return column == 0 ? cell.0 + blanks : blanks + cell.0
                }.joined(separator: "  ")
            }
    }

    private static func percent(_ share: Double, digits: Int) -> String {
        share.isNaN ? "-" : String(format: "%.\(digits)f %%", share * 100)
    }
}

import Scoring

/// What `riffle replay --compare` prints.
enum ComparisonText {
    private static let heads = ["column", "equal", "different", "not written"]

    static func lines(_ report: ComparisonReport) -> String {
        let rows = report.columns.map { [$0.name, "\($0.equal)", "\($0.different)", "\($0.unwritten)"] }
        let widths = heads.indices.map { column in
            ([heads] + rows).map { $0[column].count }.max() ?? 0
        }
        var text = ([heads] + rows).map { row in
            zip(row, widths).enumerated().map { column, cell in
                let blanks = String(repeating: " ", count: cell.1 - cell.0.count)
                return column == 0 ? cell.0 + blanks : blanks + cell.0
            }.joined(separator: "  ") + "\n"
        }.joined()
        for column in report.columns {
            for difference in column.differences {
                text += "\(column.name) of \(difference.id): recorded \(difference.recorded), computed "
                text += "\(difference.computed)\n"
            }
        }
        text += "\(report.compared) events compared"
        if report.repeated > 0 { text += ", \(report.repeated) records repeated" }
        if report.outside > 0 { text += ", \(report.outside) records of other times" }
        text += "\n\(report.missing) missing: computed, and in no record\(list(report.firstMissing))"
        text +=
            "\n\(report.extra) extra: recorded, and not computed\(list(report.firstExtraLines.map { "line \($0)" }))"
        return text + "\n"
    }

    private static func list(_ names: [String]) -> String {
        names.isEmpty ? "" : ", such as " + names.joined(separator: ", ")
    }
}

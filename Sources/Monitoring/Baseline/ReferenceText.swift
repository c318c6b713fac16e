import Drift
import Events
import Foundation

/// A reference as people read it: what it was made of, a line for each series of all events, and what to beware of.
public struct ReferenceText {
    private let reference: ReferenceFile

    public init(_ reference: ReferenceFile) { self.reference = reference }

    /// The whole, with line ends. Complexity: O(content).
    ///
    /// - Parameter runLength: events between false alarms that the monitor is asked for.
    public func text(digest: String, runLength: Double) -> String {
        (head(digest) + [""] + table + cautions(runLength: runLength)).map { $0 + "\n" }.joined()
    }

    private func head(_ digest: String) -> [String] {
        var lines = ["reference of pipeline \"\(reference.pipeline)\", sha256 \(digest)"]
        let span = [reference.fromMilliseconds, reference.toMilliseconds].map {
            TimeText.string(EventTime(microseconds: $0.multipliedReportingOverflow(by: 1_000).partialValue))
        }
        guard let origin = reference.origin else { return lines + ["  from \(span[0]) to \(span[1])"] }
        lines.append("  scores    \(origin.events) from \(span[0]) to \(span[1])")
        if let hourly = origin.hourly {
            lines.append(
                "            \(Self.number(hourly.mean)) an hour, at least \(hourly.least) and at most \(hourly.most)")
        }
        let versions = origin.versions.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        if !versions.isEmpty {
            let shown = versions.prefix(3).map { "\($0.key) (\($0.value))" }.joined(separator: ", ")
            let more = versions.count > 3 ? " and \(versions.count - 3) more" : ""
            lines.append("  model     \(origin.model.map { "\($0), " } ?? "")\(shown)\(more)")
        }
        if let labels = origin.labels {
            let share = Self.percent(Double(labels.positive) / Double(max(1, labels.labelled)))
            lines.append("  labels    \(labels.labelled), \(share) of them positive")
        }
        for (field, values) in origin.segments.sorted(by: { $0.key < $1.key }) {
            lines.append("  segments  \(field): \(values.joined(separator: ", "))")
        }
        return lines
    }

    // MARK: - Series

    private static let columns = ["series", "events", "missing", "5 %", "50 %", "95 %", "99.9 %", "nulls", "spread"]

    /// Those of all events; of the others how many there are.
    private var table: [String] {
        let whole = reference.series.filter { !$0.key.contains("{") }
        let isNumber = whole.filter { Self.isOfValues($0.key) }
        var rows = [Self.columns]
        // The score first, then by name.
        for (name, series) in isNumber.sorted(by: {
            ($0.key == "score" ? "" : $0.key) < ($1.key == "score" ? "" : $1.key)
        }) {
            rows.append(row(name, series))
        }
        for (name, series) in whole.sorted(by: { $0.key < $1.key })
        where name.hasPrefix("decision=") || Self.isLabelled(name) {
            rows.append(row(name, series))
        }
        let segments = reference.series.count - whole.count
        let others = whole.count - (rows.count - 1)
        var lines = Self.aligned(rows)
        if others > 0 { lines.append("  and \(others) series of missing, unseen, out of range and late values") }
        if segments > 0 { lines.append("  and \(segments) series of segments") }
        return lines
    }

    private static func isLabelled(_ name: String) -> Bool {
        name == "positives" || name.hasPrefix("precision(") || name.hasPrefix("recall(")
    }

    private static func isOfValues(_ name: String) -> Bool {
        name != "late" && name != "positives" && name != "dead_letters" && !name.contains("=") && !name.contains("(")
    }

    private func row(_ name: String, _ series: SeriesReference) -> [String] {
        let events = series.eventCount
        let missing = Double(series.missingCount) / Double(max(1, events + series.missingCount))
        var cells = [name, "\(events)", Self.percent(missing)]
        if let categories = series.categories {
            let counts = series.counts
            let shown = zip(categories, counts).prefix(3).map {
                "\($0) \(Self.percent(Double($1) / Double(events)))"
            }
            let more = categories.count > 3 ? ", \(categories.count - 3) more" : ""
            cells += [shown.joined(separator: ", ") + more, "", "", ""]
        } else if series.grid == .flags {
            cells += [Self.percent(Double(series.counts[1]) / Double(events)), "", "", ""]
        } else {
            cells += [0.05, 0.5, 0.95, 0.999].map { Self.number(series.quantile($0)) }
        }
        return cells + [
            series.strata.count == 1 ? "one" : "by hour", Self.number(series.dispersion.max() ?? 1),
        ]
    }

    /// Columns under each other; a cell that is followed by empty ones may run over them.
    private static func aligned(_ rows: [[String]]) -> [String] {
        let widths = columns.indices.map { column in
            rows.map { row in
                let runsOver = column + 1 < row.count && row[column + 1].isEmpty
                return runsOver || row[column].isEmpty ? 0 : row[column].count
            }.max() ?? 0
        }
        let starts = widths.indices.map { column in 2 + widths[..<column].reduce(0) { $0 + $1 + 2 } }
        return rows.map { row in
            var line = ""
            for (cell, start) in zip(row, starts) where !cell.isEmpty {
                if !line.isEmpty { line += "  " }
                while line.count < start { line += " " }
                line += cell
            }
            return line
        }
    }

    // MARK: - Cautions

    /// Those of the score in full; of the others which series they are about.
    private func cautions(runLength: Double) -> [String] {
        var texts: [(text: String, names: [String])] = []
        for (name, series) in reference.series.sorted(by: {
            ($0.key == "score" ? "" : $0.key) < ($1.key == "score" ? "" : $1.key)
        })
        where !name.contains("{") && Self.isOfValues(name) {
            for text in ReferenceCautions.texts(series, runLength: runLength) {
                if let place = texts.firstIndex(where: { $0.text == text }) {
                    texts[place].names.append(name)
                } else {
                    texts.append((text, [name]))
                }
            }
        }
        return texts.map { text, names in
            let more = names.count > 3 ? " and \(names.count - 3) more" : ""
            return "caution: \(names.prefix(3).joined(separator: ", "))\(more): \(text)"
        }
    }

    // MARK: - Numbers

    static func percent(_ share: Double) -> String { "\(number(share * 100)) %" }

    /// Four digits that say something.
    static func number(_ value: Double) -> String {
        if value == value.rounded(), abs(value) < 1e7 { return String(Int(value)) }
        return String(format: "%.4g", value)
    }
}

import Foundation
import Testing

@testable import Telemetry

/// `docs/FAULTS.md` promises a metric for each fault.
@Suite struct FaultPageTests {
    /// The last cell of each row of its tables.
    private static let cells: [(row: String, metric: String)] = {
        let page = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("docs/FAULTS.md")
        let text = (try? String(contentsOf: page, encoding: .utf8)) ?? ""
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| ") }
        return rows.compactMap { row in
            let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard let first = cells.first, let last = cells.last, first != "fault", first != "---" else { return nil }
            return (first, last)
        }
    }()

    private static func names(in text: String) -> [String] {
        text.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset % 2 == 1 }.map { String($0.element.prefix { $0 != "{" }) }
    }

    @Test func everyFaultNamesAMetricThatThereIs() {
        #expect(Self.cells.count > 30)
        for (row, metric) in Self.cells {
            let names = Self.names(in: metric)
            #expect(!names.isEmpty || metric.hasPrefix("none"), "\(row): \(metric)")
            for name in names { #expect(MetricCatalogue.riffle["riffle_\(name)"] != nil, "\(row): \(name)") }
        }
    }

    /// Values of labels that the page shows are those that are counted.
    @Test func labelsThatItShowsAreDeclared() {
        for (row, metric) in Self.cells {
            for text in metric.split(separator: "`") where text.contains("=\"") {
                let parts = text.split { "{=\"}".contains($0) }.map(String.init)
                guard parts.count == 3, let spec = MetricCatalogue.riffle["riffle_\(parts[0])"] else {
                    Issue.record("\(row): \(text)")
                    continue
                }
                let label = spec.labels.first { $0.name == parts[1] }
                #expect(label != nil, "\(row): \(text)")
                if let values = label?.values, !values.isEmpty { #expect(values.contains(parts[2]), "\(row): \(text)") }
            }
        }
    }
}

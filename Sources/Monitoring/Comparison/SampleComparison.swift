import Drift
import Foundation

/// Two samples of numbers held against each other by every statistic that is asked for.
public struct SampleComparison: Hashable, Sendable, Encodable {
    public struct Sample: Hashable, Sendable, Encodable {
        public var name: String
        public var count: Int
        /// Values that were missing, and passed over.
        public var missing: Int
        public var mean: Double
        public var lowest: Double
        public var median: Double
        public var highest: Double
    }

    /// Of one sample; more are refused where they are read. About 200 bytes are held for each in the worst case: 4 GB.
    public static let numbersMax = 20_000_000

    public var reference: Sample
    public var current: Sample
    /// The level below which a p-value is called a difference.
    public var alpha: Double
    public var statistics: [StatisticRow]

    /// A sample on its way into a comparison.
    public struct Numbers: Sendable {
        public var name: String
        public var values: [Double]
        public var missing: Int

        public init(name: String, values: [Double], missing: Int = 0) {
            self.name = name
            self.values = values
            self.missing = missing
        }
    }

    /// - Parameter names: of statistics; none: the usual ones; `all` is all of them.
    /// - Throws: `NumberFailure` for a statistic that is not known, an empty sample, or one with a NaN.
    ///
    /// Complexity: O(n log n), and for exact p-values O(n m) up to 10,000 values a sample.
    public init(
        reference: Numbers, current: Numbers, alpha: Double = 0.05, statistics names: [String] = [],
        catalogue: StatisticCatalogue = .standard
    ) throws {
        let chosen = try Self.choose(names, from: catalogue)
        for sample in [reference, current] where sample.values.isEmpty {
            throw NumberFailure("\(sample.name): it holds no number")
        }
        guard let pooled = PooledCounts(reference: reference.values, current: current.values) else {
            throw NumberFailure("a sample holds a NaN")
        }
        self.reference = Self.summary(reference)
        self.current = Self.summary(current)
        self.alpha = alpha
        statistics = chosen.map { entry in
            var row = entry.compute(pooled)
            row.differs = row.pValue.map { $0 < alpha }
            return row
        }
    }

    private static func choose(
        _ names: [String], from catalogue: StatisticCatalogue
    ) throws -> [StatisticCatalogue.Entry] {
        for name in names where name != "all" && !catalogue.names.contains(name) {
            let known = catalogue.names.joined(separator: ", ")
            throw NumberFailure("there is no statistic \"\(name)\"; there are \(known), and all")
        }
        return catalogue.entries.filter {
            names.isEmpty ? $0.isUsual : names.contains("all") || names.contains($0.name)
        }
    }

    private static func summary(_ sample: Numbers) -> Sample {
        let sorted = sample.values.sorted()
        let middle = sorted.count / 2
        let median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
        var mean = 0.0
        for (index, value) in sample.values.enumerated() { mean += (value - mean) / Double(index + 1) }
        return Sample(
            name: sample.name, count: sorted.count, missing: sample.missing, mean: mean, lowest: sorted[0],
            median: median, highest: sorted[sorted.count - 1])
    }

    /// One JSON object; what is infinite or not defined is a text: `inf`, `nan`.
    public var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        // Every member is a number, a text or a flag: nothing here can fail.
        let bytes = (try? encoder.encode(self)) ?? Data()
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A table for people.
    public var text: String {
        var lines: [String] = []
        for (title, sample) in [("reference", reference), ("current", current)] {
            let missing = sample.missing > 0 ? ", \(sample.missing) missing" : ""
            lines.append(
                "\(title.padding(to: 10)) \(sample.name): \(sample.count) numbers\(missing), \(Self.short(sample.lowest)) to "
                    + "\(Self.short(sample.highest)), median \(Self.short(sample.median)), mean \(Self.short(sample.mean))"
            )
        }
        lines.append("")
        let header = ["name", "statistic", "p-value", "p < \(Self.short(alpha))", "note"]
        let rows = statistics.map { row in
            [
                row.name, Self.short(row.statistic), row.pValue.map(Self.short) ?? "-",
                row.differs.map { $0 ? "yes" : "no" } ?? "-", row.note,
            ]
        }
        let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
        for row in [header] + rows {
            let cells = zip(row, widths).map { $0.padding(to: $1) }
            lines.append(cells.joined(separator: "  ").trimmingCharacters(in: .whitespaces))
        }
        return lines.joined(separator: "\n")
    }

    /// Six significant digits.
    static func short(_ value: Double) -> String { String(format: "%.6g", value) }
}

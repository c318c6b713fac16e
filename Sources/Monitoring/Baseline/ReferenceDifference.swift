import Drift

/// What a new reference says otherwise than the one in whose place it would come.
public struct ReferenceDifference {
    /// The most series that are listed.
    static let seriesMax = 12

    /// A line each, without line ends. Complexity: O(content).
    public static func lines(from old: ReferenceFile, to new: ReferenceFile) -> [String] {
        var lines: [String] = []
        if old.pipeline != new.pipeline { lines.append("pipeline: \(old.pipeline) -> \(new.pipeline)") }
        if let before = old.origin?.events, let after = new.origin?.events, before != after {
            lines.append("scores: \(before) -> \(after)")
        }
        if old.calibration != new.calibration {
            func text(_ map: CalibrationMap?) -> String { map.map { "of \($0.events) labels" } ?? "none" }
            lines.append("calibration: \(text(old.calibration)) -> \(text(new.calibration))")
        }
        let (before, after) = (Set(old.series.keys), Set(new.series.keys))
        lines += named("no longer there", before.subtracting(after))
        lines += named("new", after.subtracting(before))
        let changed = before.intersection(after).sorted().compactMap { name -> String? in
            guard let first = old.series[name], let second = new.series[name], first != second else { return nil }
            return change(name, first, second)
        }
        lines += changed.prefix(seriesMax)
        if changed.count > seriesMax { lines.append("and \(changed.count - seriesMax) more series have changed") }
        return lines
    }

    private static func named(_ what: String, _ names: Set<String>) -> [String] {
        if names.isEmpty { return [] }
        let more = names.count > seriesMax ? " and \(names.count - seriesMax) more" : ""
        return ["\(what): \(names.sorted().prefix(seriesMax).joined(separator: ", "))\(more)"]
    }

    private static func change(_ name: String, _ old: SeriesReference, _ new: SeriesReference) -> String {
        if let categories = new.categories, old.categories != categories {
            return "\(name): \(old.categories?.count ?? 0) categories -> \(categories.count)"
        }
        func middle(_ series: SeriesReference) -> String {
            series.grid == .flags || series.categories != nil
                ? ReferenceText.percent(Double(series.counts.last ?? 0) / Double(max(1, series.eventCount)))
                : ReferenceText.number(series.quantile(0.5))
        }
        let what = new.grid == .flags ? "share" : new.categories == nil ? "median" : "others"
        return
            "\(name): \(old.eventCount) events, \(what) \(middle(old)) -> \(new.eventCount) events, \(what) \(middle(new))"
    }
}

import Drift

/// A series as a report shows it.
struct ReportSeries {
    enum Kind: Hashable, Sendable { case numbers, categories, share }

    struct Point {
        /// In microseconds.
        let start: Int64
        let value: SeriesPoint
    }

    let plan: SeriesPlan
    let kind: Kind
    let bins: HistoryBins
    let points: [Point]
    /// How long each point is, at least.
    let width: Int64
    let episodes: [AlertEpisode]
    /// Of all points together.
    let total: SeriesPoint
    /// While the alert with the most evidence was open; `nil`: there was none, or nothing is known of that time.
    let moved: SeriesPoint?

    var name: String { plan.name.description }
    var isTold: Bool { !episodes.isEmpty }

    init(_ plan: SeriesPlan, bins: HistoryBins, points: [Point], width: Int64, episodes: [AlertEpisode]) {
        self.plan = plan
        self.bins = bins
        self.points = points
        self.width = width
        self.episodes = episodes
        kind = Self.kind(of: plan)
        total = Self.sum(points, bins.count)
        moved = episodes.max { ($0.first.evidence ?? 0) < ($1.first.evidence ?? 0) }.flatMap { episode in
            let own = points.filter { point in
                point.start + width > episode.first.changedAt && point.start < episode.endedAt ?? .max
            }
            return own.isEmpty ? nil : Self.sum(own, bins.count)
        }
    }

    private static func kind(of plan: SeriesPlan) -> Kind {
        guard case .cells = plan.source else { return .share }
        return plan.reference.categories == nil ? .numbers : .categories
    }

    private static func sum(_ points: [Point], _ binCount: Int) -> SeriesPoint {
        points.reduce(into: SeriesPoint(binCount: binCount)) { $0.merge($1.value) }
    }

    /// Points that follow each other without a gap.
    func runs<Value>(_ value: (Point) -> Value?) -> [[Value]] {
        var runs: [[Value]] = []
        var end = Int64.min
        for point in points {
            guard let found = value(point) else { continue }
            if point.start == end, !runs.isEmpty {
                runs[runs.count - 1].append(found)
            } else {
                runs.append([found])
            }
            end = point.start + width
        }
        return runs
    }

    /// The same with points joined until there are not more than so many: for tables.
    func coarser(_ pointsMax: Int) -> ReportSeries {
        var (joined, width) = (points, width)
        while joined.count > pointsMax, width < .max / 2 {
            width *= 2
            var next: [Point] = []
            for point in joined {
                let start = point.start - ((point.start % width) + width) % width
                if let last = next.last, last.start == start {
                    var value = last.value
                    value.merge(point.value)
                    next[next.count - 1] = Point(start: start, value: value)
                } else {
                    next.append(Point(start: start, value: point.value))
                }
            }
            joined = next
        }
        return ReportSeries(plan, bins: bins, points: joined, width: width, episodes: episodes)
    }

    /// The value at or below which there is a share of the events, as the last of its bin; `nil`: there are none.
    func quantile(_ share: Double, of counts: [Int]) -> Double? {
        let total = counts.reduce(0, +)
        if total == 0 { return nil }
        var sum = 0
        let bin = counts.firstIndex { count in
            sum += count
            return sum > 0 && Double(sum) >= share * Double(total)
        }
        return plan.reference.grid.value(ofCell: bins.lastCells[bin ?? bins.count - 1])
    }

    /// Of an event that either is so or is not: how many are. `nil`: there are none.
    static func share(of counts: [Int]) -> Double? {
        let total = counts.reduce(0, +)
        return total == 0 ? nil : Double(counts[counts.count - 1]) / Double(total)
    }

    /// Those that somebody was told of first, in that order; then by the most evidence.
    static func ranked(_ series: [ReportSeries]) -> [ReportSeries] {
        func key(_ place: Int) -> (Int64, Double, Int) {
            (series[place].episodes.first?.startedAt ?? .max, -series[place].total.evidence, place)
        }
        return series.indices.sorted { key($0) < key($1) }.map { series[$0] }
    }
}

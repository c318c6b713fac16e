import Drift
import Events

/// From what is to be watched and what the reference knows to the series.
struct SeriesBuilder {
    let watch: MonitorPlan.Watch
    let records: ScoreRecordSchema
    let reference: ReferenceFile
    let labels: LabelPlan?
    let watchesDeadLetters: Bool
    /// Names of series of which the reference knows nothing.
    private(set) var unwatched: [String] = []

    init(
        watch: MonitorPlan.Watch, records: ScoreRecordSchema, reference: ReferenceFile, labels: LabelPlan?,
        watchesDeadLetters: Bool
    ) {
        self.labels = labels
        self.watchesDeadLetters = watchesDeadLetters
        self.watch = watch
        self.records = records
        self.reference = reference
    }

    private static let decision = "decision"

    /// Subjects that are divided by segments come first; the decision is the last.
    mutating func makeLayout() -> EvidenceLayout {
        var subjects: [WatchedSubject] = []
        if watch.score {
            add(SeriesName(.score), column: ScoreRecordSchema.score, type: .float, name: "score", to: &subjects)
        }
        for (index, feature) in watch.features.enumerated() {
            add(SeriesName(.value(feature)), column: records.feature(index), type: .float, name: feature, to: &subjects)
        }
        for field in watch.fields {
            guard let index = records.fields.firstIndex(of: field) else { continue }
            add(
                SeriesName(.value(field.name)), column: records.field(index), type: field.type, name: field.name,
                to: &subjects)
        }
        let segmented = subjects.count
        if !watch.decisions.isEmpty {
            subjects.append(
                WatchedSubject(
                    name: Self.decision, column: ScoreRecordSchema.decision, type: .string,
                    values: .categories(CategoryTable(watch.decisions, type: .string))))
        }
        let segments = watch.segments.compactMap { field -> SegmentField? in
            guard let index = records.fields.firstIndex(of: field) else { return nil }
            return SegmentField(
                name: field.name, column: records.field(index),
                table: CategoryTable(segmentValues(of: field.name), type: field.type))
        }
        return EvidenceLayout(subjects: subjects, segmentedSubjects: segmented, segments: segments)
    }

    private mutating func add(
        _ series: SeriesName, column: FieldIndex, type: FieldType, name: String, to subjects: inout [WatchedSubject]
    ) {
        guard let known = reference.series[series.description] else {
            unwatched.append(series.description)
            return
        }
        let values: WatchedSubject.Values =
            CategoryTable.canHold(type) && type != .int
            ? .categories(CategoryTable(known.categories ?? [], type: type))
            : .numbers(known.grid, seen: known.seen ?? -.infinity ... .infinity)
        let subject = WatchedSubject(name: name, column: column, type: type, values: values)
        // A reference of numbers says nothing of categories, and the other way round.
        guard subject.cellCount == known.grid.cellCount else {
            unwatched.append(series.description)
            return
        }
        subjects.append(subject)
    }

    /// The values that were segments when the reference was made: its "(other)" is all but these.
    private func segmentValues(of field: String) -> [String] {
        if let origin = reference.origin { return origin.segments[field] ?? [] }
        let start = "score{\(field)="
        return reference.series.keys.filter { $0.hasPrefix(start) && $0.hasSuffix("}") }
            .map { String($0.dropFirst(start.count).dropLast()) }
            .filter { $0 != SeriesName.otherValue }.sorted()
    }

    /// Those of labels come behind those of scores, that of dead letters last.
    mutating func makeSeries(_ layout: EvidenceLayout) -> [SeriesPlan] {
        var series: [SeriesPlan] = []
        for (index, subject) in layout.subjects.enumerated() where subject.name != Self.decision {
            for group in 0..<(index < layout.segmentedSubjects ? layout.groupCount : 1) {
                let start = layout.start(subject: index, group: group)
                add(
                    SeriesName(name(of: subject), in: layout.segment(ofGroup: group)),
                    .cells(start: start, cellCount: subject.cellCount), to: &series)
            }
        }
        for (index, subject) in layout.subjects.enumerated() {
            let start = layout.start(subject: index)
            func indicator(_ hit: SeriesPlan.Hit) -> SeriesPlan.Source {
                .indicator(start: start, cellCount: subject.cellCount, hit: hit)
            }
            if subject.name == Self.decision, subject.column == ScoreRecordSchema.decision {
                for (cell, decision) in watch.decisions.enumerated() {
                    add(SeriesName(.decision(decision)), indicator(.cell(cell)), to: &series)
                }
                continue
            }
            guard watch.quality else { continue }
            add(SeriesName(.missing(subject.name)), indicator(.missing), to: &series)
            switch subject.values {
            case .numbers: add(SeriesName(.outOfRange(subject.name)), indicator(.outOfRange), to: &series)
            case .categories(let table):
                add(SeriesName(.unseen(subject.name)), indicator(.cell(table.values.count)), to: &series)
            }
        }
        if watch.quality { add(SeriesName(.late), .late, to: &series) }
        for labelled in labels.map({ LabelSeries.all(of: $0.join) }) ?? [] {
            add(labelled.name, .labelled(labelled.measure), to: &series)
        }
        if watch.quality, watchesDeadLetters { add(SeriesName(.deadLetters), .deadLetters, to: &series) }
        Self.weigh(&series)
        return series
    }

    private func name(of subject: WatchedSubject) -> SeriesName.Subject {
        subject.column == ScoreRecordSchema.score ? .score : .value(subject.name)
    }

    private mutating func add(_ name: SeriesName, _ source: SeriesPlan.Source, to series: inout [SeriesPlan]) {
        guard let known = reference.series[name.description],
            let plan = SeriesPlan(name: name, source: source, reference: known)
        else {
            unwatched.append(name.description)
            return
        }
        series.append(plan)
    }

    /// Half of the budget is the score's, since what moves it is what matters; a quarter that of features and decisions
    /// of all events, a quarter that of the rest. Within each it is shared evenly.
    private static func weigh(_ series: inout [SeriesPlan]) {
        var counts = [0, 0, 0]
        for plan in series { counts[rank(plan.name)] += 1 }
        let shares = [0.5, 0.25, 0.25]
        let given = zip(counts, shares).reduce(0) { $0 + ($1.0 > 0 ? $1.1 : 0) }
        for index in series.indices {
            let rank = rank(series[index].name)
            series[index].weight = shares[rank] / given / Double(counts[rank])
        }
    }

    private static func rank(_ name: SeriesName) -> Int {
        if name.segment != nil { return 2 }
        switch name.subject {
        case .score: return 0
        case .value, .decision, .precision, .recall, .positives: return 1
        case .missing, .outOfRange, .unseen, .late, .deadLetters: return 2
        }
    }
}

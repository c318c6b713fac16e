import Drift
import Events

/// Grids, categories and segments, chosen from the first scores of a history.
struct BaselineChoice {
    let layout: EvidenceLayout
    /// By subject: what the earlier half of these scores showed. The later half is held against it, so that the reference
    /// has a rate of what is new, although it knows all of it.
    let known: [KnownValues]
    /// What has no value in these scores.
    let empty: [String]

    /// The most different values of a field that are told apart while they are counted.
    private static let distinctMax = 100_000

    /// - Parameter rows: in the history's order; of each batch those that count.
    init(_ rows: [(batch: EventBatch, rows: [Int])], settings: BaselineSettings) {
        let watch = settings.watch
        let records = settings.records
        var subjects: [WatchedSubject] = []
        var known: [KnownValues] = []
        var empty: [String] = []
        let half = rows.reduce(0) { $0 + $1.rows.count } / 2
        func add(_ name: String, _ column: FieldIndex, _ type: FieldType, isScore: Bool = false) {
            let isCategory = type == .string || type == .bool
            let found =
                isCategory
                ? Self.categories(rows, column, type, half: half)
                : Self.grid(rows, column, type, half: half, isScore: isScore)
            guard let (values, earlier) = found else { return empty.append(name) }
            subjects.append(WatchedSubject(name: name, column: column, type: type, values: values))
            known.append(earlier)
        }
        if watch.score { add("score", ScoreRecordSchema.score, .float, isScore: true) }
        for (index, feature) in watch.features.enumerated() { add(feature, records.feature(index), .float) }
        for field in watch.fields {
            guard let index = records.fields.firstIndex(of: field) else { continue }
            add(field.name, records.field(index), field.type)
        }
        let segments = watch.segments.compactMap { field -> SegmentField? in
            guard let index = records.fields.firstIndex(of: field) else { return nil }
            let values = Self.ranked(Self.frequencies(rows, records.field(index), field.type))
            return SegmentField(
                name: field.name, column: records.field(index),
                table: CategoryTable(Array(values.prefix(watch.segmentValuesMax)), type: field.type))
        }
        layout = EvidenceLayout(subjects: subjects, segmentedSubjects: subjects.count, segments: segments)
        self.known = known
        self.empty = empty
    }

    // MARK: - Numbers

    private static func grid(
        _ rows: [(batch: EventBatch, rows: [Int])], _ column: FieldIndex, _ type: FieldType, half: Int, isScore: Bool
    ) -> (WatchedSubject.Values, KnownValues)? {
        var values: [Double] = []
        var earlier: ClosedRange<Double>?
        var passed = 0
        for (batch, rows) in rows {
            for row in rows {
                passed += 1
                guard let value = batch.number(column, type, row: row) else { continue }
                values.append(value)
                if passed <= half {
                    earlier = min(earlier?.lowerBound ?? value, value)...max(earlier?.upperBound ?? value, value)
                }
            }
        }
        let isShare = isScore && values.allSatisfy { (0...1).contains($0) }
        guard let least = values.min(), let most = values.max(),
            let grid = isShare ? .scores : GridChoice.grid(of: values)
        else { return nil }
        return (.numbers(grid, seen: least...most), .range(earlier))
    }

    // MARK: - Categories

    private static func categories(
        _ rows: [(batch: EventBatch, rows: [Int])], _ column: FieldIndex, _ type: FieldType, half: Int
    ) -> (WatchedSubject.Values, KnownValues)? {
        let ranked = ranked(frequencies(rows, column, type))
        if ranked.isEmpty { return nil }
        let earlier = frequencies(rows, column, type, rowsMax: half)
        let table = CategoryTable(Array(ranked.prefix(SeriesReference.categoriesMax)), type: type)
        return (.categories(table), .texts(Set(earlier.keys)))
    }

    private static func frequencies(
        _ rows: [(batch: EventBatch, rows: [Int])], _ column: FieldIndex, _ type: FieldType, rowsMax: Int = .max
    ) -> [String: Int] {
        var counts: [String: Int] = [:]
        var passed = 0
        for (batch, rows) in rows {
            for row in rows {
                passed += 1
                if passed > rowsMax { return counts }
                guard let text = batch.category(column, type, row: row) else { continue }
                if counts.count < distinctMax || counts[text] != nil { counts[text, default: 0] += 1 }
            }
        }
        return counts
    }

    /// The most frequent first, equal ones by their texts.
    private static func ranked(_ counts: [String: Int]) -> [String] {
        counts.filter { $0.key.utf8.count <= SeriesReference.categoryBytesMax }
            .sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
    }
}

/// Values that were there before.
enum KnownValues {
    case range(ClosedRange<Double>?)
    case texts(Set<String>)

    func holds(_ batch: EventBatch, _ subject: WatchedSubject, row: Int) -> Bool {
        switch self {
        case .range(let range):
            batch.number(subject.column, subject.type, row: row).map { range?.contains($0) == true } ?? true
        case .texts(let texts): batch.category(subject.column, subject.type, row: row).map(texts.contains) ?? true
        }
    }
}

extension EventBatch {
    /// The number in a row; `nil`: it is missing, or NaN.
    func number(_ column: FieldIndex, _ type: FieldType, row: Int) -> Double? {
        guard presence[column.rawValue][row] == Presence.present else { return nil }
        let word = words[column.rawValue][row]
        switch type {
        case .float:
            let value = Double(bitPattern: UInt64(bitPattern: word))
            return value.isNaN ? nil : value
        case .decimal(let scale): return Double(word) / (0..<scale).reduce(1) { power, _ in power * 10 }
        case .int, .bool, .string, .time: return Double(word)
        }
    }

    /// The text of a category; `nil`: it is missing.
    func category(_ column: FieldIndex, _ type: FieldType, row: Int) -> String? {
        guard presence[column.rawValue][row] == Presence.present else { return nil }
        switch type {
        case .string: return String(decoding: string(column, row: row), as: UTF8.self)
        case .bool: return words[column.rawValue][row] == 0 ? "false" : "true"
        case .int, .float, .decimal, .time: return "\(words[column.rawValue][row])"
        }
    }
}

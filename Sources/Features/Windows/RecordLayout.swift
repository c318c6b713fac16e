/// How the values of a sum are kept in a ring, and the sum in a record.
enum SumKind: UInt8 {
    /// One word: an integer that is always there. `IntegerSum`.
    case integer
    /// Two words: an integer, 0 where it is missing, and 1 or 0. `OptionalIntegerSum`.
    case optionalInteger
    /// One word: a double's bits; NaN is missing. `DoubleSum`.
    case double

    init(_ column: ValueColumnPlan) {
        switch column.content {
        case .integers(_, _, mayBeMissing: false): self = .integer
        case .integers(_, _, mayBeMissing: true): self = .optionalInteger
        case .doubles: self = .double
        case .hashes, .ones: preconditionFailure("windows do not hold \(column.content) yet")
        }
    }

    var ringWords: Int { self == .optionalInteger ? 2 : 1 }

    var recordBytes: Int {
        switch self {
        case .integer: MemoryLayout<IntegerSum>.stride
        case .optionalInteger: MemoryLayout<OptionalIntegerSum>.stride
        case .double: MemoryLayout<DoubleSum>.stride
        }
    }
}

/// A running sum of one value column over one window.
struct SumLayout {
    let kind: SumKind
    /// Which word of a ring entry holds the value (0 is the time).
    let entryWord: Int
    /// Where the sum stands in the record.
    let offset: Int
    /// Where the cursors of its window's edges stand in the record.
    let startOffset: Int
    let endOffset: Int
}

/// An edge of one or more windows, so far back from the key's newest event: what is older than that has crossed it.
///
/// ```
///   windows of 1 d and 7 d, delayed by 7 d:     14 d        8 d  7 d           newest
///                                           ─────┼───────────┼────┼──────────────┼─▶
///                                             leaves 7 d   leaves 1 d  enters both
/// ```
///
/// Windows that share an edge share its cursor.
struct EdgeLayout {
    let span: Int64
    /// Where its cursor stands in the record: the ring position of the first event that has not crossed it.
    let cursorOffset: Int
    /// Ranges of `RecordLayout.crossings`: the sums that an event enters and leaves as it crosses.
    let entersFrom: Int
    let leavesFrom: Int
    let leavesUpTo: Int
    /// All of these sums are `SumKind.integer`.
    let isPlain: Bool
}

/// An aggregate with its places resolved.
struct OutputLayout {
    let function: AggregateFunction
    let kind: SumKind
    let startOffset: Int
    let endOffset: Int
    /// Unused for `count`.
    let sumOffset: Int
    /// 10^scale: divides the exact integer.
    let divisor: Double
    /// NaN where there is none.
    let defaultValue: Double
    let feature: Int
}

/// Where everything of a key stands in its record and its ring, computed once from the plan.
///
/// A record is a `KeyRecord`, the cursors of the edges (the one of span 0 is `KeyRecord.tail` itself) and the sums.
// SAFETY: nothing of it changes after `init`.
final class RecordLayout: @unchecked Sendable {
    /// By span, shortest first: an event crosses them in this order, so it enters a sum before it leaves it.
    let edges: UnsafeBufferPointer<EdgeLayout>
    /// The sums of each edge, one edge after the other.
    let crossings: UnsafeBufferPointer<SumLayout>
    /// The sums of doubles, which have to be looked after.
    let doubleSums: UnsafeBufferPointer<SumLayout>
    let outputs: UnsafeBufferPointer<OutputLayout>
    /// Words of a ring entry: the time, then the values of an event.
    let entryWords: Int
    /// Where the words of each value column begin among the values of an event.
    let valueWords: [Int]
    let recordBytes: Int
    let horizon: Int64
    let late: Int64

    init(_ plan: EntityPlan) {
        var valueWords: [Int] = []
        var valueWordCount = 0
        for column in plan.valueColumns {
            valueWords.append(valueWordCount)
            valueWordCount += SumKind(column).ringWords
        }
        var spans = Set(plan.windows.map(\.delayMicroseconds))
        spans.formUnion(plan.windows.map(\.reachMicroseconds))
        var offset = MemoryLayout<KeyRecord>.size
        var cursorOffsets: [Int64: Int] = [:]
        for span in spans.sorted() {
            cursorOffsets[span] = span == 0 ? KeyRecord.tailOffset : offset
            if span > 0 { offset += MemoryLayout<UInt32>.stride }
        }
        offset = (offset + 7) & ~7
        var sums: [[Int]: SumLayout] = [:]
        for aggregate in plan.aggregates {
            guard let column = aggregate.valueColumn, sums[[aggregate.window, column]] == nil else { continue }
            let window = plan.windows[aggregate.window]
            let kind = SumKind(plan.valueColumns[column])
            sums[[aggregate.window, column]] = SumLayout(
                kind: kind, entryWord: 1 + valueWords[column], offset: offset,
                startOffset: cursorOffsets[window.reachMicroseconds] ?? 0,
                endOffset: cursorOffsets[window.delayMicroseconds] ?? 0)
            offset += kind.recordBytes
        }
        let ordered = sums.sorted { $0.value.offset < $1.value.offset }
        var edges: [EdgeLayout] = []
        var crossings: [SumLayout] = []
        for span in spans.sorted() {
            let first = crossings.count
            crossings += ordered.filter { plan.windows[$0.key[0]].delayMicroseconds == span }.map(\.value)
            let middle = crossings.count
            crossings += ordered.filter { plan.windows[$0.key[0]].reachMicroseconds == span }.map(\.value)
            edges.append(
                EdgeLayout(
                    span: span, cursorOffset: cursorOffsets[span] ?? 0, entersFrom: first, leavesFrom: middle,
                    leavesUpTo: crossings.count, isPlain: crossings[first...].allSatisfy { $0.kind == .integer }))
        }
        self.edges = Self.copy(edges)
        self.crossings = Self.copy(crossings)
        doubleSums = Self.copy(ordered.map(\.value).filter { $0.kind == .double })
        outputs = Self.copy(
            plan.aggregates.map { aggregate in
                Self.output(
                    aggregate, plan, cursorOffsets, sum: aggregate.valueColumn.flatMap { sums[[aggregate.window, $0]] })
            })
        entryWords = 1 + valueWordCount
        self.valueWords = valueWords
        // Whole cache lines: a record touches no more of them than it has to.
        recordBytes = (offset + 63) & ~63
        horizon = plan.horizonMicroseconds
        late = plan.lateMicroseconds
    }

    deinit {
        edges.deallocate()
        crossings.deallocate()
        doubleSums.deallocate()
        outputs.deallocate()
    }

    private static func output(
        _ aggregate: AggregatePlan, _ plan: EntityPlan, _ cursorOffsets: [Int64: Int], sum: SumLayout?
    ) -> OutputLayout {
        let window = plan.windows[aggregate.window]
        var divisor = 1.0
        if let column = aggregate.valueColumn, case .integers(_, let scale, _) = plan.valueColumns[column].content {
            for _ in 0..<scale { divisor *= 10 }
        }
        return OutputLayout(
            function: aggregate.function, kind: sum?.kind ?? .integer,
            startOffset: cursorOffsets[window.reachMicroseconds] ?? 0,
            endOffset: cursorOffsets[window.delayMicroseconds] ?? 0, sumOffset: sum?.offset ?? 0, divisor: divisor,
            defaultValue: aggregate.defaultValue ?? .nan, feature: aggregate.feature.rawValue)
    }

    private static func copy<Element>(_ elements: [Element]) -> UnsafeBufferPointer<Element> {
        let buffer = UnsafeMutableBufferPointer<Element>.allocate(capacity: elements.count)
        _ = buffer.initialize(from: elements)
        return UnsafeBufferPointer(buffer)
    }

    /// How many words the values of an event are.
    var valueStride: Int { entryWords - 1 }
}

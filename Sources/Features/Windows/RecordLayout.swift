/// How the values of a sum are kept in a ring, and the sum in a record.
enum SumKind: UInt8 {
    /// One word: an integer that is always there. `IntegerSum`.
    case integer
    /// Two words: an integer, 0 where it is missing, and 1 or 0. `OptionalIntegerSum`.
    case optionalInteger
    /// One word: a double's bits; NaN is missing. `DoubleSum`.
    case double

    /// - Parameter shape: of a column of numbers, or of the flags that a count with a filter adds up.
    init(_ shape: ColumnLayout.Shape) {
        switch shape {
        case .integer, .flag: self = .integer
        case .optionalInteger: self = .optionalInteger
        case .double: self = .double
        case .always, .hash: preconditionFailure("a sum of \(shape)")
        }
    }

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

/// An aggregate that the short loop over counts, sums and means does not know.
struct SpecialOutput {
    let function: AggregateFunction
    /// Whether it is read before the event itself enters: it is not in its own window.
    let isBefore: Bool
    let isUnbounded: Bool
    let startOffset: Int
    let endOffset: Int
    /// The sum, where there is one; `nil` for a number of events.
    let sum: SumLayout?
    let track: TrackLayout?
    let divisor: Double
    /// p of `quantile`; for `rate` the units that the window is long.
    let parameter: Double
    let emptyValue: Double
    let defaultValue: Double
    let feature: Int
}

/// Where everything of a key stands in its record and its ring, computed once from the plan.
///
/// ```
///   KeyRecord │ cursors │ sums │ stored tracks ┊ tracks made of the ring │ pointers to blocks │ tiled windows
///             └── copied to images as it is ───┘
/// ```
///
/// The cursor of the edge of span 0 is `KeyRecord.tail` itself. An entry of a ring is a time, the values of the event
/// and links to other entries, two to a word. Values that only tiled windows read stand behind the others and are not in
/// the ring; with nothing but tiled windows there is none.
// SAFETY: nothing of it changes after `init`.
final class RecordLayout: @unchecked Sendable {
    /// By span, shortest first: an event crosses them in this order, so it enters a sum before it leaves it.
    let edges: UnsafeBufferPointer<EdgeLayout>
    /// The sums of each edge, one edge after the other.
    let crossings: UnsafeBufferPointer<SumLayout>
    /// The sums of doubles, which have to be looked after.
    let doubleSums: UnsafeBufferPointer<SumLayout>
    /// Counts, sums and means of windows that hold the event itself or are delayed.
    let outputs: UnsafeBufferPointer<OutputLayout>
    /// All others; those that are read before the event enters stand first.
    var specials: UnsafeBufferPointer<SpecialOutput> { trackPlace.pointee.specials }
    let trackPlace: UnsafeMutablePointer<TrackSet>
    let columns: [ColumnLayout]
    /// Words of a ring entry: the time, then the values of an event, then links.
    let entryWords: Int
    /// How many words the values of an event are.
    let valueStride: Int
    /// How many of them a ring's entry holds: the first.
    let ringWords: Int
    /// Where the words of each value column begin among the values of an event.
    let valueWords: [Int]
    let recordBytes: Int
    /// Bytes of cursors, sums and stored tracks, behind the `KeyRecord`.
    let stateBytes: Int
    /// The windows that are kept as tiles.
    let tiles: [TileLayout]
    /// Where the state of each of them stands in the record.
    let tileOffsets: [Int]
    /// Whether events are remembered one by one.
    let hasRing: Bool
    /// Of the events that are remembered one by one.
    let horizon: Int64
    /// Of everything: a key with nothing newer is as good as none.
    let keyHorizon: Int64
    let late: Int64
    /// The source whose events enter.
    let source: Int
    /// Something is known of all events since the beginning: keys never empty.
    let isUnbounded: Bool

    init(_ plan: EntityPlan) {
        let exact = plan.exactPart
        var build = RecordLayoutBuild(exact.plan)
        build.placeCursors()
        build.placeSums()
        build.placeTracks()
        edges = Self.copy(build.edges())
        crossings = Self.copy(build.sumCrossings)
        doubleSums = Self.copy(build.sums.map(\.layout).filter { $0.kind == .double })
        outputs = Self.copy(build.outputs())
        trackPlace = .allocate(capacity: 1)
        trackPlace.initialize(to: TrackSet(build))
        columns = Self.columns(of: plan, ring: build.columns, at: exact.columns)
        entryWords = build.entryWords
        ringWords = build.valueWordCount
        valueWords = columns.map(\.valueWord)
        valueStride = columns.map { $0.valueWord + $0.words }.max() ?? 0
        stateBytes = build.storedEnd - MemoryLayout<KeyRecord>.size
        tiles = plan.tiledWindows(columns).map { TileLayout($0) }
        var offset = (build.offset + 7) & ~7
        tileOffsets = tiles.map { tile in
            defer { offset += tile.recordBytes }
            return offset
        }
        // Whole cache lines: a record touches no more of them than it has to.
        recordBytes = (offset + 63) & ~63
        hasRing = tiles.isEmpty || !exact.plan.windows.isEmpty
        horizon = exact.plan.horizonMicroseconds
        keyHorizon = plan.horizonMicroseconds
        late = plan.lateMicroseconds
        source = plan.source
        isUnbounded = plan.isUnbounded
    }

    /// All columns: those of the ring, then those that only tiles read.
    private static func columns(of plan: EntityPlan, ring: [ColumnLayout], at places: [Int]) -> [ColumnLayout] {
        var words = ring.map(\.words).reduce(0, +)
        return plan.valueColumns.indices.map { column in
            if let place = places.firstIndex(of: column) { return ring[place] }
            let layout = ColumnLayout(plan.valueColumns[column], valueWord: words)
            words += layout.words
            return layout
        }
    }

    deinit {
        edges.deallocate()
        crossings.deallocate()
        doubleSums.deallocate()
        outputs.deallocate()
        trackPlace.pointee.deallocate()
        trackPlace.deallocate()
    }

    static func copy<Element>(_ elements: [Element]) -> UnsafeBufferPointer<Element> {
        let buffer = UnsafeMutableBufferPointer<Element>.allocate(capacity: elements.count)
        _ = buffer.initialize(from: elements)
        return UnsafeBufferPointer(buffer)
    }

    /// Whether the shard's short loop over rows is enough: events of the scored source, remembered, counted and summed.
    var isPlain: Bool { source == 0 && specials.count == 0 && tiles.isEmpty }
}

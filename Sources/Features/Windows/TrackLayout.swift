/// What follows one column through one window, besides sums.
enum TrackKind: UInt8 {
    // Of windows whose events are remembered, made of these again where a state is restored: a ring position each.
    case first, last, least, greatest
    /// A count of different values.
    case distinct
    /// A sketch in a block of its own.
    case quantile
    // Of any window.
    case integerDeviation, doubleDeviation
    // Since the beginning.
    case eventTally, integerTally, doubleTally
    case earliest, latest, leastEver, greatestEver
    case distinctEver, quantileEver
    case decayedMean

    /// Whether a copy of the state has to hold it, since the remembered events do not give it.
    var isStored: Bool { rawValue >= TrackKind.integerDeviation.rawValue && !hasBlock }

    /// Whether it keeps a block of memory, and the record a pointer.
    var hasBlock: Bool { self == .quantile || self == .distinctEver || self == .quantileEver }

    var recordBytes: Int {
        switch self {
        case .first, .last, .least, .greatest, .distinct: MemoryLayout<UInt32>.stride
        case .quantile, .distinctEver, .quantileEver: MemoryLayout<UnsafeMutableRawPointer?>.stride
        case .integerDeviation: MemoryLayout<IntegerDeviation>.stride
        case .doubleDeviation: MemoryLayout<DoubleDeviation>.stride
        case .eventTally: MemoryLayout<EventTally>.stride
        case .integerTally: MemoryLayout<IntegerTally>.stride
        case .doubleTally: MemoryLayout<DoubleTally>.stride
        case .earliest, .latest, .leastEver, .greatestEver: MemoryLayout<Landmark>.stride
        case .decayedMean: MemoryLayout<DecayedMean>.stride
        }
    }

    /// What an aggregate needs; `nil` where sums and cursors are enough.
    init?(_ function: AggregateFunction, _ shape: ColumnLayout.Shape?, isUnbounded: Bool) {
        let isDouble = shape == .double
        switch function {
        case .stddev: self = isDouble ? .doubleDeviation : .integerDeviation
        case .count, .sum, .mean, .rate:
            if !isUnbounded { return nil }
            if shape == nil || shape == .flag {
                self = .eventTally
            } else {
                self = isDouble ? .doubleTally : .integerTally
            }
        case .min: self = isUnbounded ? .leastEver : .least
        case .max: self = isUnbounded ? .greatestEver : .greatest
        case .first: self = isUnbounded ? .earliest : .first
        case .last, .previous: self = isUnbounded ? .latest : .last
        case .timeSinceLast:
            if shape == nil, !isUnbounded { return nil }
            self = isUnbounded ? .latest : .last
        case .distinct: self = isUnbounded ? .distinctEver : .distinct
        case .quantile: self = isUnbounded ? .quantileEver : .quantile
        case .ewma:
            precondition(isUnbounded, "ewma over a window that ends")
            self = .decayedMean
        }
    }
}

/// A track with its places resolved.
struct TrackLayout {
    let kind: TrackKind
    /// `everyEvent` where events are followed whatever their values.
    let column: ColumnLayout
    /// Where it stands in the record.
    let offset: Int
    /// Where the cursors of its window's edges stand in the record; without a start both are that of the end.
    let startOffset: Int
    let endOffset: Int
    /// The index of its chain, or of its column's occurrences.
    let links: Int
    /// Which half word of an entry points to the next of the chain as of the window's end.
    let nextHalf: Int
    /// The half-life in microseconds.
    let parameter: Double
    /// The delay of its window, for those without a start.
    let span: Int64

    @inline(__always)
    func isPresent(_ entry: UnsafePointer<Int64>) -> Bool { column.isPresent(entry) }
}

/// The chains of extremes of one column: each entry points to the newest before it that is more extreme.
struct ChainLayout {
    let column: ColumnLayout
    let isGreatest: Bool
    /// Which half word of an entry holds the link.
    let previousHalf: Int
}

/// At an edge, the chain as of the entries that have crossed it is linked forward, too.
struct EdgeChainLayout {
    let chain: ChainLayout
    let nextHalf: Int
}

/// The occurrences of each value of one column: each entry points to the one before it and to the one behind it.
struct OccurrenceLayout {
    let column: ColumnLayout
    let previousHalf: Int
    let nextHalf: Int
    /// Where the record points to the table of each value's newest position.
    let tableOffset: Int
}

/// The tracks and chains of an edge, as ranges of `TrackSet.crossings` and `TrackSet.edgeChains`.
struct EdgeTracks {
    let chainsFrom: Int
    let chainsUpTo: Int
    let entersFrom: Int
    let leavesFrom: Int
    let leavesUpTo: Int
}

/// All tracks of an entity; empty for plans of nothing but counts, sums and means.
struct TrackSet {
    /// Each once.
    var tracks: UnsafeBufferPointer<TrackLayout>
    var chains: UnsafeBufferPointer<ChainLayout>
    var occurrences: UnsafeBufferPointer<OccurrenceLayout>
    /// By edge, as `RecordLayout.edges`.
    var edges: UnsafeBufferPointer<EdgeTracks>
    var crossings: UnsafeBufferPointer<TrackLayout>
    var edgeChains: UnsafeBufferPointer<EdgeChainLayout>
    /// Those whose blocks nothing but an image can give back.
    var everBlocks: UnsafeBufferPointer<TrackLayout>
    /// All outputs but counts, sums and means; those that are read before the event enters stand first.
    var specials: UnsafeBufferPointer<SpecialOutput>

    var isEmpty: Bool { tracks.count == 0 }
    /// Whether entries are linked to each other.
    var hasLinks: Bool { chains.count > 0 || occurrences.count > 0 }

    func deallocate() {
        tracks.deallocate()
        chains.deallocate()
        occurrences.deallocate()
        edges.deallocate()
        crossings.deallocate()
        edgeChains.deallocate()
        everBlocks.deallocate()
        specials.deallocate()
    }
}

/// The places of a record and a ring entry while they are given out.
struct RecordLayoutBuild {
    /// A sum or a track is shared by all aggregates that need the same of the same window.
    private struct TrackKey: Hashable {
        let kind: TrackKind
        let window: Int
        let column: Int?
        /// Of `ewma` only.
        let parameter: Double
    }

    private struct ChainKey: Hashable {
        let column: Int
        let isGreatest: Bool
    }

    struct Sum {
        let window: Int
        let column: Int
        let layout: SumLayout
    }

    struct Track {
        let window: Int
        let layout: TrackLayout
    }

    let plan: EntityPlan
    let columns: [ColumnLayout]
    let valueWordCount: Int
    /// The first of the windows that cover the same times.
    private let canonical: [Int]
    private let spans: [Int64]
    private var cursorOffsets: [Int64: Int] = [:]
    private(set) var offset = MemoryLayout<KeyRecord>.size
    /// Where what images hold ends.
    private(set) var storedEnd = 0
    private(set) var sums: [Sum] = []
    private(set) var sumCrossings: [SumLayout] = []
    private(set) var tracks: [Track] = []
    private(set) var chains: [ChainLayout] = []
    private(set) var occurrences: [OccurrenceLayout] = []
    /// By the span of the edge.
    private(set) var edgeChains: [Int64: [EdgeChainLayout]] = [:]
    private var trackPlaces: [TrackKey: Int] = [:]
    private var chainPlaces: [ChainKey: Int] = [:]
    private var occurrencePlaces: [Int: Int] = [:]
    private var linkHalves = 0

    init(_ plan: EntityPlan) {
        self.plan = plan
        var columns: [ColumnLayout] = []
        var words = 0
        for column in plan.valueColumns {
            columns.append(ColumnLayout(column, valueWord: words))
            words += columns[columns.count - 1].words
        }
        self.columns = columns
        valueWordCount = words
        canonical = plan.windows.map { window in
            plan.windows.firstIndex {
                $0.delayMicroseconds == window.delayMicroseconds && $0.lengthMicroseconds == window.lengthMicroseconds
            } ?? 0
        }
        var spans = Set(plan.windows.map(\.delayMicroseconds))
        spans.formUnion(plan.windows.filter { !$0.isUnbounded }.map(\.reachMicroseconds))
        self.spans = spans.sorted()
    }

    var entryWords: Int { 1 + valueWordCount + (linkHalves + 1) / 2 }

    private func endOffset(_ window: Int) -> Int { cursorOffsets[plan.windows[window].delayMicroseconds] ?? 0 }

    private func startOffset(_ window: Int) -> Int {
        let window = plan.windows[window]
        return cursorOffsets[window.isUnbounded ? window.delayMicroseconds : window.reachMicroseconds] ?? 0
    }

    mutating func placeCursors() {
        for span in spans {
            cursorOffsets[span] = span == 0 ? KeyRecord.tailOffset : offset
            if span > 0 { offset += MemoryLayout<UInt32>.stride }
        }
        offset = (offset + 7) & ~7
    }

    // MARK: - Sums

    /// The sum that an aggregate over a window with a start needs.
    private func sum(_ aggregate: AggregatePlan) -> SumLayout? {
        sums.first { $0.window == canonical[aggregate.window] && $0.column == aggregate.valueColumn }?.layout
    }

    mutating func placeSums() {
        for aggregate in plan.aggregates {
            guard let column = aggregate.valueColumn, aggregate.function.needsSum,
                !plan.windows[aggregate.window].isUnbounded, sum(aggregate) == nil
            else { continue }
            let window = canonical[aggregate.window]
            let kind = SumKind(columns[column].shape)
            let layout = SumLayout(
                kind: kind, entryWord: columns[column].entryWord, offset: offset, startOffset: startOffset(window),
                endOffset: endOffset(window))
            sums.append(Sum(window: window, column: column, layout: layout))
            offset += kind.recordBytes
        }
        storedEnd = offset
    }

    /// All edges; fills `sumCrossings`.
    mutating func edges() -> [EdgeLayout] {
        var edges: [EdgeLayout] = []
        for span in spans {
            let first = sumCrossings.count
            sumCrossings += sums.filter { plan.windows[$0.window].delayMicroseconds == span }.map(\.layout)
            let middle = sumCrossings.count
            sumCrossings += sums.filter { plan.windows[$0.window].reachMicroseconds == span }.map(\.layout)
            let hasTracks = tracks.contains {
                plan.windows[$0.window].delayMicroseconds == span || plan.windows[$0.window].reachMicroseconds == span
            }
            edges.append(
                EdgeLayout(
                    span: span, cursorOffset: cursorOffsets[span] ?? 0, entersFrom: first, leavesFrom: middle,
                    leavesUpTo: sumCrossings.count,
                    isPlain: !hasTracks && sumCrossings[first...].allSatisfy { $0.kind == .integer }))
        }
        return edges
    }

    // MARK: - Tracks

    private func trackKey(_ aggregate: AggregatePlan) -> TrackKey? {
        let isUnbounded = plan.windows[aggregate.window].isUnbounded
        let shape = aggregate.valueColumn.map { columns[$0].shape }
        guard let kind = TrackKind(aggregate.function, shape, isUnbounded: isUnbounded) else { return nil }
        return TrackKey(
            kind: kind, window: canonical[aggregate.window], column: aggregate.valueColumn,
            parameter: aggregate.function == .ewma ? aggregate.parameter ?? .nan : 0)
    }

    /// What images hold first, so that it is one piece with cursors and sums; then the rest.
    mutating func placeTracks() {
        for aggregate in plan.aggregates { place(aggregate) { $0.isStored } }
        offset = (offset + 7) & ~7
        storedEnd = offset
        for aggregate in plan.aggregates { place(aggregate) { !$0.isStored && !$0.hasBlock } }
        offset = (offset + 7) & ~7
        for aggregate in plan.aggregates { place(aggregate) { $0.hasBlock } }
        for column in occurrencePlaces.keys.sorted() { placeTable(column) }
    }

    private mutating func place(_ aggregate: AggregatePlan, where isWanted: (TrackKind) -> Bool) {
        guard let key = trackKey(aggregate), trackPlaces[key] == nil, isWanted(key.kind) else { return }
        let window = plan.windows[key.window]
        var (links, nextHalf) = (0, 0)
        switch key.kind {
        case .least, .greatest:
            links = chain(ChainKey(column: key.column ?? 0, isGreatest: key.kind == .greatest))
            nextHalf = nextLink(links, at: window.delayMicroseconds)
        case .distinct: links = occurrence(key.column ?? 0)
        default: break
        }
        let layout = TrackLayout(
            kind: key.kind, column: key.column.map { columns[$0] } ?? .everyEvent, offset: offset,
            startOffset: startOffset(key.window), endOffset: endOffset(key.window), links: links, nextHalf: nextHalf,
            parameter: key.parameter, span: window.delayMicroseconds)
        trackPlaces[key] = tracks.count
        tracks.append(Track(window: key.window, layout: layout))
        offset += key.kind.recordBytes
    }

    private mutating func chain(_ key: ChainKey) -> Int {
        if let place = chainPlaces[key] { return place }
        chainPlaces[key] = chains.count
        chains.append(
            ChainLayout(column: columns[key.column], isGreatest: key.isGreatest, previousHalf: takeHalf()))
        return chains.count - 1
    }

    private mutating func nextLink(_ place: Int, at span: Int64) -> Int {
        let chain = chains[place]
        if let found = edgeChains[span]?.first(where: { $0.chain.previousHalf == chain.previousHalf }) {
            return found.nextHalf
        }
        let nextHalf = takeHalf()
        edgeChains[span, default: []].append(EdgeChainLayout(chain: chain, nextHalf: nextHalf))
        return nextHalf
    }

    private mutating func occurrence(_ column: Int) -> Int {
        if let place = occurrencePlaces[column] { return place }
        occurrencePlaces[column] = occurrences.count
        occurrences.append(
            OccurrenceLayout(
                column: columns[column], previousHalf: takeHalf(), nextHalf: takeHalf(), tableOffset: 0))
        return occurrences.count - 1
    }

    private mutating func placeTable(_ column: Int) {
        guard let place = occurrencePlaces[column] else { return }
        let found = occurrences[place]
        occurrences[place] = OccurrenceLayout(
            column: found.column, previousHalf: found.previousHalf, nextHalf: found.nextHalf, tableOffset: offset)
        offset += MemoryLayout<UnsafeMutableRawPointer?>.stride
    }

    /// The place of a link in an entry, counted in half words.
    private mutating func takeHalf() -> Int {
        linkHalves += 1
        return (1 + valueWordCount) * 2 + linkHalves - 1
    }

    /// By edge: its chains, and the tracks that an event enters and leaves there; fills `crossings`.
    func edgeTracks(_ crossings: inout [TrackLayout], _ chainCrossings: inout [EdgeChainLayout]) -> [EdgeTracks] {
        spans.map { span in
            let chainsFrom = chainCrossings.count
            chainCrossings += edgeChains[span] ?? []
            let entersFrom = crossings.count
            crossings += tracks.filter { plan.windows[$0.window].delayMicroseconds == span }.map(\.layout)
            let leavesFrom = crossings.count
            crossings += tracks.filter { plan.windows[$0.window].reachMicroseconds == span }.map(\.layout)
            return EdgeTracks(
                chainsFrom: chainsFrom, chainsUpTo: chainCrossings.count, entersFrom: entersFrom,
                leavesFrom: leavesFrom, leavesUpTo: crossings.count)
        }
    }

    // MARK: - Outputs

    func outputs() -> [OutputLayout] {
        plan.aggregates.filter { isPlain($0) }.map { aggregate in
            let sum = sum(aggregate)
            return OutputLayout(
                function: aggregate.function, kind: sum?.kind ?? .integer, startOffset: startOffset(aggregate.window),
                endOffset: endOffset(aggregate.window), sumOffset: sum?.offset ?? 0,
                divisor: aggregate.valueColumn.map { columns[$0].divisor } ?? 1,
                defaultValue: aggregate.defaultValue ?? .nan, feature: aggregate.feature.rawValue)
        }
    }

    private func isPlain(_ aggregate: AggregatePlan) -> Bool {
        let window = plan.windows[aggregate.window]
        if window.isUnbounded || isBefore(aggregate) { return false }
        switch aggregate.function {
        case .count: return aggregate.valueColumn == nil
        case .sum, .mean: return true
        default: return false
        }
    }

    private func isBefore(_ aggregate: AggregatePlan) -> Bool {
        let window = plan.windows[aggregate.window]
        // A late event is old enough for what is delayed since the beginning, but it is in no delayed window of its own.
        if window.delayMicroseconds > 0 { return window.isUnbounded }
        return !window.includesCurrent || aggregate.function == .previous || aggregate.function == .timeSinceLast
    }

    func specials() -> [SpecialOutput] {
        let specials = plan.aggregates.filter { !isPlain($0) }.map { aggregate in
            let window = plan.windows[aggregate.window]
            let parameter = aggregate.parameter ?? 0
            return SpecialOutput(
                function: aggregate.function, isBefore: isBefore(aggregate), isUnbounded: window.isUnbounded,
                startOffset: startOffset(aggregate.window), endOffset: endOffset(aggregate.window),
                sum: aggregate.function.needsSum && !window.isUnbounded ? sum(aggregate) : nil,
                track: trackKey(aggregate).flatMap { trackPlaces[$0] }.map { tracks[$0].layout },
                divisor: aggregate.valueColumn.map { columns[$0].divisor } ?? 1,
                parameter: aggregate.function == .rate ? parameter / Double(window.lengthMicroseconds) : parameter,
                emptyValue: aggregate.emptyValue, defaultValue: aggregate.defaultValue ?? .nan,
                feature: aggregate.feature.rawValue)
        }
        return specials.filter(\.isBefore) + specials.filter { !$0.isBefore }
    }
}

extension TrackSet {
    init(_ build: RecordLayoutBuild) {
        specials = RecordLayout.copy(build.specials())
        var crossings: [TrackLayout] = []
        var chainCrossings: [EdgeChainLayout] = []
        edges = RecordLayout.copy(build.edgeTracks(&crossings, &chainCrossings))
        tracks = RecordLayout.copy(build.tracks.map(\.layout))
        chains = RecordLayout.copy(build.chains)
        occurrences = RecordLayout.copy(build.occurrences)
        self.crossings = RecordLayout.copy(crossings)
        edgeChains = RecordLayout.copy(chainCrossings)
        everBlocks = RecordLayout.copy(
            build.tracks.map(\.layout).filter { $0.kind == .distinctEver || $0.kind == .quantileEver })
    }
}

extension AggregateFunction {
    /// Whether a running sum gives it, where events are remembered.
    var needsSum: Bool { self == .count || self == .sum || self == .mean || self == .rate }
}

extension AggregatePlan {
    /// What it gives for a window without events.
    public var emptyValue: Double {
        switch function {
        case .count, .sum, .distinct, .rate: 0
        default: defaultValue ?? .nan
        }
    }
}

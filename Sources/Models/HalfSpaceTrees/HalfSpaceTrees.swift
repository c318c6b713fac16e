#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Where a block of rows is found: `rows[indices[row] * stride + inputs[input]]`; NaN is a missing value.
public struct HalfSpaceTreesRows {
    public let rows: UnsafePointer<Double>
    public let stride: Int
    public let indices: UnsafePointer<UInt32>
    public let inputs: UnsafePointer<Int32>

    public init(
        rows: UnsafePointer<Double>, stride: Int, indices: UnsafePointer<UInt32>, inputs: UnsafePointer<Int32>
    ) {
        self.rows = rows
        self.stride = stride
        self.indices = indices
        self.inputs = inputs
    }
}

/// An anomaly model without labels that learns as it scores: half-space trees.
///
/// Each tree divides the space of the inputs in halves at places that chance has chosen before anything was seen. Every
/// `window` events it counts how many of them lie in each part; an event is the more anomalous, the emptier the parts are
/// into which it falls. The events of a window are scored by the counts of the window before, so that nothing within a
/// window depends on how it came in: results do not depend on blocks or on how many workers share a block.
///
/// After Tan, Ting, Liu: Fast anomaly detection for streaming data (IJCAI 2011). Where the paper has a fixed range for
/// each input, the range here is found in each window (`InputRange`), and the window is counted anew in it; and since
/// splits are functions of their place, only the parts that the size limit lets matter exist at all.
///
/// A block goes through four steps: `begin`, `prepare` and `run` in parts that workers share, `finish` for its rows in
/// any parts, then `end`.
// SAFETY: parts of a step touch inputs, trees or rows of their own; whoever runs them joins them between steps.
public final class HalfSpaceTrees: @unchecked Sendable {
    /// Rows of a block at most.
    public static let blockRows = 1_024

    public let parameters: HalfSpaceTreesParameters
    /// In how many parts steps may be shared out.
    public let partsMax: Int
    /// Events that were learned since the beginning.
    public internal(set) var learned: UInt64 = 0

    let schedule: HalfSpaceSchedule
    let ranges: UnsafeMutablePointer<InputRange>
    /// `values[input * window + row]`: the events of the window that fills.
    let values: UnsafeMutablePointer<Double>
    /// `nodes[tree * nodesPerTree + node]`
    let nodes: UnsafeMutablePointer<HalfSpaceNode>
    let nodesPerTree: Int
    /// The same trees for blocks of rows.
    let masks: HalfSpaceMasks
    /// `divisions[tree * divisionsPerTree + division]`: how many events of the reference were left of it.
    let divisions: UnsafeMutablePointer<UInt32>
    let divisionsPerTree: Int
    /// By tree.
    let divisionCounts: UnsafeMutablePointer<UInt32>
    private var block: HalfSpaceBlock
    private var input: HalfSpaceTreesRows?
    private var wantsScores = true
    private var runParts = 1
    private let scratches: [HalfSpaceScratch]

    /// - Parameters:
    ///   - parameters: without a `problem`.
    ///   - partsMax: workers that may share the work of a block.
    public init(_ parameters: HalfSpaceTreesParameters, partsMax: Int = 1) {
        if let problem = parameters.problem { preconditionFailure(problem.reason) }
        precondition(partsMax > 0, "\(partsMax) parts")
        self.parameters = parameters
        self.partsMax = partsMax
        schedule = HalfSpaceSchedule(window: parameters.window)
        nodesPerTree = parameters.nodesPerTreeMax
        ranges = .allocate(capacity: parameters.inputCount)
        ranges.initialize(repeating: .unit, count: parameters.inputCount)
        values = .allocate(capacity: parameters.inputCount * parameters.window)
        nodes = .allocate(capacity: parameters.trees * nodesPerTree)
        masks = HalfSpaceMasks(parameters)
        divisionsPerTree = parameters.divisionsPerTreeMax
        divisions = .allocate(capacity: parameters.trees * divisionsPerTree)
        divisionCounts = .allocate(capacity: parameters.trees)
        divisionCounts.initialize(repeating: 0, count: parameters.trees)
        block = HalfSpaceBlock(parameters)
        scratches = (0..<partsMax).map { _ in HalfSpaceScratch(parameters) }
        removeAll()
    }

    deinit {
        ranges.deallocate()
        values.deallocate()
        nodes.deallocate()
        masks.deallocate()
        divisions.deallocate()
        divisionCounts.deallocate()
    }

    /// Forgets everything, as before the first event.
    public func removeAll() {
        learned = 0
        ranges.update(repeating: .unit, count: parameters.inputCount)
        divisionCounts.update(repeating: 0, count: parameters.trees)
        for tree in 0..<parameters.trees { nodes[tree * nodesPerTree] = .leaf(mass: 0) }
    }

    // MARK: - The steps of a block

    /// Begins a block of the events that come next, in their order.
    ///
    /// - Parameters:
    ///   - rows: borrowed until `end`.
    ///   - count: from 1 to `blockRows`.
    ///   - wantsScores: false: they only learn, which takes half the time.
    public func begin(_ rows: HalfSpaceTreesRows, count: Int, wantsScores: Bool = true) {
        precondition((1...Self.blockRows).contains(count), "a block of \(count) rows")
        input = rows
        self.wantsScores = wantsScores
        block.plan(count: count, behind: learned, schedule)
    }

    /// Takes in some of the inputs: lays their values over the ranges in force, and finds new ranges at windows' ends.
    public func prepare(part: Int, of parts: Int) {
        guard let input else { preconditionFailure("a step without a block") }
        let extremes = scratches[part].extremes
        for number in share(parameters.inputCount, part, parts) { prepare(number, input, extremes: extremes) }
    }

    /// Scores by some of the trees, and builds them anew at windows' ends; parts as many in all calls of a block.
    public func run(part: Int, of parts: Int) {
        precondition((1...partsMax).contains(parts), "\(parts) parts of at most \(partsMax)")
        if part == 0 { runParts = parts }
        let scratch = scratches[part]
        if wantsScores { scratch.sums.update(repeating: 0, count: block.rowCount) }
        for tree in share(parameters.trees, part, parts) { run(tree: tree, scratch) }
    }

    /// Writes the scores of some rows of the block: from 0 to 1, higher is more anomalous; NaN before there is a
    /// reference.
    ///
    /// - Parameter scores: of row `indices[row]`, at that place.
    public func finish(rows: Range<Int>, into scores: UnsafeMutablePointer<Double>) {
        guard let input else { preconditionFailure("a step without a block") }
        for index in 0..<block.segmentCount {
            let segment = block.segments[index]
            let clamped = segment.rows.clamped(to: rows)
            // Of a part of equal masses everywhere the mean mass is the number of events.
            let unit = 1 / (Double(parameters.trees) * Double(segment.referenceRows))
            for row in clamped {
                let place = Int(input.indices[row])
                if segment.referenceRows == 0 {
                    scores[place] = .nan
                    continue
                }
                var sum: UInt64 = 0
                for part in 0..<runParts { sum &+= scratches[part].sums[row] }
                scores[place] = 1 - log2(Double(sum) * unit) / Double(parameters.height &+ 1)
            }
        }
    }

    /// Ends the block: its rows are learned.
    public func end() {
        learned &+= UInt64(block.rowCount)
        input = nil
    }

    /// Scores and learns rows one behind the other, on the calling thread.
    ///
    /// - Parameters:
    ///   - rows: row-major, `stride` (at least `inputCount`) numbers from row to row; NaN is a missing value.
    ///   - scores: one a row.
    public func score(
        rows: UnsafePointer<Double>, rowCount: Int, stride: Int, into scores: UnsafeMutablePointer<Double>
    ) {
        let indices = (0..<UInt32(min(rowCount, Self.blockRows))).map { $0 }
        let inputs = (0..<Int32(parameters.inputCount)).map { $0 }
        var start = 0
        while start < rowCount {
            let count = min(Self.blockRows, rowCount - start)
            begin(
                HalfSpaceTreesRows(rows: rows + start * stride, stride: stride, indices: indices, inputs: inputs),
                count: count)
            prepare(part: 0, of: 1)
            run(part: 0, of: 1)
            finish(rows: 0..<count, into: scores + start)
            end()
            start += count
        }
    }

    // MARK: - One input, one tree

    private func share(_ count: Int, _ part: Int, _ parts: Int) -> Range<Int> {
        count &* part / parts..<count &* (part &+ 1) / parts
    }

    private func prepare(_ number: Int, _ input: HalfSpaceTreesRows, extremes: UnsafeMutablePointer<Double>) {
        let window = values + number &* parameters.window
        let scored = block.scored + number &* Self.blockRows
        let learned = block.learned + number &* block.learnStride
        let source = input.rows + Int(input.inputs[number])
        for index in 0..<block.segmentCount {
            let segment = block.segments[index]
            let range = ranges[number]
            let target = window + (segment.position &- segment.rows.lowerBound)
            for row in segment.rows {
                let value = source[Int(input.indices[row]) &* input.stride]
                target[row] = value
                scored[row] = range.place(value)
            }
            if segment.learnRows == 0 { continue }
            // Where nothing was there the range is the one before.
            let found = InputRange(of: window, count: segment.learnRows, extremes: extremes) ?? range
            ranges[number] = found
            let places = learned + segment.learnStart
            for row in 0..<segment.learnRows { places[row] = found.place(window[row]) }
        }
    }

    private func run(tree: Int, _ scratch: HalfSpaceScratch) {
        let own = nodes + tree &* nodesPerTree
        let scorer = HalfSpaceScorer(
            columns: HalfSpaceColumns(values: block.scored, stride: Self.blockRows), nodes: own, sums: scratch.sums)
        for index in 0..<block.segmentCount {
            let segment = block.segments[index]
            if wantsScores && segment.referenceRows > 0 {
                if segment.rows.count >= HalfSpaceMasks.rowsMin && masks.handles(tree) {
                    masks.score(tree: tree, columns: block.scored, rows: segment.rows, into: scratch.sums)
                } else {
                    scorer.descend(0, rows: scratch.list(segment.rows), start: 0, count: segment.rows.count)
                }
            }
            if segment.learnRows > 0 { build(tree, of: segment, scratch) }
        }
    }

    private func build(_ tree: Int, of segment: HalfSpaceSegment, _ scratch: HalfSpaceScratch) {
        let count = segment.learnRows
        let columns = HalfSpaceColumns(values: block.learned + segment.learnStart, stride: block.learnStride)
        var builder = HalfSpaceBuilder(
            parameters, sizeLimit: sizeLimit(rows: count), nodes: nodes + tree &* nodesPerTree,
            divisions: divisions + tree &* divisionsPerTree, scratch: scratch,
            counts: HalfSpaceRowCounts(
                columns, rowCount: count, sets: HalfSpaceRowSets(scratch.sets, rowCount: count), lists: scratch.lists))
        _ = builder.build(root: root(tree), count: count)
        masks.set(tree, nodes: nodes + tree &* nodesPerTree, divisionCount: builder.divisionCount)
        divisionCounts[tree] = UInt32(truncatingIfNeeded: builder.divisionCount)
    }

    func root(_ tree: Int) -> UInt64 { HalfSpaceRandom.root(seed: parameters.seed, tree: tree) }

    /// Builds a tree over counts that are known already.
    func makeBuilder<Counts: HalfSpaceCounts>(_ tree: Int, rows: Int, counts: Counts) -> HalfSpaceBuilder<Counts> {
        HalfSpaceBuilder(
            parameters, sizeLimit: sizeLimit(rows: rows), nodes: nodes + tree * nodesPerTree,
            divisions: divisions + tree * divisionsPerTree, scratch: scratches[0], counts: counts)
    }

    /// The size limit of a reference of fewer events than a window: as large a part of them.
    func sizeLimit(rows: Int) -> Int { (rows * parameters.sizeLimit + parameters.window - 1) / parameters.window }
}

/// What one worker needs.
// SAFETY: a part of a step has one of its own.
final class HalfSpaceScratch: @unchecked Sendable {
    /// By row of the block: what some trees give it.
    let sums: UnsafeMutablePointer<UInt64>
    let lows: UnsafeMutablePointer<Int32>
    let highs: UnsafeMutablePointer<Int32>
    let extremes: UnsafeMutablePointer<Double>
    let sets: UnsafeMutablePointer<HalfSpaceRowSets.Group>
    private let first: UnsafeMutablePointer<UInt16>
    private let second: UnsafeMutablePointer<UInt16>

    init(_ parameters: HalfSpaceTreesParameters) {
        let rowsMax = max(parameters.window, HalfSpaceTrees.blockRows)
        sums = .allocate(capacity: HalfSpaceTrees.blockRows)
        lows = .allocate(capacity: parameters.inputCount)
        highs = .allocate(capacity: parameters.inputCount)
        extremes = .allocate(capacity: 2 * InputRange.groupCount(rows: parameters.window))
        sets = .allocate(
            capacity: HalfSpaceRowSets.groupsMax(height: parameters.height, rowCount: parameters.window))
        first = .allocate(capacity: rowsMax)
        second = .allocate(capacity: rowsMax)
    }

    deinit {
        sums.deallocate()
        lows.deallocate()
        highs.deallocate()
        extremes.deallocate()
        sets.deallocate()
        first.deallocate()
        second.deallocate()
    }

    var lists: HalfSpaceRows { HalfSpaceRows(now: first, next: second) }

    /// The numbers of some rows.
    func list(_ rows: Range<Int>) -> HalfSpaceRows {
        for row in rows { first[row &- rows.lowerBound] = UInt16(truncatingIfNeeded: row) }
        return lists
    }
}

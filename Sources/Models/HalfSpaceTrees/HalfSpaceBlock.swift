/// Rows of a block that are scored by the same reference, and what follows them.
struct HalfSpaceSegment {
    /// In the block.
    var rows: Range<Int>
    /// Where they stand in the window.
    var position: Int
    /// Of how many events the reference was made that scores them; 0: nothing scores them.
    var referenceRows: Int
    /// Behind them a reference is made of the window's first so many rows; 0: none is.
    var learnRows = 0
    /// Where those stand in the columns of what is learned.
    var learnStart = 0
}

/// The working memory of one block of rows, and how they fall into segments.
struct HalfSpaceBlock: ~Copyable {
    let inputCount: Int
    /// `scored[input * HalfSpaceTrees.blockRows + row]`, in the ranges in force at the row.
    let scored: UnsafeMutablePointer<Int32>
    /// `learned[input * learnStride + learnStart + row]`, in the ranges of the window that they end.
    let learned: UnsafeMutablePointer<Int32>
    let learnStride: Int
    let segments: UnsafeMutablePointer<HalfSpaceSegment>
    private(set) var segmentCount = 0
    private(set) var rowCount = 0

    /// Rows that are learned in one block at most: while the first window fills its first rows are learned four times.
    /// Each segment begins at a multiple of four.
    static func learnRowsMax(window: Int) -> Int {
        (2 * window + HalfSpaceTrees.blockRows + 4 * segmentsMax(window: window)) / 4 * 4
    }

    /// As many windows as end in it, the first one's parts, and a rest.
    private static func segmentsMax(window: Int) -> Int { HalfSpaceTrees.blockRows / window + 6 }

    /// Numbers that are compared four at a time.
    private static func columns(_ capacity: Int) -> UnsafeMutablePointer<Int32> {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: 4 * capacity, alignment: 16)
        let columns = memory.bindMemory(to: Int32.self, capacity: capacity)
        columns.initialize(repeating: 0, count: capacity)
        return columns
    }

    init(_ parameters: HalfSpaceTreesParameters) {
        inputCount = parameters.inputCount
        learnStride = Self.learnRowsMax(window: parameters.window)
        scored = Self.columns(inputCount * HalfSpaceTrees.blockRows)
        learned = Self.columns(inputCount * learnStride)
        segments = .allocate(capacity: Self.segmentsMax(window: parameters.window))
    }

    deinit {
        scored.deallocate()
        learned.deallocate()
        segments.deallocate()
    }

    /// Divides `count` rows, the first of which comes behind `learned` others.
    mutating func plan(count: Int, behind learned: UInt64, _ schedule: HalfSpaceSchedule) {
        rowCount = count
        segmentCount = 0
        var row = 0
        var learnStart = 0
        while row < count {
            let before = learned &+ UInt64(row)
            let toNext = schedule.rowsToNext(before)
            let end = min(count, row &+ toNext)
            var segment = HalfSpaceSegment(
                rows: row..<end, position: schedule.position(before), referenceRows: schedule.referenceRows(before))
            if row &+ toNext <= count {
                segment.learnRows = segment.position &+ toNext
                segment.learnStart = learnStart
                learnStart = (learnStart &+ segment.learnRows &+ 3) & ~3
            }
            segments[segmentCount] = segment
            segmentCount &+= 1
            row = end
        }
    }
}

/// Replaces a row's features by their ranks among the forest's thresholds, one signed byte each, so that sixteen rows
/// are compared by one instruction.
///
/// With the distinct thresholds of a feature in order, t0 < t1 < ..., the rank of x is the number of thresholds that
/// are not above x. Then `x >= tk` is `rank > k`: the comparison is exact, whatever the values. A byte holds ranks 0 to
/// 255, kept 128 lower because SSE2 compares signed bytes only; a feature with more thresholds has several columns,
/// each with the ranks among 255 of them. A missing value has the least rank in the columns of splits that send it left
/// and the greatest in those that send it right, so that it needs no care afterwards.
///
/// A set of categories has a column of its own with ranks 0 and 1, 1 for its members; there are few such columns, and
/// trees with more sets are left to the walks, like trees with too many leaves.
struct FeatureRanks: Sendable {
    /// Thresholds that one column tells apart.
    static let columnThresholdsMax = 255
    static let rankOffset = 128

    /// One column of ranks.
    struct Column: BitwiseCopyable, Sendable {
        var feature: Int32
        /// Its thresholds' keys in order, padded behind as `method` needs; its words, for a set.
        var keyStart: Int32
        var keyCount: Int32
        /// The key that stands for a missing value: below all others or above them.
        var missing: Int32
        var method: Method
    }

    enum Method: BitwiseCopyable, Sendable {
        /// Every threshold is compared, four rows at a time.
        case count
        /// Binary search in 63 or 255 keys, padded with the greatest.
        case search63, search255
        /// Each row's category is looked up in a set.
        case member
    }

    /// Up to so many thresholds counting is faster than searching (measured).
    private static let countedMax = 31

    /// A split's comparison.
    struct Split: Hashable {
        let feature: Int32
        /// 0 where there is a set.
        let threshold: Float
        let defaultLeft: Bool
        let categories: CategorySet?
    }

    /// So many sets of categories have columns: each costs a look-up a row, which must save walks.
    private static let setsMax = 48

    /// Where a split's comparison happens: `rank > place.rank` in `place.column` means right.
    struct Place { let column: Int, rank: Int8 }

    let columnCount: Int
    private let columns: FrozenArray<Column>
    private let keys: FrozenArray<Int32>
    private let words: FrozenArray<UInt32>

    var byteCount: Int { columns.byteCount + keys.byteCount + words.byteCount }

    /// Ranks for the trees of at most `leavesMax` leaves, as far as there are columns for their sets of categories. Also
    /// tells where each of their splits' comparisons happens.
    ///
    /// Complexity: O(splits x log thresholds).
    init(_ forest: Forest, leavesMax: Int, places: inout [Split: Place]) {
        var thresholds: [Source: Set<Int32>] = [:]
        var sets: [Split] = []
        let splits = Self.splits(forest, leavesMax: leavesMax, sets: &sets)
        for split in splits where split.categories == nil {
            thresholds[Source(split), default: []].insert(Self.key(split.threshold))
        }
        var columns: [Column] = []
        var keys: [Int32] = []
        var firstColumns: [Source: Int] = [:]
        var sortedKeys: [Source: [Int32]] = [:]
        for source in thresholds.keys.sorted() {
            let sorted = thresholds[source]!.sorted()
            sortedKeys[source] = sorted
            firstColumns[source] = columns.count
            for start in stride(from: 0, to: sorted.count, by: Self.columnThresholdsMax) {
                let part = sorted[start..<min(start + Self.columnThresholdsMax, sorted.count)]
                columns.append(Self.column(source, part, in: &keys))
            }
        }
        for split in splits where split.categories == nil {
            if places[split] != nil { continue }
            let source = Source(split)
            let rank = Self.lowerBound(sortedKeys[source]!, Self.key(split.threshold))
            let (part, inPart) = rank.quotientAndRemainder(dividingBy: Self.columnThresholdsMax)
            places[split] = Place(column: firstColumns[source]! + part, rank: Int8(inPart - Self.rankOffset))
        }
        var packed = PackedSets()
        for split in sets {
            places[split] = Place(column: columns.count, rank: Int8(-Self.rankOffset))
            let place = packed.place(of: split.categories!)
            columns.append(
                Column(
                    feature: split.feature, keyStart: Int32(place), keyCount: 0,
                    missing: split.defaultLeft ? 0 : 1, method: .member))
        }
        columnCount = columns.count
        self.columns = FrozenArray(columns)
        self.keys = FrozenArray(keys)
        words = FrozenArray(packed.words)
    }

    /// The splits of the trees that are ranked, and those with different sets among them.
    private static func splits(_ forest: Forest, leavesMax: Int, sets: inout [Split]) -> [Split] {
        var result: [Split] = []
        var known: Set<Split> = []
        for tree in forest.trees where tree.leafCount <= leavesMax {
            let splits = splits(tree)
            let new = Set(splits.filter { $0.categories != nil && !known.contains($0) })
            guard known.count + new.count <= setsMax else { continue }
            // In the tree's order: that of a set is not the same in every run.
            for split in splits where new.contains(split) && known.insert(split).inserted { sets.append(split) }
            result += splits
        }
        return result
    }

    /// What columns are made for.
    private struct Source: Hashable, Comparable {
        let feature: Int32
        let defaultLeft: Bool

        init(_ split: Split) {
            feature = split.feature
            defaultLeft = split.defaultLeft
        }

        static func < (left: Source, right: Source) -> Bool {
            left.feature != right.feature ? left.feature < right.feature : left.defaultLeft && !right.defaultLeft
        }
    }

    private static func column(_ source: Source, _ part: ArraySlice<Int32>, in keys: inout [Int32]) -> Column {
        let method: Method = part.count <= countedMax ? .count : part.count <= 63 ? .search63 : .search255
        let column = Column(
            feature: source.feature, keyStart: Int32(keys.count), keyCount: Int32(part.count),
            missing: source.defaultLeft ? .min : .max, method: method)
        keys += part
        switch method {
        case .count: break
        case .search63: keys += repeatElement(.max, count: 63 - part.count)
        case .search255: keys += repeatElement(.max, count: 255 - part.count)
        case .member: preconditionFailure("a set has no thresholds")
        }
        return column
    }

    private static func lowerBound(_ sorted: [Int32], _ key: Int32) -> Int {
        var low = 0
        var high = sorted.count
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func splits(_ tree: Forest.Tree) -> [Split] {
        var result: [Split] = []
        var pending: [Int32] = [0]
        while let node = pending.popLast().map(Int.init) {
            if tree.isLeaf(node) { continue }
            result.append(split(tree.nodes, node))
            pending.append(tree.nodes.left[node])
            pending.append(tree.nodes.right[node])
        }
        return result
    }

    static func split(_ nodes: TreeSpec, _ node: Int) -> Split {
        let categories = nodes.categories(of: node)
        return Split(
            feature: nodes.feature[node], threshold: categories == nil ? nodes.value[node] : 0,
            defaultLeft: nodes.defaultLeft[node] != 0, categories: categories)
    }

    /// An integer with the order of the floats; -0.0 and 0.0 have the same one. NaN must be seen to elsewhere.
    @inline(__always)
    static func key(_ x: Float) -> Int32 {
        let bits = Int32(bitPattern: (x + 0).bitPattern)
        return bits ^ ((bits &>> 31) & .max)
    }
}

extension FeatureRanks {
    /// Writes the ranks of `rowCount` rows, column by column, each `columnStride` bytes long (a multiple of 4).
    ///
    /// Complexity: O(rows x columns x log thresholds), no allocation.
    func fill(
        _ ranks: UnsafeMutablePointer<Int8>, columnStride: Int, rows: UnsafePointer<Float>, rowCount: Int, stride: Int
    ) {
        for index in 0..<columns.count {
            let column = columns.start[index]
            let keys = keys.start + Int(column.keyStart)
            let values = Values(start: rows + Int(column.feature), stride: stride, missing: column.missing)
            let target = ranks + index &* columnStride
            switch column.method {
            case .count:
                Self.count(values, rowCount, keys, Int(column.keyCount), target)
            case .search63:
                for row in 0..<rowCount { target[row] = Self.search63(values.key(row), keys) }
            case .search255:
                for row in 0..<rowCount { target[row] = Self.search255(values.key(row), keys) }
            case .member:
                Self.findMembers(values, rowCount, words.start + Int(column.keyStart), target)
            }
        }
    }

    /// One feature of a block of rows, as keys.
    private struct Values {
        let start: UnsafePointer<Float>
        let stride: Int
        let missing: Int32

        @inline(__always)
        func key(_ row: Int) -> Int32 {
            let x = start[row &* stride]
            return x != x ? missing : FeatureRanks.key(x)
        }
    }

    /// `values.missing` is the rank of a missing value; `set` is a set's number of words, then the words.
    private static func findMembers(
        _ values: Values, _ rowCount: Int, _ set: UnsafePointer<UInt32>, _ target: UnsafeMutablePointer<Int8>
    ) {
        let count = Int(set.pointee)
        for row in 0..<rowCount {
            let x = values.start[row &* values.stride]
            let rank = x != x ? values.missing : Int32(bitPattern: CategorySet.bit(x, set + 1, count: count))
            target[row] = Int8(truncatingIfNeeded: rank &- Int32(rankOffset))
        }
    }

    private static func count(
        _ values: Values, _ rowCount: Int, _ keys: UnsafePointer<Int32>, _ keyCount: Int,
        _ target: UnsafeMutablePointer<Int8>
    ) {
        var row = 0
        while row &+ 4 <= rowCount {
            let four = SIMD4(values.key(row), values.key(row &+ 1), values.key(row &+ 2), values.key(row &+ 3))
            var ranks = SIMD4<Int32>(repeating: Int32(-rankOffset))
            for index in 0..<keyCount {
                // The mask of a true comparison is -1.
                let isAbove = unsafeBitCast(SIMD4(repeating: keys[index]) .> four, to: SIMD4<Int32>.self)
                ranks &+= SIMD4(repeating: 1) &+ isAbove
            }
            for lane in 0..<4 { target[row &+ lane] = Int8(truncatingIfNeeded: ranks[lane]) }
            row &+= 4
        }
        while row < rowCount {
            let key = values.key(row)
            var rank = -rankOffset
            for index in 0..<keyCount { rank &+= keys[index] <= key ? 1 : 0 }
            target[row] = Int8(truncatingIfNeeded: rank)
            row &+= 1
        }
    }

    /// How many of 63 sorted keys are at most `key`, less the offset. Padding counts only for a missing value whose
    /// place is above all others.
    @inline(__always)
    private static func search63(_ key: Int32, _ keys: UnsafePointer<Int32>) -> Int8 {
        var rank = step(0, 5, key, keys)
        rank = step(rank, 4, key, keys)
        rank = step(rank, 3, key, keys)
        rank = step(rank, 2, key, keys)
        rank = step(rank, 1, key, keys)
        rank = step(rank, 0, key, keys)
        return Int8(truncatingIfNeeded: rank &- rankOffset)
    }

    @inline(__always)
    private static func search255(_ key: Int32, _ keys: UnsafePointer<Int32>) -> Int8 {
        var rank = step(0, 7, key, keys)
        rank = step(rank, 6, key, keys)
        rank = step(rank, 5, key, keys)
        rank = step(rank, 4, key, keys)
        rank = step(rank, 3, key, keys)
        rank = step(rank, 2, key, keys)
        rank = step(rank, 1, key, keys)
        rank = step(rank, 0, key, keys)
        return Int8(truncatingIfNeeded: rank &- rankOffset)
    }

    /// The comparison's bit is shifted into place: as a choice between two numbers the compiler makes it a branch, and
    /// half of those would be guessed wrong.
    @inline(__always)
    private static func step(_ rank: Int, _ shift: Int, _ key: Int32, _ keys: UnsafePointer<Int32>) -> Int {
        let isAtMost = keys[rank &+ (1 &<< shift) &- 1] <= key ? 1 : 0
        return rank &+ isAtMost &<< shift
    }
}

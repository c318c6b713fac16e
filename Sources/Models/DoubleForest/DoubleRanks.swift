/// Replaces a row's features by their ranks among the forest's thresholds, as `FeatureRanks` does for float32: `x > t`
/// for the threshold at place k is `rank > k`, exactly, a signed byte kept 128 lower.
///
/// A column is for one feature and one rule for missing values, so that these need no care afterwards: they have the
/// least rank where they go left, the greatest where they go right, and that of 0 where they count as 0. A split by
/// categories has a column of its own with a rank of 0 or 1.
struct DoubleRanks: Sendable {
    static let columnThresholdsMax = FeatureRanks.columnThresholdsMax
    private static let offset = FeatureRanks.rankOffset

    struct Column: BitwiseCopyable, Sendable {
        var feature: Int32
        /// Its thresholds in order, padded as `method` needs; of a category column its words.
        var start: Int32
        var count: Int32
        /// The rank of a missing value.
        var missing: Int8
        var zeroIsMissing: Bool
        var method: Method
    }

    enum Method: BitwiseCopyable, Sendable {
        /// Every threshold is compared.
        case count
        /// Binary search in so many thresholds, padded with infinity.
        case search15, search31, search63, search127, search255
        case categories
    }

    /// What columns are made for.
    private struct Source: Hashable, Comparable {
        let feature: Int32
        let rule: DoubleSplit.Rule

        static func < (left: Source, right: Source) -> Bool {
            (left.feature, left.rule.rawValue) < (right.feature, right.rule.rawValue)
        }
    }

    private struct CategorySource: Hashable {
        let feature: Int32
        let words: ArraySlice<UInt32>
    }

    /// Up to so many thresholds counting is faster than searching (measured).
    private static let countedMax = 6

    let columnCount: Int
    private let columns: FrozenArray<Column>
    private let thresholds: FrozenArray<Double>
    private let words: FrozenArray<UInt32>

    var byteCount: Int { columns.byteCount + thresholds.byteCount + words.byteCount }

    /// Also tells where the comparison of each tree's splits happens.
    ///
    /// Complexity: O(splits x log splits).
    init(_ forest: DoubleForest, places: inout [[FeatureRanks.Place]]) {
        var builder = Builder()
        builder.addThresholds(of: forest)
        for tree in forest.trees { places.append(tree.spec.splits.map { builder.place($0, tree.spec) }) }
        columnCount = builder.columns.count
        columns = FrozenArray(builder.columns)
        thresholds = FrozenArray(builder.thresholds)
        words = FrozenArray(builder.words)
    }

    private struct Builder {
        var columns: [Column] = []
        var thresholds: [Double] = []
        var words: [UInt32] = []
        private var sorted: [Source: [Double]] = [:]
        private var firstColumns: [Source: Int] = [:]
        private var categoryColumns: [CategorySource: Int] = [:]

        mutating func addThresholds(of forest: DoubleForest) {
            var sets: [Source: Set<Double>] = [:]
            for tree in forest.trees {
                for split in tree.spec.splits where split.rule != .categories && !split.threshold.isNaN {
                    sets[Source(feature: split.feature, rule: split.rule), default: []]
                        .insert(DoubleWalk.plainThreshold(split.threshold))
                }
            }
            for source in sets.keys.sorted() {
                let all = sets[source]!.sorted()
                sorted[source] = all
                firstColumns[source] = columns.count
                for start in stride(from: 0, to: all.count, by: DoubleRanks.columnThresholdsMax) {
                    append(source, all[start..<min(start + DoubleRanks.columnThresholdsMax, all.count)])
                }
            }
        }

        private mutating func append(_ source: Source, _ part: ArraySlice<Double>) {
            let missing: Int =
                switch source.rule {
                case .missingIsZero: part.count { $0 < 0 }
                case .zeroRight, .missingRight: part.count
                default: 0
                }
            let padded = [15, 31, 63, 127, 255].first { $0 >= part.count }!
            let isCounted = part.count <= DoubleRanks.countedMax
            let method: Method =
                switch padded {
                case 15: isCounted ? .count : .search15
                case 31: .search31
                case 63: .search63
                case 127: .search127
                default: .search255
                }
            columns.append(
                Column(
                    feature: source.feature, start: Int32(thresholds.count), count: Int32(part.count),
                    missing: Int8(missing - DoubleRanks.offset), zeroIsMissing: source.rule.countsZeroAsMissing,
                    method: method))
            thresholds += part
            if !isCounted { thresholds += repeatElement(.infinity, count: padded - part.count) }
        }

        mutating func place(_ split: DoubleSplit, _ tree: DoubleTreeSpec) -> FeatureRanks.Place {
            if split.rule == .categories { return categoryPlace(split, tree) }
            let source = Source(feature: split.feature, rule: split.rule)
            // A split without a place among the thresholds is one that no row reaches.
            guard let all = sorted[source], !split.threshold.isNaN else { return .init(column: 0, rank: 0) }
            let threshold = DoubleWalk.plainThreshold(split.threshold)
            var low = 0
            var high = all.count
            while low < high {
                let middle = (low + high) / 2
                if all[middle] < threshold { low = middle + 1 } else { high = middle }
            }
            let (part, inPart) = low.quotientAndRemainder(dividingBy: DoubleRanks.columnThresholdsMax)
            return .init(column: firstColumns[source]! + part, rank: Int8(inPart - DoubleRanks.offset))
        }

        private mutating func categoryPlace(_ split: DoubleSplit, _ tree: DoubleTreeSpec) -> FeatureRanks.Place {
            let rank = Int8(-DoubleRanks.offset)
            let end = Int(split.firstWord) + Int(split.wordCount)
            guard split.firstWord >= 0, split.wordCount >= 0, end <= tree.categoryWords.count else {
                return .init(column: 0, rank: 0)
            }
            let set = tree.categoryWords[Int(split.firstWord)..<end]
            let source = CategorySource(feature: split.feature, words: set)
            if let column = categoryColumns[source] { return .init(column: column, rank: rank) }
            categoryColumns[source] = columns.count
            columns.append(
                Column(
                    feature: split.feature, start: Int32(words.count), count: Int32(set.count), missing: rank + 1,
                    zeroIsMissing: false, method: .categories))
            words += set
            return .init(column: columns.count - 1, rank: rank)
        }
    }
}

extension DoubleRanks {
    /// Writes the ranks of `rowCount` rows, column by column, each `columnStride` bytes long.
    ///
    /// Complexity: O(rows x columns x log thresholds), no allocation.
    func fill(
        _ ranks: UnsafeMutablePointer<Int8>, columnStride: Int, rows: UnsafePointer<Double>, rowCount: Int,
        stride: Int
    ) {
        for index in 0..<columns.count {
            let column = columns.start[index]
            let values = rows + Int(column.feature)
            let target = ranks + index &* columnStride
            if column.method == .categories {
                let set = words.start + Int(column.start)
                for row in 0..<rowCount {
                    let isIn = DoubleWalk.contains(values[row &* stride], set, Int(column.count))
                    target[row] = Int8(truncatingIfNeeded: -Self.offset) &+ (isIn ? 0 : 1)
                }
            } else if column.zeroIsMissing {
                fill(column, values, rowCount, stride, target, zeroIsMissing: true)
            } else {
                fill(column, values, rowCount, stride, target, zeroIsMissing: false)
            }
        }
    }

    @inline(__always)
    private func fill(
        _ column: Column, _ values: UnsafePointer<Double>, _ rowCount: Int, _ stride: Int,
        _ target: UnsafeMutablePointer<Int8>, zeroIsMissing: Bool
    ) {
        let thresholds = thresholds.start + Int(column.start)
        switch column.method {
        case .count:
            let count = Int(column.count)
            for row in 0..<rowCount {
                let x = values[row &* stride]
                var rank = -Self.offset
                for index in 0..<count { rank &+= thresholds[index] < x ? 1 : 0 }
                target[row] = Self.rank(rank, x, column.missing, zeroIsMissing: zeroIsMissing)
            }
        case .search15: search(values, rowCount, stride, thresholds, column.missing, target, zeroIsMissing, 3)
        case .search31: search(values, rowCount, stride, thresholds, column.missing, target, zeroIsMissing, 4)
        case .search63: search(values, rowCount, stride, thresholds, column.missing, target, zeroIsMissing, 5)
        case .search127: search(values, rowCount, stride, thresholds, column.missing, target, zeroIsMissing, 6)
        case .search255: search(values, rowCount, stride, thresholds, column.missing, target, zeroIsMissing, 7)
        case .categories: break
        }
    }

    @inline(__always)
    private func search(
        _ values: UnsafePointer<Double>, _ rowCount: Int, _ stride: Int, _ thresholds: UnsafePointer<Double>,
        _ missing: Int8, _ target: UnsafeMutablePointer<Int8>, _ zeroIsMissing: Bool, _ highestShift: Int
    ) {
        for row in 0..<rowCount {
            let x = values[row &* stride]
            var rank = 0
            if highestShift >= 7 { rank = Self.step(rank, 7, x, thresholds) }
            if highestShift >= 6 { rank = Self.step(rank, 6, x, thresholds) }
            if highestShift >= 5 { rank = Self.step(rank, 5, x, thresholds) }
            if highestShift >= 4 { rank = Self.step(rank, 4, x, thresholds) }
            rank = Self.step(rank, 3, x, thresholds)
            rank = Self.step(rank, 2, x, thresholds)
            rank = Self.step(rank, 1, x, thresholds)
            rank = Self.step(rank, 0, x, thresholds)
            target[row] = Self.rank(rank &- Self.offset, x, missing, zeroIsMissing: zeroIsMissing)
        }
    }

    /// The comparison's bit is shifted into place: as a choice between two numbers the compiler makes it a branch.
    @inline(__always)
    private static func step(_ rank: Int, _ shift: Int, _ x: Double, _ thresholds: UnsafePointer<Double>) -> Int {
        let isBelow = thresholds[rank &+ (1 &<< shift) &- 1] < x ? 1 : 0
        return rank &+ isBelow &<< shift
    }

    /// The rank found, or that of a missing value: by a mask, for a branch would be guessed wrong.
    @inline(__always)
    private static func rank(_ found: Int, _ x: Double, _ missing: Int8, zeroIsMissing: Bool) -> Int8 {
        var isMissing = x != x ? -1 : 0
        if zeroIsMissing { isMissing |= abs(x) <= DoubleSplit.zeroMax ? -1 : 0 }
        return Int8(truncatingIfNeeded: (found & ~isMissing) | (Int(missing) & isMissing))
    }
}

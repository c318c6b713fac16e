/// One thing that a tile knows of its events, and how it is added to, merged and taken out again.
///
/// A tile and the total of a window have the same parts at the same offsets.
struct TilePart {
    enum Kind: UInt8 {
        /// `UInt64`: events that have the value.
        case present
        /// `IntegerSum`: exact.
        case integerSum
        /// `TilePair`.
        case doubleSum
        /// `TileSpread`, of integers in their own unit.
        case spread
        /// The word of the value; the largest, or infinity, before there is any.
        case minimum
        case maximum
        /// `TileEnd`.
        case first
        case last
        case quantile
        case distinct

        var byteCount: Int {
            switch self {
            case .present, .minimum, .maximum, .quantile, .distinct: 8
            case .integerSum, .doubleSum, .first, .last: 16
            case .spread: 24
            }
        }

        /// Whether it has a block of its own.
        var isSketch: Bool { self == .quantile || self == .distinct }

        /// Whether what a total is depends on the order in which it was made, by the rounding of doubles. Such a total
        /// is always the fold of whole tiles, oldest first: it is then a function of the tiles alone, and the tile that
        /// still takes events is added where the total is read.
        var isRounded: Bool { self == .doubleSum || self == .spread }
    }

    let kind: Kind
    let column: ColumnLayout
    let offset: Int

    @inline(__always)
    private func place<Value>(_ tile: UnsafeMutableRawPointer, as type: Value.Type) -> UnsafeMutablePointer<Value> {
        (tile + offset).assumingMemoryBound(to: type)
    }

    func present(_ tile: UnsafeMutableRawPointer) -> UInt64 { place(tile, as: UInt64.self).pointee }
    func integerSum(_ tile: UnsafeMutableRawPointer) -> IntegerSum { place(tile, as: IntegerSum.self).pointee }
    func doubleSum(_ tile: UnsafeMutableRawPointer) -> TilePair { place(tile, as: TilePair.self).pointee }
    func spread(_ tile: UnsafeMutableRawPointer) -> TileSpread { place(tile, as: TileSpread.self).pointee }
    func word(_ tile: UnsafeMutableRawPointer) -> Int64 { place(tile, as: Int64.self).pointee }
    func end(_ tile: UnsafeMutableRawPointer) -> TileEnd { place(tile, as: TileEnd.self).pointee }
    func quantile(_ tile: UnsafeMutableRawPointer) -> UnsafeMutablePointer<QuantileSketch> {
        place(tile, as: QuantileSketch.self)
    }
    func distinct(_ tile: UnsafeMutableRawPointer) -> UnsafeMutablePointer<DistinctSketch> {
        place(tile, as: DistinctSketch.self)
    }

    /// Makes of any bytes a part without values.
    func makeBlank(_ tile: UnsafeMutableRawPointer) {
        let place = tile + offset
        switch kind {
        case .present: place.storeBytes(of: 0, as: UInt64.self)
        case .integerSum: place.storeBytes(of: .zero, as: IntegerSum.self)
        case .doubleSum: place.storeBytes(of: .zero, as: TilePair.self)
        case .spread: place.storeBytes(of: .zero, as: TileSpread.self)
        case .minimum:
            place.storeBytes(of: column.shape == .double ? Self.word(.infinity) : .max, as: Int64.self)
        case .maximum:
            place.storeBytes(of: column.shape == .double ? Self.word(-.infinity) : .min, as: Int64.self)
        case .first: place.storeBytes(of: TileEnd(time: .max, word: 0), as: TileEnd.self)
        case .last: place.storeBytes(of: TileEnd(time: .min, word: 0), as: TileEnd.self)
        case .quantile: place.storeBytes(of: .empty, as: QuantileSketch.self)
        case .distinct: place.storeBytes(of: .empty, as: DistinctSketch.self)
        }
    }

    private static func word(_ value: Double) -> Int64 { Int64(bitPattern: value.bitPattern) }

    /// Gives back what the part holds outside the tile; the part is then to be made blank or forgotten.
    func release(_ tile: UnsafeMutableRawPointer, _ arena: inout BlockArena) {
        switch kind {
        case .quantile: quantile(tile).pointee.release(&arena)
        case .distinct: distinct(tile).pointee.release(&arena)
        default: break
        }
    }

    /// Takes in an event, if it has the value.
    @inline(__always)
    func add(
        _ tile: UnsafeMutableRawPointer, time: Int64, values: UnsafePointer<Int64>, _ arena: inout BlockArena
    ) {
        if !column.isPresent(values: values) { return }
        let word = column.shape == .always ? 1 : values[column.valueWord]
        switch kind {
        case .present: place(tile, as: UInt64.self).pointee &+= 1
        case .integerSum: place(tile, as: IntegerSum.self).pointee.add(word)
        case .doubleSum: place(tile, as: TilePair.self).pointee.add(column.plainNumber(word))
        case .spread: place(tile, as: TileSpread.self).pointee.add(column.plainNumber(word))
        case .minimum, .maximum: takeExtreme(tile, word)
        case .first, .last: takeEnd(tile, TileEnd(time: time, word: word))
        case .quantile: quantile(tile).pointee.add(column.number(word), &arena)
        case .distinct: distinct(tile).pointee.add(column.identity(word), &arena)
        }
    }

    /// Takes in all events of another tile.
    func merge(_ tile: UnsafeMutableRawPointer, _ other: UnsafeMutableRawPointer, _ arena: inout BlockArena) {
        switch kind {
        case .present: place(tile, as: UInt64.self).pointee &+= present(other)
        case .integerSum: place(tile, as: IntegerSum.self).pointee.merge(integerSum(other))
        case .doubleSum: place(tile, as: TilePair.self).pointee.merge(doubleSum(other))
        case .spread: place(tile, as: TileSpread.self).pointee.merge(spread(other))
        case .minimum, .maximum: takeExtreme(tile, word(other))
        case .first, .last: takeEnd(tile, end(other))
        case .quantile: quantile(tile).pointee.merge(quantile(other).pointee, &arena)
        case .distinct: distinct(tile).pointee.merge(distinct(other).pointee, &arena)
        }
    }

    /// Takes a tile out of the total that it was merged into.
    ///
    /// - Returns: whether the total's part has to be made anew.
    func remove(
        _ tile: UnsafeMutableRawPointer, from total: UnsafeMutableRawPointer, _ arena: inout BlockArena
    ) -> Bool {
        switch kind {
        case .present: place(total, as: UInt64.self).pointee &-= present(tile)
        case .integerSum: place(total, as: IntegerSum.self).pointee.subtract(integerSum(tile))
        case .quantile: quantile(total).pointee.subtract(quantile(tile).pointee, &arena)
        // It stays as it is unless it came from this tile.
        case .minimum, .maximum: return word(tile) == word(total)
        case .first, .last: return end(tile).time == end(total).time
        case .doubleSum: return doubleSum(tile).high != 0
        case .spread: return spread(tile).count > 0
        case .distinct: return distinct(tile).pointee.block != nil
        }
        return false
    }

    private func takeExtreme(_ tile: UnsafeMutableRawPointer, _ word: Int64) {
        let extreme = place(tile, as: Int64.self)
        // Of two equal zeros the sign would tell which came first.
        let word = column.shape == .double && column.plainNumber(word) == 0 ? 0 : word
        let isBeyond =
            kind == .minimum ? column.isLess(word, extreme.pointee) : column.isLess(extreme.pointee, word)
        if isBeyond { extreme.pointee = word }
    }

    /// Of the same time, the first is the one that was taken first, the last the one that was taken last.
    private func takeEnd(_ tile: UnsafeMutableRawPointer, _ candidate: TileEnd) {
        let end = place(tile, as: TileEnd.self)
        let isBeyond = kind == .first ? candidate.time < end.pointee.time : candidate.time >= end.pointee.time
        if isBeyond { end.pointee = candidate }
    }
}

extension TilePart.Kind {
    /// What an aggregate needs of each tile.
    init(_ function: AggregateFunction, _ shape: ColumnLayout.Shape) {
        switch function {
        case .count, .rate: self = .present
        case .sum, .mean: self = shape == .double ? .doubleSum : .integerSum
        case .stddev: self = .spread
        case .min: self = .minimum
        case .max: self = .maximum
        case .first: self = .first
        case .last, .previous, .timeSinceLast: self = .last
        case .quantile: self = .quantile
        case .distinct: self = .distinct
        case .ewma: preconditionFailure("\(function) has no window to tile")
        }
    }
}

/// The value at one end of a tile, and when it was.
struct TileEnd {
    /// `Int64.max` for a first, `Int64.min` for a last that is not there.
    var time: Int64
    var word: Int64
}

/// A sum of doubles as an unevaluated pair of doubles: 2^-105 a step (Joldes, Muller and Popescu, ACM TOMS 44, 2017).
///
/// Nothing is ever subtracted from it, so nothing that has left stays behind as an error.
struct TilePair {
    /// In units of 2^32, so that no 2^32 finite values can overflow.
    private(set) var high: Double
    private(set) var low: Double

    static let zero = TilePair(high: 0, low: 0)

    var value: Double { high * 0x1p32 }

    mutating func add(_ value: Double) { accumulate(value * 0x1p-32) }

    mutating func merge(_ other: TilePair) {
        accumulate(other.high)
        accumulate(other.low)
    }

    private mutating func accumulate(_ value: Double) {
        let sum = high + value
        let shadow = sum - high
        let error = (high - (sum - shadow)) + (value - shadow)
        let carried = low + error
        high = sum + carried
        low = carried - (high - sum)
    }
}

/// Mean and spread of numbers: Welford's step, and the merge of Chan, Golub and LeVeque (Updating formulae and a pairwise
/// algorithm for computing sample variances, 1979).
struct TileSpread {
    private(set) var count: Double
    private(set) var mean: Double
    /// The sum of the squared distances from the mean.
    private(set) var squares: Double

    static let zero = TileSpread(count: 0, mean: 0, squares: 0)

    /// Of a sample; NaN for fewer than two numbers.
    var deviation: Double { count < 2 ? .nan : (squares / (count - 1)).squareRoot() }

    mutating func add(_ value: Double) {
        count += 1
        let distance = value - mean
        mean += distance / count
        squares += distance * (value - mean)
    }

    mutating func merge(_ other: TileSpread) {
        if other.count == 0 { return }
        let total = count + other.count
        let distance = other.mean - mean
        mean += distance * (other.count / total)
        squares += other.squares + distance * distance * (count * (other.count / total))
        count = total
    }
}

extension IntegerSum {
    mutating func merge(_ other: IntegerSum) {
        let (sum, carried) = low.addingReportingOverflow(other.low)
        low = sum
        high = high &+ other.high &+ (carried ? 1 : 0)
    }

    mutating func subtract(_ other: IntegerSum) {
        let (difference, borrowed) = low.subtractingReportingOverflow(other.low)
        low = difference
        high = high &- other.high &- (borrowed ? 1 : 0)
    }
}

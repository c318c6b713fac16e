/// Places in an input's range as trees compare them: whole numbers, so that nothing is branched upon.
enum HalfSpacePlace {
    static let one: Int32 = 1 << 28
    /// What is further out than this is as good as here: trees divide between -2 and 3 times `one`. The difference of two
    /// places is an `Int32`.
    static let magnitudeMax = Double(1 << 30)

    /// 1 where the place is left of the threshold, else 0.
    @inline(__always)
    static func isLeft(_ place: Int32, of threshold: Int32) -> Int {
        Int(UInt32(bitPattern: place &- threshold) >> 31)
    }
}

/// What of an input's values is laid over the unit interval in which trees divide: found in a window of values, and
/// frozen until the next.
struct InputRange: Hashable {
    /// The value that becomes 0.
    private(set) var low: Double
    /// `HalfSpacePlace.one` over the range's width; finite and above 0.
    private(set) var scale: Double

    /// Before anything was seen.
    static let unit = InputRange(low: 0, scale: Double(HalfSpacePlace.one))

    /// Values that were drawn at once: the middle of their extremes is one that rare values do not reach.
    static let groupRows = 25
    /// What is left free on each side, in widths of the values.
    private static let margin = 1.0
    /// Larger values are counted as this one, so that no width overflows.
    private static let magnitudeMax = 0x1p1000
    private static let fewGroups = 16

    private init(low: Double, scale: Double) {
        self.low = low
        self.scale = scale
    }

    /// A range that was written down; `nil`: nothing `init(values:...)` could have made.
    init?(low: Double, storedScale scale: Double) {
        guard low.isFinite, scale.isFinite, scale > 0 else { return nil }
        self.init(low: low, scale: scale)
    }

    /// Where the value lies in the range, in fixed point: `HalfSpacePlace.one` is the range's end. A missing value lies
    /// below all others.
    @inline(__always)
    func place(_ value: Double) -> Int32 {
        let place = (value - low) * scale
        // In this order NaN becomes the least.
        let atLeast = place > -HalfSpacePlace.magnitudeMax ? place : -HalfSpacePlace.magnitudeMax
        return Int32(atLeast < HalfSpacePlace.magnitudeMax ? atLeast : HalfSpacePlace.magnitudeMax)
    }

    /// The range of some values in their order: the median of the least of each group of 25, that of the greatest, and
    /// as much again on both sides.
    ///
    /// Half of all groups would have to hold an absurd value before it moves the range. Missing values are passed over;
    /// without any other, the range is `nil`.
    ///
    /// - Parameter extremes: room for two numbers for each group.
    init?(of values: UnsafePointer<Double>, count: Int, extremes: UnsafeMutablePointer<Double>) {
        let greatests = extremes + Self.groupCount(rows: count)
        var groups = 0
        var start = 0
        while start < count {
            // What is left at the end is too few for a group of its own.
            let end = count &- start < 2 &* Self.groupRows ? count : start &+ Self.groupRows
            let (least, greatest) = Self.extremes(of: values + start, count: end &- start)
            // Of none but missing values there is none.
            if least <= greatest {
                extremes[groups] = least
                greatests[groups] = greatest
                groups &+= 1
            }
            start = end
        }
        if groups == 0 { return nil }
        // The one of two in the middle that is further out.
        let least = Self.ranked((groups &- 1) / 2, extremes, count: groups)
        let greatest = Self.ranked(groups / 2, greatests, count: groups)
        let first = max(-Self.magnitudeMax, min(Self.magnitudeMax, least))
        let last = max(-Self.magnitudeMax, min(Self.magnitudeMax, greatest))
        // Of values that are all the same anything else is far away, but not what differs by rounding alone.
        let width = max(last - first, max(first.magnitude, last.magnitude) * 0x1p-40, 0x1p-60)
        self.init(low: first - Self.margin * width, scale: Double(HalfSpacePlace.one) / ((1 + 2 * Self.margin) * width))
    }

    /// The least and the greatest value; of missing ones alone infinity and its opposite.
    ///
    /// Every fourth value goes the same way: otherwise each would wait for the one before it.
    @inline(__always)
    private static func extremes(of values: UnsafePointer<Double>, count: Int) -> (least: Double, greatest: Double) {
        // A comparison with NaN is false: it leaves what is there.
        func lesser(_ value: Double, _ other: Double) -> Double { value < other ? value : other }
        func greater(_ value: Double, _ other: Double) -> Double { value > other ? value : other }
        var (least0, least1, least2, least3) = (Double.infinity, Double.infinity, Double.infinity, Double.infinity)
        var (most0, most1, most2, most3) = (-Double.infinity, -Double.infinity, -Double.infinity, -Double.infinity)
        var index = 0
        while index &+ 4 <= count {
            least0 = lesser(values[index], least0)
            least1 = lesser(values[index &+ 1], least1)
            least2 = lesser(values[index &+ 2], least2)
            least3 = lesser(values[index &+ 3], least3)
            most0 = greater(values[index], most0)
            most1 = greater(values[index &+ 1], most1)
            most2 = greater(values[index &+ 2], most2)
            most3 = greater(values[index &+ 3], most3)
            index &+= 4
        }
        while index < count {
            least0 = lesser(values[index], least0)
            most0 = greater(values[index], most0)
            index &+= 1
        }
        return (
            lesser(lesser(least0, least1), lesser(least2, least3)),
            greater(greater(most0, most1), greater(most2, most3))
        )
    }

    static func groupCount(rows: Int) -> Int { max(1, rows / groupRows) }

    /// The number that stands at a place when they are sorted.
    ///
    /// Of few numbers each is compared with each, without branches that nobody can foretell.
    private static func ranked(_ place: Int, _ numbers: UnsafeMutablePointer<Double>, count: Int) -> Double {
        if count > fewGroups {
            sort(numbers, count: count)
            return numbers[place]
        }
        var index = 0
        while true {
            let number = numbers[index]
            var (less, equal) = (0, 0)
            for other in 0..<count {
                less &+= numbers[other] < number ? 1 : 0
                equal &+= numbers[other] == number ? 1 : 0
            }
            if less <= place && place < less &+ equal { return number }
            index &+= 1
        }
    }

    /// A heap sort: the library's may allocate.
    private static func sort(_ numbers: UnsafeMutablePointer<Double>, count: Int) {
        var start = count / 2
        while start > 0 {
            start &-= 1
            sink(start, in: numbers, count: count)
        }
        var end = count
        while end > 1 {
            end &-= 1
            let greatest = numbers[0]
            numbers[0] = numbers[end]
            numbers[end] = greatest
            sink(0, in: numbers, count: end)
        }
    }

    private static func sink(_ start: Int, in numbers: UnsafeMutablePointer<Double>, count: Int) {
        let number = numbers[start]
        var place = start
        while 2 &* place &+ 1 < count {
            var child = 2 &* place &+ 1
            if child &+ 1 < count && numbers[child] < numbers[child &+ 1] { child &+= 1 }
            if numbers[child] <= number { break }
            numbers[place] = numbers[child]
            place = child
        }
        numbers[place] = number
    }
}

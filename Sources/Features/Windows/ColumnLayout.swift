/// How the values of one column stand in the entries of a ring.
struct ColumnLayout {
    enum Shape: UInt8 {
        /// One word: an integer that is always there.
        case integer
        /// Two words: an integer, 0 where it is missing, and 1 or 0.
        case optionalInteger
        /// One word: a double's bits; NaN is missing.
        case double
        /// One word: the hash of a text; 0 is missing.
        case hash
        /// One word: 1 where the event counts, else 0.
        case flag
    }

    let shape: Shape
    /// Which word of a ring entry holds the value (0 is the time).
    let entryWord: Int
    /// 10^scale: divides the exact integer.
    let divisor: Double

    init(_ plan: ValueColumnPlan, entryWord: Int) {
        self.entryWord = entryWord
        var divisor = 1.0
        switch plan.content {
        case .integers(_, let scale, let mayBeMissing):
            shape = mayBeMissing || plan.filter != nil ? .optionalInteger : .integer
            for _ in 0..<scale { divisor *= 10 }
        case .doubles: shape = .double
        case .hashes: shape = .hash
        case .ones: shape = .flag
        }
        self.divisor = divisor
    }

    var words: Int { shape == .optionalInteger ? 2 : 1 }

    /// Whether the event of a ring entry has a value.
    @inline(__always)
    func isPresent(_ entry: UnsafePointer<Int64>) -> Bool {
        switch shape {
        case .integer: true
        case .optionalInteger: entry[entryWord &+ 1] != 0
        case .double: !Self.double(entry[entryWord]).isNaN
        case .hash, .flag: entry[entryWord] != 0
        }
    }

    /// The value as a number, if it is one.
    @inline(__always)
    func number(_ word: Int64) -> Double {
        switch shape {
        case .double: Self.double(word)
        default: Double(word) / divisor
        }
    }

    /// Whether `left` is less than `right`.
    @inline(__always)
    func isLess(_ left: Int64, _ right: Int64) -> Bool {
        shape == .double ? Self.double(left) < Self.double(right) : left < right
    }

    /// What is equal for equal values and, but for chance, differs for others.
    @inline(__always)
    func identity(_ word: Int64) -> UInt64 {
        // Both zeros are one value.
        shape == .double && Self.double(word) == 0 ? 0 : UInt64(bitPattern: word)
    }

    @inline(__always)
    static func double(_ word: Int64) -> Double { Double(bitPattern: UInt64(bitPattern: word)) }
}

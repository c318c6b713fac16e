/// How the values of one column stand among the words of an event, in a ring's entry as well as in what tiles take in.
struct ColumnLayout: Equatable {
    enum Shape: UInt8 {
        /// No word: every event counts.
        case always
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
    /// Which of an event's words holds the value.
    let valueWord: Int
    /// 10^scale: divides the exact integer.
    let divisor: Double

    static let everyEvent = ColumnLayout(shape: .always, valueWord: 0, divisor: 1)

    init(shape: Shape, valueWord: Int, divisor: Double) {
        self.shape = shape
        self.valueWord = valueWord
        self.divisor = divisor
    }

    init(_ plan: ValueColumnPlan, valueWord: Int) {
        var divisor = 1.0
        if case .integers(_, let scale, _) = plan.content {
            for _ in 0..<scale { divisor *= 10 }
        }
        self.init(shape: Shape(plan), valueWord: valueWord, divisor: divisor)
    }

    /// Which word of a ring's entry holds the value: the time stands before an event's words.
    @inline(__always)
    var entryWord: Int { valueWord &+ 1 }

    var words: Int { shape == .always ? 0 : shape == .optionalInteger ? 2 : 1 }

    /// Whether the event of a ring entry has a value.
    @inline(__always)
    func isPresent(_ entry: UnsafePointer<Int64>) -> Bool { isPresent(values: entry + 1) }

    /// Whether the event with these words has a value.
    @inline(__always)
    func isPresent(values: UnsafePointer<Int64>) -> Bool {
        switch shape {
        case .always, .integer: true
        case .optionalInteger: values[valueWord &+ 1] != 0
        case .double: !Self.double(values[valueWord]).isNaN
        case .hash, .flag: values[valueWord] != 0
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

    /// As `number`, but not divided.
    @inline(__always)
    func plainNumber(_ word: Int64) -> Double { shape == .double ? Self.double(word) : Double(word) }

    /// Whether `left` is less than `right`.
    @inline(__always)
    func isLess(_ left: Int64, _ right: Int64) -> Bool {
        shape == .double ? Self.double(left) < Self.double(right) : left < right
    }

    /// What is equal for equal values and, but for chance, differs for others.
    @inline(__always)
    func identity(_ word: Int64) -> UInt64 {
        shape == .double ? WordMix.word(of: Self.double(word)) : UInt64(bitPattern: word)
    }

    @inline(__always)
    static func double(_ word: Int64) -> Double { Double(bitPattern: UInt64(bitPattern: word)) }
}

extension ColumnLayout.Shape {
    init(_ plan: ValueColumnPlan) {
        switch plan.content {
        case .integers(_, _, let mayBeMissing):
            self = mayBeMissing || plan.filter != nil ? .optionalInteger : .integer
        case .doubles: self = .double
        case .hashes: self = .hash
        case .ones: self = .flag
        }
    }
}

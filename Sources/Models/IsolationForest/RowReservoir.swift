#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A uniform sample without replacement of rows whose number is not known before they end, in one pass.
///
/// Algorithm L (Li, ACM TOMS 1994): which row is taken next is drawn at once, so that the rows between cost nothing.
struct RowReservoir: Sendable {
    private let capacity: Int
    private let width: Int
    private(set) var random: SampleRandom
    /// Row-major, `width` numbers a row.
    private(set) var values: [Double] = []
    /// The number, from 0, of the next row that is taken; `Int.max`: none.
    private(set) var next = 0
    private var weight = 1.0

    init(capacity: Int, width: Int, random: SampleRandom) {
        self.capacity = capacity
        self.width = width
        self.random = random
    }

    var rowCount: Int { values.count / width }

    /// Takes the row with number `next`.
    mutating func take(_ row: UnsafeBufferPointer<Double>) {
        if rowCount < capacity {
            values.append(contentsOf: row)
            next += 1
            if rowCount < capacity { return }
        } else {
            let place = random.below(capacity) * width
            for column in 0..<width { values[place + column] = row[column] }
            next += 1
        }
        skip()
    }

    private mutating func skip() {
        weight *= exp(log(random.positiveUnit()) / Double(capacity))
        let skipped = (log(random.positiveUnit()) / log1p(-weight)).rounded(.down)
        // 0 / 0 where the weight has gone to nothing; further than any history anyway.
        guard skipped >= 0, skipped < 0x1p62 - Double(next) else {
            next = .max
            return
        }
        next += Int(skipped)
    }
}

/// The generator MT19937, seeded and drawn from as CPython's `random.Random` does.
///
/// Source: M. Matsumoto and T. Nishimura, "Mersenne Twister", ACM Transactions on Modeling and Computer Simulation 8,
/// 1998, with their initialisation by an array.
struct MersenneTwister: Sendable {
    private static let size = 624
    private static let middle = 397

    private var state: [UInt32]
    private var place: Int

    /// As `random.Random(seed)`.
    init(seed: Int) {
        let magnitude = UInt64(seed.magnitude)
        let (low, high) = (UInt32(truncatingIfNeeded: magnitude), UInt32(truncatingIfNeeded: magnitude >> 32))
        let key = high == 0 ? [low] : [low, high]
        state = [UInt32](repeating: 0, count: Self.size)
        place = Self.size
        fill(19_650_218)
        var (i, j) = (1, 0)
        for _ in 0..<max(Self.size, key.count) {
            state[i] = (state[i] ^ mixed(i - 1, 1_664_525)) &+ key[j] &+ UInt32(j)
            i = next(i)
            j = (j + 1) % key.count
        }
        for _ in 0..<(Self.size - 1) {
            state[i] = (state[i] ^ mixed(i - 1, 1_566_083_941)) &- UInt32(i)
            i = next(i)
        }
        state[0] = 0x8000_0000
    }

    private mutating func fill(_ seed: UInt32) {
        state[0] = seed
        for k in 1..<Self.size { state[k] = mixed(k - 1, 1_812_433_253) &+ UInt32(k) }
    }

    private func mixed(_ k: Int, _ factor: UInt32) -> UInt32 { (state[k] ^ (state[k] >> 30)) &* factor }

    /// The place behind; the first one is never worked on, but takes the last one's value over.
    private mutating func next(_ k: Int) -> Int {
        if k + 1 < Self.size { return k + 1 }
        state[0] = state[Self.size - 1]
        return 1
    }

    mutating func word() -> UInt32 {
        if place == Self.size { twist() }
        var y = state[place]
        place += 1
        y ^= y >> 11
        y ^= (y << 7) & 0x9d2c_5680
        y ^= (y << 15) & 0xefc6_0000
        return y ^ (y >> 18)
    }

    private mutating func twist() {
        for k in 0..<Self.size {
            let y = (state[k] & 0x8000_0000) | (state[(k + 1) % Self.size] & 0x7fff_ffff)
            let odd: UInt32 = y & 1 == 0 ? 0 : 0x9908_b0df
            state[k] = state[(k + Self.middle) % Self.size] ^ (y >> 1) ^ odd
        }
        place = 0
    }

    /// An integer from 0 to below `bound`, every one as likely: as many bits as it has, drawn again while too large.
    ///
    /// - Precondition: `bound` is 1 to 2^31.
    mutating func below(_ bound: Int) -> Int {
        let bits = Int.bitWidth - bound.leadingZeroBitCount
        while true {
            let drawn = Int(word() >> UInt32(32 - bits))
            if drawn < bound { return drawn }
        }
    }

    func write(to writer: inout DetectorStateWriter) {
        writer.write(place)
        for word in state { writer.write(Int(word)) }
    }

    mutating func read(from reader: inout DetectorStateReader) throws(DetectorRefusal) {
        place = try reader.count(0...Self.size, "the generator's place")
        for k in 0..<Self.size { state[k] = UInt32(try reader.count(0...Int(UInt32.max), "the generator")) }
    }
}

/// Draws places without replacement as CPython's `random.sample(range(n), k)`, with memory that is used again.
struct SampleDrawing: Sendable {
    private let population: Int
    private var pool: [Int]
    private var isTaken: [Bool]
    private(set) var places: [Int]

    /// - Precondition: `count` is 1 to `population`.
    init(_ count: Int, of population: Int) {
        precondition((1...population).contains(count), "\(count) of \(population)")
        self.population = population
        places = [Int](repeating: 0, count: count)
        let usesPool = population <= Self.poolMax(count)
        pool = usesPool ? Array(0..<population) : []
        isTaken = usesPool ? [] : [Bool](repeating: false, count: population)
    }

    /// CPython takes from a list of all places where that is smaller than a set of those drawn.
    private static func poolMax(_ count: Int) -> Int {
        if count <= 5 { return 21 }
        var table = 1
        while table < 3 * count { table *= 4 }
        return 21 + table
    }

    mutating func draw(_ generator: inout MersenneTwister) {
        if isTaken.isEmpty {
            for k in 0..<population { pool[k] = k }
            for k in places.indices {
                let drawn = generator.below(population - k)
                places[k] = pool[drawn]
                pool[drawn] = pool[population - k - 1]
            }
            return
        }
        for k in places.indices {
            var drawn = generator.below(population)
            while isTaken[drawn] { drawn = generator.below(population) }
            isTaken[drawn] = true
            places[k] = drawn
        }
        for place in places { isTaken[place] = false }
    }
}

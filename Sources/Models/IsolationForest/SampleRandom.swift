/// The random numbers of one tree, the same everywhere (SplitMix64; Steele, Lea and Flood 2014).
struct SampleRandom: Sendable {
    private static let step: UInt64 = 0x9E37_79B9_7F4A_7C15
    private var state: UInt64

    /// Trees of one seed, and a tree of several seeds, begin in unrelated places.
    init(seed: Int, tree: Int) {
        let seed = Self.mixed(UInt64(bitPattern: Int64(seed)) &+ Self.step)
        state = Self.mixed(seed ^ Self.mixed(UInt64(bitPattern: Int64(tree)) &* Self.step))
    }

    private static func mixed(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func next() -> UInt64 {
        state &+= Self.step
        return Self.mixed(state)
    }

    /// From 0 up to but without `bound`, which is at least 1.
    mutating func below(_ bound: Int) -> Int {
        // The high half of the product: what a number is more often than another is beyond 2^-40.
        Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(truncatingIfNeeded: bound)).high)
    }

    /// From 0 up to but without 1.
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// Above 0, up to 1: what has a logarithm.
    mutating func positiveUnit() -> Double { Double((next() >> 11) + 1) * 0x1p-53 }
}

/// xoshiro256** (Blackman and Vigna, 2018), seeded through SplitMix64: the same draws on every machine.
struct SimulatedRandom {
    private var a: UInt64
    private var b: UInt64
    private var c: UInt64
    private var d: UInt64

    /// Streams of one seed are independent of one another.
    init(seed: UInt64, stream: UInt64) {
        var mixed = seed &+ stream &* 0xD1B5_4A32_D192_ED03
        func mix() -> UInt64 {
            mixed &+= 0x9E37_79B9_7F4A_7C15
            var word = mixed
            word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
            return word ^ (word >> 31)
        }
        a = mix()
        b = mix()
        c = mix()
        d = mix()
    }

    @inline(__always)
    mutating func next() -> UInt64 {
        let product = b &* 5
        let result = (product << 7 | product >> 57) &* 9
        let shifted = b << 17
        c ^= a
        d ^= b
        b ^= c
        a ^= d
        c ^= shifted
        d = d << 45 | d >> 19
        return result
    }

    /// In [0, 1), a multiple of 2^-53.
    @inline(__always)
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    @inline(__always)
    mutating func below(_ bound: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(bound)).high) }
}

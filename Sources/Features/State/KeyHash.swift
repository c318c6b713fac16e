/// A 64-bit hash of a key's bytes: multiply-and-fold over 8-byte words, finished with an avalanche.
struct KeyHash {
    let seed: UInt64
    /// Odd, with bits all over.
    let multiplier: UInt64
    private static let finalMask: UInt64 = 0xA076_1D64_78BD_642F

    /// The hash that chooses a key's shard.
    ///
    /// It is fixed for all time and all machines: which keys share a shard decides which are evicted together when a
    /// table is full, and that must be equal in training and serving.
    static let fixed = KeyHash(seed: 0x9E37_79B9_7F4A_7C15, multiplier: 0xD6E8_FEB8_6659_FD93)

    /// A hash that nobody can foresee, for places in tables: whoever may choose keys could otherwise choose them so
    /// that they all collide, and make every look-up a search. Nothing that can be seen depends on those places.
    static func makeSecret() -> KeyHash {
        var random = SystemRandomNumberGenerator()
        return KeyHash(seed: random.next(), multiplier: random.next() | 0x8000_0000_0000_0001)
    }

    /// Complexity: about 1 ns for each 8 bytes.
    @inline(__always)
    func callAsFunction(_ bytes: UnsafeRawPointer, count: Int) -> UInt64 {
        var state = seed ^ UInt64(truncatingIfNeeded: count) &* multiplier
        if count < 8 { return fold(fold(state ^ KeyWords.short(bytes, count: count)) ^ Self.finalMask) }
        var offset = 0
        while offset &+ 8 < count {
            state = fold(state ^ Self.word(bytes, at: offset))
            offset &+= 8
        }
        // The last word overlaps the one before it where the length is no multiple of eight.
        return fold(fold(state ^ Self.word(bytes, at: count &- 8)) ^ Self.finalMask)
    }

    @inline(__always)
    private static func word(_ bytes: UnsafeRawPointer, at offset: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    @inline(__always)
    private func fold(_ value: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: multiplier)
        return (product.high ^ product.low) &+ seed
    }
}

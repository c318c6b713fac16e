/// SipHash-2-4 with 128 bits: a keyed hash of bytes, made so that without the key collisions cannot be looked for cheaply.
///
/// Source: J.-P. Aumasson and D. J. Bernstein, "SipHash: a fast short-input PRF", 2012, and their variant of 128 bits.
struct SipHash128 {
    private var (a, b, c, d): (UInt64, UInt64, UInt64, UInt64)

    private init(key: (low: UInt64, high: UInt64)) {
        a = key.low ^ 0x736F_6D65_7073_6575
        b = key.high ^ 0x646F_7261_6E64_6F6D ^ 0xEE
        c = key.low ^ 0x6C79_6765_6E65_7261
        d = key.high ^ 0x7465_6462_7974_6573
    }

    /// The first and the last eight bytes of the hash, each the lowest byte first.
    ///
    /// Complexity: O(bytes), without allocation.
    static func of(_ bytes: UnsafeRawBufferPointer, key: (low: UInt64, high: UInt64)) -> (UInt64, UInt64) {
        var state = SipHash128(key: key)
        var offset = 0
        while offset &+ 8 <= bytes.count {
            state.take(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
            offset &+= 8
        }
        var rest = UInt64(truncatingIfNeeded: bytes.count) << 56
        var shift: UInt64 = 0
        while offset < bytes.count {
            rest |= UInt64(bytes[offset]) << shift
            offset &+= 1
            shift &+= 8
        }
        state.take(rest)
        state.c ^= 0xEE
        let first = state.finished()
        state.b ^= 0xDD
        return (first, state.finished())
    }

    @inline(__always)
    private mutating func take(_ word: UInt64) {
        d ^= word
        turn()
        turn()
        a ^= word
    }

    private mutating func finished() -> UInt64 {
        turn()
        turn()
        turn()
        turn()
        return a ^ b ^ c ^ d
    }

    @inline(__always)
    private mutating func turn() {
        a &+= b
        b = Self.left(b, 13) ^ a
        a = Self.left(a, 32)
        c &+= d
        d = Self.left(d, 16) ^ c
        a &+= d
        d = Self.left(d, 21) ^ a
        c &+= b
        b = Self.left(b, 17) ^ c
        c = Self.left(c, 32)
    }

    @inline(__always)
    private static func left(_ word: UInt64, _ places: UInt64) -> UInt64 { word << places | word >> (64 &- places) }
}

/// A small, fixed generator, so that a failure can be run again from its seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state &* 0x2545_F491_4F6C_DD1D
    }
}

/// What a writer writes, with a check that it stays within `capacity`.
func written(capacity: Int = 64, _ write: (UnsafeMutablePointer<UInt8>) -> Int) -> String {
    let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity + 8)
    defer { buffer.deallocate() }
    buffer.initialize(repeating: 0xEE, count: capacity + 8)
    let length = write(buffer)
    let isWithin = length <= capacity && (0..<8).allSatisfy { buffer[capacity + $0] == 0xEE }
    return isWithin
        ? String(decoding: UnsafeBufferPointer(start: buffer, count: length), as: UTF8.self) : "beyond the buffer"
}

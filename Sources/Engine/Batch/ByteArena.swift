/// Bytes that are written one record after the other and read once; grows while warming up and is kept.
struct ByteArena: ~Copyable {
    private(set) var bytes: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private(set) var count = 0

    init(capacity: Int) {
        self.capacity = max(64, capacity)
        bytes = .allocate(capacity: self.capacity)
    }

    deinit { bytes.deallocate() }

    mutating func removeAll() { count = 0 }

    /// Where the next record may be written, with room for at least `length` bytes.
    @inline(__always)
    mutating func reserve(_ length: Int) -> UnsafeMutablePointer<UInt8> {
        if count &+ length > capacity { grow(toHold: count + length) }
        return bytes + count
    }

    /// Ends a record that was written where `reserve` said.
    @inline(__always)
    mutating func commit(_ length: Int) { count &+= length }

    @inline(never)
    private mutating func grow(toHold needed: Int) {
        let grown = UnsafeMutablePointer<UInt8>.allocate(capacity: max(needed, capacity * 2))
        grown.update(from: bytes, count: count)
        bytes.deallocate()
        bytes = grown
        capacity = max(needed, capacity * 2)
    }
}

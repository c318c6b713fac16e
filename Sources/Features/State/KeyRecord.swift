/// What every key's record begins with; cursors and sums follow as `RecordLayout` says.
///
/// Positions in the ring (`head`, `tail`, cursors) count up for ever modulo 2^32; their differences are what matters.
struct KeyRecord {
    /// The key's place in the table.
    var hash: UInt64
    /// The newest event time of the key: its cursors stand as of this time. `Int64.min` before the first.
    var newestTime: Int64
    /// The ring of remembered events, oldest at `head`.
    var ring: UnsafeMutablePointer<Int64>
    var head: UInt32
    /// Behind the newest event; the cursor of the edge of span 0.
    var tail: UInt32
    /// Events the ring holds, minus one: a power of two less one.
    var ringMask: UInt32
    var keyCount: UInt32
    /// What tells short keys apart; of longer ones `first` points to a block with all bytes.
    var key: KeyWords

    /// No key has so many bytes: the record is free.
    static let freeKeyCount = UInt32.max
    static let tailOffset = MemoryLayout<KeyRecord>.offset(of: \.tail)!

    /// The bytes of the key; valid within `body` only.
    func withKeyBytes<Result>(_ body: (UnsafeRawPointer) -> Result) -> Result {
        let count = Int(keyCount)
        if count > KeyWords.inlineBytesMax, let block = UnsafeRawPointer(bitPattern: UInt(key.first)) {
            return body(block)
        }
        return withUnsafeTemporaryAllocation(byteCount: KeyWords.inlineBytesMax, alignment: 8) { buffer in
            key.write(to: buffer, count: count)
            return body(UnsafeRawPointer(buffer.baseAddress.unsafelyUnwrapped))
        }
    }
}

/// Sixteen bytes that, with its length, stand for a key of at most 16 bytes, or filter longer ones.
struct KeyWords: Equatable {
    /// Keys up to this length are kept in their record.
    static let inlineBytesMax = 16

    var first: UInt64
    var second: UInt64

    /// From eight bytes on the first and the last eight, which may overlap; below, the bytes in an order of their own.
    @inline(__always)
    init(_ bytes: UnsafeRawPointer, count: Int) {
        if count >= 8 {
            first = bytes.loadUnaligned(as: UInt64.self)
            second = bytes.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
        } else {
            first = Self.short(bytes, count: count)
            second = 0
        }
    }

    /// Writes the `count` bytes, at most 16, that these words were made of.
    func write(to buffer: UnsafeMutableRawBufferPointer, count: Int) {
        if count >= 8 {
            buffer.storeBytes(of: first, as: UInt64.self)
            buffer.storeBytes(of: second, toByteOffset: count - 8, as: UInt64.self)
        } else if count >= 4 {
            buffer.storeBytes(of: UInt32(truncatingIfNeeded: first).littleEndian, as: UInt32.self)
            buffer.storeBytes(
                of: UInt32(truncatingIfNeeded: first >> 32).littleEndian, toByteOffset: count - 4, as: UInt32.self)
        } else if count > 0 {
            buffer[0] = UInt8(truncatingIfNeeded: first)
            buffer[count >> 1] = UInt8(truncatingIfNeeded: first >> 8)
            buffer[count - 1] = UInt8(truncatingIfNeeded: first >> 16)
        }
    }

    /// Up to seven bytes in one word, each at least once.
    @inline(__always)
    static func short(_ bytes: UnsafeRawPointer, count: Int) -> UInt64 {
        if count >= 4 {
            let low = UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self))
            let high = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self))
            return UInt64(high) << 32 | UInt64(low)
        }
        if count == 0 { return 0 }
        let first = UInt64(bytes.load(as: UInt8.self))
        let middle = UInt64(bytes.load(fromByteOffset: count >> 1, as: UInt8.self))
        let last = UInt64(bytes.load(fromByteOffset: count &- 1, as: UInt8.self))
        return last << 16 | middle << 8 | first
    }
}

/// A key to look for; its bytes are borrowed from the batch.
struct ProbedKey {
    let bytes: UnsafeRawPointer
    let count: Int
    let words: KeyWords

    @inline(__always)
    init(bytes: UnsafeRawPointer, count: Int) {
        self.bytes = bytes
        self.count = count
        words = KeyWords(bytes, count: count)
    }

    @inline(__always)
    func equals(_ record: UnsafeMutablePointer<KeyRecord>) -> Bool {
        if Int(record.pointee.keyCount) != count || record.pointee.key.second != words.second { return false }
        if count <= KeyWords.inlineBytesMax { return record.pointee.key.first == words.first }
        return equalsLong(record)
    }

    @inline(never)
    private func equalsLong(_ record: UnsafeMutablePointer<KeyRecord>) -> Bool {
        guard let stored = UnsafeRawPointer(bitPattern: UInt(record.pointee.key.first)) else { return false }
        var offset = 0
        // The last eight bytes are compared already.
        while offset < count &- 8 {
            let left = stored.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            if left != bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self) { return false }
            offset &+= 8
        }
        return true
    }
}

/// Memory for the rings of one shard's keys: blocks whose sizes are powers of two, cut from large chunks and kept on
/// free lists.
///
/// Keys come, grow and go all the time; a free list a size makes that cost a few instructions, and after warm-up no
/// call of the system's allocator. A block belongs to whoever took it until it is given back with the same size class.
struct BlockArena: ~Copyable {
    /// The smallest block: 2^6 = 64 bytes, a cache line.
    static let smallestClass = 6
    /// Blocks from 2^20 bytes on come straight from the system.
    static let largestClass = 20
    private static let chunkBytesMax = 1 << 20

    private var freeLists: [UnsafeMutableRawPointer?]
    private var chunks: [UnsafeMutableRawPointer] = []
    private var chunkBytes = 1 << 15
    private var cursor: UnsafeMutableRawPointer
    private var remaining = 0
    /// Bytes taken from the system, for `riffle check` and metrics.
    private(set) var bytesReserved = 0

    init() {
        freeLists = Array(repeating: nil, count: Self.largestClass + 1)
        chunks.reserveCapacity(64)
        cursor = UnsafeMutableRawPointer(bitPattern: 64)!
    }

    deinit {
        for chunk in chunks { chunk.deallocate() }
    }

    static func sizeClass(forBytes bytes: Int) -> Int {
        max(smallestClass, Int.bitWidth - (bytes - 1).leadingZeroBitCount)
    }

    mutating func take(sizeClass: Int) -> UnsafeMutableRawPointer {
        if sizeClass > Self.largestClass {
            bytesReserved += 1 << sizeClass
            return .allocate(byteCount: 1 << sizeClass, alignment: 64)
        }
        if let block = freeLists[sizeClass] {
            freeLists[sizeClass] = block.load(as: UnsafeMutableRawPointer?.self)
            return block
        }
        let bytes = 1 << sizeClass
        if remaining < bytes { refill(atLeast: bytes) }
        let block = cursor
        cursor += bytes
        remaining -= bytes
        return block
    }

    mutating func giveBack(_ block: UnsafeMutableRawPointer, sizeClass: Int) {
        if sizeClass > Self.largestClass {
            bytesReserved -= 1 << sizeClass
            block.deallocate()
            return
        }
        block.storeBytes(of: freeLists[sizeClass], as: UnsafeMutableRawPointer?.self)
        freeLists[sizeClass] = block
    }

    private mutating func refill(atLeast bytes: Int) {
        // What is left of the old chunk serves smaller blocks.
        for sizeClass in stride(from: Self.largestClass, through: Self.smallestClass, by: -1)
        where remaining >= 1 << sizeClass {
            giveBack(cursor, sizeClass: sizeClass)
            cursor += 1 << sizeClass
            remaining -= 1 << sizeClass
        }
        chunkBytes = min(Self.chunkBytesMax, max(chunkBytes * 2, bytes))
        let size = max(chunkBytes, bytes)
        cursor = .allocate(byteCount: size, alignment: 64)
        remaining = size
        bytesReserved += size
        chunks.append(cursor)
    }
}

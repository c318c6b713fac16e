/// Memory for what the keys of one shard remember: blocks whose sizes are powers of two, cut from large chunks.
///
/// Keys come, grow and go all the time; after warm-up that costs a few instructions and no call of the system's
/// allocator. A block belongs to whoever took it until it is given back with the same size class.
///
/// This is the binary buddy system (Knowlton, CACM 8, 1965): a block that is given back is joined with the other half of
/// the block that it was cut from, if that is free, so that keys which grow together do not leave all their smaller
/// blocks behind. Blocks are joined when memory is short and many are loose; until then they serve the next of their
/// size.
///
/// ```
///   chunk of 2^18 bytes, at a multiple of its size
///   │ states │  2^12  │      2^13      │             2^14             │ ... │ 2^17 │
///     a byte for each 64: the size class of the free block that begins there, or 0
/// ```
struct BlockArena: ~Copyable {
    /// The smallest block: 2^6 = 64 bytes, a cache line.
    static let smallestClass = 6
    /// Larger blocks come straight from the system.
    static let largestClass = 17
    private static let chunkClass = 18
    private static let chunkBytes = 1 << chunkClass
    /// Chunks that are taken at once by an arena that has many: fewer mappings for the system.
    private static let chunksAtOnceMax = 4
    private static let statesClass = chunkClass - smallestClass

    /// So much of what was taken from the system has to be loose before blocks are joined, for that to cost little a
    /// block.
    private static let looseShare = 64

    /// By size class: blocks that were given back and are not joined yet, each of which points to the next.
    private let looseLists: UnsafeMutablePointer<UnsafeMutableRawPointer?>
    private var looseBytes = 0
    /// By size class: free blocks, each of which points to the next and to the one before it.
    private let freeLists: UnsafeMutablePointer<UnsafeMutableRawPointer?>
    /// A bit for each size class that has a free block.
    private var available: UInt32 = 0
    private var slabs: [UnsafeMutableRawPointer] = []
    private var chunkCount = 0
    /// Bytes taken from the system, for metrics.
    private(set) var bytesReserved = 0

    init() {
        looseLists = .allocate(capacity: Self.chunkClass)
        looseLists.initialize(repeating: nil, count: Self.chunkClass)
        freeLists = .allocate(capacity: Self.chunkClass)
        freeLists.initialize(repeating: nil, count: Self.chunkClass)
        slabs.reserveCapacity(64)
    }

    deinit {
        for slab in slabs { slab.deallocate() }
        looseLists.deallocate()
        freeLists.deallocate()
    }

    static func sizeClass(forBytes bytes: Int) -> Int {
        max(smallestClass, Int.bitWidth - (bytes - 1).leadingZeroBitCount)
    }

    /// Complexity: amortised O(1).
    mutating func take(sizeClass: Int) -> UnsafeMutableRawPointer {
        if sizeClass > Self.largestClass {
            bytesReserved += 1 << sizeClass
            return .allocate(byteCount: 1 << sizeClass, alignment: 64)
        }
        if let block = looseLists[sizeClass] {
            looseLists[sizeClass] = Self.next(block).pointee
            looseBytes -= 1 << sizeClass
            return block
        }
        return cut(sizeClass: sizeClass)
    }

    /// Complexity: amortised O(1).
    mutating func giveBack(_ block: UnsafeMutableRawPointer, sizeClass: Int) {
        if sizeClass > Self.largestClass {
            bytesReserved -= 1 << sizeClass
            block.deallocate()
            return
        }
        Self.next(block).pointee = looseLists[sizeClass]
        looseLists[sizeClass] = block
        looseBytes += 1 << sizeClass
    }

    // MARK: - Cutting and joining

    @inline(never)
    private mutating func cut(sizeClass: Int) -> UnsafeMutableRawPointer {
        if available >> UInt32(sizeClass) == 0, looseBytes * Self.looseShare >= bytesReserved { joinAll() }
        if available >> UInt32(sizeClass) == 0 { addChunks() }
        var found = sizeClass + (available >> UInt32(sizeClass)).trailingZeroBitCount
        let block = freeLists[found].unsafelyUnwrapped
        remove(block, sizeClass: found)
        while found > sizeClass {
            found -= 1
            add(block + (1 << found), sizeClass: found)
        }
        return block
    }

    private mutating func joinAll() {
        for sizeClass in Self.smallestClass...Self.largestClass {
            while let block = looseLists[sizeClass] {
                looseLists[sizeClass] = Self.next(block).pointee
                join(block, sizeClass: sizeClass)
            }
        }
        looseBytes = 0
    }

    private mutating func join(_ block: UnsafeMutableRawPointer, sizeClass: Int) {
        var (block, sizeClass) = (block, sizeClass)
        // The states in front are never free, so that no chunk becomes whole.
        while sizeClass < Self.largestClass {
            let address = UInt(bitPattern: block)
            let buddy = address & (1 << UInt(sizeClass)) == 0 ? block + (1 << sizeClass) : block - (1 << sizeClass)
            if Self.state(buddy).pointee != UInt8(sizeClass) { break }
            remove(buddy, sizeClass: sizeClass)
            block = min(block, buddy)
            sizeClass += 1
        }
        add(block, sizeClass: sizeClass)
    }

    /// Bytes of blocks that nobody has, of those that were taken from the system.
    ///
    /// Complexity: O(free blocks).
    var bytesFree: Int {
        var bytes = looseBytes
        for sizeClass in Self.smallestClass...Self.largestClass {
            var block = freeLists[sizeClass]
            while let found = block {
                bytes += 1 << sizeClass
                block = Self.next(found).pointee
            }
        }
        return bytes
    }

    // MARK: - Free blocks

    @inline(__always)
    private static func state(_ block: UnsafeMutableRawPointer) -> UnsafeMutablePointer<UInt8> {
        let offset = Int(bitPattern: block) & (chunkBytes - 1)
        return (block - offset + offset >> smallestClass).assumingMemoryBound(to: UInt8.self)
    }

    @inline(__always)
    private static func next(
        _ block: UnsafeMutableRawPointer
    ) -> UnsafeMutablePointer<UnsafeMutableRawPointer?> {
        block.assumingMemoryBound(to: UnsafeMutableRawPointer?.self)
    }

    @inline(__always)
    private static func previous(
        _ block: UnsafeMutableRawPointer
    ) -> UnsafeMutablePointer<UnsafeMutableRawPointer?> {
        next(block) + 1
    }

    @inline(__always)
    private mutating func add(_ block: UnsafeMutableRawPointer, sizeClass: Int) {
        let first = freeLists[sizeClass]
        Self.next(block).pointee = first
        Self.previous(block).pointee = nil
        if let first { Self.previous(first).pointee = block }
        freeLists[sizeClass] = block
        available |= 1 << UInt32(sizeClass)
        Self.state(block).pointee = UInt8(sizeClass)
    }

    @inline(__always)
    private mutating func remove(_ block: UnsafeMutableRawPointer, sizeClass: Int) {
        let (next, previous) = (Self.next(block).pointee, Self.previous(block).pointee)
        if let next { Self.previous(next).pointee = previous }
        if let previous {
            Self.next(previous).pointee = next
        } else {
            freeLists[sizeClass] = next
            if next == nil { available &= ~(1 << UInt32(sizeClass)) }
        }
        Self.state(block).pointee = 0
    }

    // MARK: - Chunks

    @inline(never)
    private mutating func addChunks() {
        let count = min(Self.chunksAtOnceMax, 1 + chunkCount / 8)
        let slab = UnsafeMutableRawPointer.allocate(
            byteCount: count * Self.chunkBytes, alignment: Self.chunkBytes)
        slabs.append(slab)
        chunkCount += count
        bytesReserved += count * Self.chunkBytes
        // The first is used first.
        for index in (0..<count).reversed() {
            let chunk = slab + index * Self.chunkBytes
            chunk.initializeMemory(as: UInt8.self, repeating: 0, count: 1 << Self.statesClass)
            for sizeClass in Self.statesClass...Self.largestClass {
                add(chunk + (1 << sizeClass), sizeClass: sizeClass)
            }
        }
    }
}

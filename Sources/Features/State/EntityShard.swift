/// The keyed state of one entity in one shard: a table of keys, a record a key and the rings of remembered events.
///
/// One worker at a time works on a shard, in merge order; so nothing here is locked, and nothing depends on how many
/// workers there are. What a key's windows are is `WindowKernel`'s business; the shard keeps keys and memory.
// SAFETY: the engine hands a shard to one worker per phase, and phases are joined. The few variables that the loop over
// rows reads are never passed inout, so that the run-time check of exclusive access would find nothing.
final class EntityShard: @unchecked Sendable {
    static let pageRecordsShift = 9
    static let pageRecords = 1 << pageRecordsShift
    static let tableCapacityMin = 64

    let layout: RecordLayout
    let kernel: WindowKernel
    let keysMax: Int
    /// A power of two.
    let eventsPerKeyMax: Int
    /// At a place of its own: kernels hold it, too.
    let arena: UnsafeMutablePointer<BlockArena>
    /// Open addressing, linear probing: the hash's high half and the record's number plus one; 0 is empty.
    @exclusivity(unchecked) private var table: UnsafeMutablePointer<UInt64>
    @exclusivity(unchecked) private var tableMask: Int
    @exclusivity(unchecked) private var pages: UnsafeMutablePointer<UnsafeMutableRawPointer>
    private var pageCount = 0
    private var pageCapacity = 16
    private var freeRecords: [UInt32] = []
    /// Records that were ever taken; some may be free again.
    private(set) var recordCount = 0
    private(set) var keyCount = 0
    /// Rises whenever keys are dropped: what was found before may be gone.
    @exclusivity(unchecked) private(set) var dropCount = 0
    /// Keys dropped because all their windows were empty for good: nothing was lost.
    var keysEmptied: UInt64 = 0
    /// Keys dropped at `keysMax` though their windows were not empty: the least recently seen by event time.
    var keysEvicted: UInt64 = 0
    /// Events that windows lost because their key remembered `eventsPerKeyMax` newer ones.
    var eventsForgotten: UInt64 = 0
    /// Where a late event's windows are computed without touching the key's own.
    let lateRecord: UnsafeMutableRawPointer
    /// Room for one ring entry: an event that sees nothing but itself.
    let loneEntry: UnsafeMutablePointer<Int64>
    let group: RowGroup
    /// The windows that are kept as tiles, and their places in a record.
    let tiles: UnsafeBufferPointer<TilePlace>

    init(layout: RecordLayout, keysMax: Int, eventsPerKeyMax: Int) {
        precondition((1...Int(Int32.max)).contains(keysMax), "a shard for \(keysMax) keys")
        precondition(
            (1...1 << 30).contains(eventsPerKeyMax) && eventsPerKeyMax & (eventsPerKeyMax - 1) == 0,
            "\(eventsPerKeyMax) events per key")
        self.layout = layout
        self.keysMax = keysMax
        self.eventsPerKeyMax = eventsPerKeyMax
        arena = .allocate(capacity: 1)
        arena.initialize(to: BlockArena())
        kernel = WindowKernel(layout, arena)
        tableMask = Self.tableCapacityMin - 1
        table = .allocate(capacity: Self.tableCapacityMin)
        table.initialize(repeating: 0, count: Self.tableCapacityMin)
        pages = .allocate(capacity: pageCapacity)
        lateRecord = .allocate(byteCount: layout.recordBytes, alignment: 64)
        loneEntry = .allocate(capacity: layout.entryWords)
        loneEntry.initialize(repeating: 0, count: layout.entryWords)
        group = RowGroup()
        tiles = TilePlace.places(of: layout)
    }

    deinit {
        forEachRecord { index in releaseBlocks(of: head(index)) }
        for page in 0..<pageCount { pages[page].deallocate() }
        pages.deallocate()
        table.deallocate()
        lateRecord.deallocate()
        loneEntry.deallocate()
        for tile in tiles { tile.kernel.view.deallocate() }
        tiles.deallocate()
        arena.deinitialize(count: 1)
        arena.deallocate()
    }

    /// Places of the table. It decides when emptied keys are dropped, and with that when the limit of keys is met:
    /// it is state.
    var tableCapacity: Int { tableMask + 1 }

    /// No table is larger: it is doubled only where its keys would fill half of it.
    var tableCapacityMax: Int {
        var capacity = Self.tableCapacityMin
        while capacity <= keysMax * 2 { capacity *= 2 }
        return capacity
    }

    /// Bytes that the shard has taken from the system.
    var bytesReserved: Int {
        (tableMask + 1) * 8 + pageCount * Self.pageRecords * layout.recordBytes + arena.pointee.bytesReserved
    }

    @inline(__always)
    private func record(_ index: UInt32) -> UnsafeMutableRawPointer {
        let index = Int(truncatingIfNeeded: index)
        return pages[index >> Self.pageRecordsShift] + (index & (Self.pageRecords &- 1)) &* kernel.recordBytes
    }

    @inline(__always)
    private func head(_ index: UInt32) -> UnsafeMutablePointer<KeyRecord> {
        record(index).assumingMemoryBound(to: KeyRecord.self)
    }

    // MARK: - Looking up

    /// The table's entry where a look-up of `hash` begins.
    @inline(__always)
    func firstSlot(_ hash: UInt64) -> UInt64 { table[Int(truncatingIfNeeded: hash) & tableMask] }

    /// The record of a key, if it has one.
    @inline(__always)
    func find(_ key: ProbedKey, hash: UInt64) -> UnsafeMutableRawPointer? {
        var slot = Int(truncatingIfNeeded: hash) & tableMask
        let tag = hash >> 32
        while true {
            let entry = table[slot]
            if entry == 0 { return nil }
            if entry >> 32 == tag {
                let found = record(UInt32(truncatingIfNeeded: entry) &- 1)
                if key.equals(found.assumingMemoryBound(to: KeyRecord.self)) { return found }
            }
            slot = (slot &+ 1) & tableMask
        }
    }

    // MARK: - Keys come and go

    /// Makes a record for a key that has none, as blank as before the key's first event.
    ///
    /// It may drop other keys, so nothing that was found before may be used behind it unless `dropCount` stayed.
    @inline(never)
    func insert(_ key: ProbedKey, hash: UInt64, watermark: Int64) -> UnsafeMutableRawPointer {
        if keyCount >= keysMax || Self.isFilled(keyCount, capacity: tableMask + 1) { makeRoom(watermark: watermark) }
        return addRecord(key, hash: hash, eventCount: 0)
    }

    /// Whether the next key needs a larger table, or fewer keys.
    static func isFilled(_ keyCount: Int, capacity: Int) -> Bool { keyCount * 5 >= capacity * 3 }

    /// A blank record for a key that has none, with room in the ring for so many events at least.
    func addRecord(_ key: ProbedKey, hash: UInt64, eventCount: Int) -> UnsafeMutableRawPointer {
        let index = takeRecord()
        let head = head(index)
        UnsafeMutableRawPointer(head).initializeMemory(as: UInt8.self, repeating: 0, count: layout.recordBytes)
        var words = key.words
        if key.count > KeyWords.inlineBytesMax {
            let block = arena.pointee.take(sizeClass: BlockArena.sizeClass(forBytes: key.count))
            block.copyMemory(from: key.bytes, byteCount: key.count)
            words.first = UInt64(UInt(bitPattern: block))
        }
        let (ring, mask) = layout.hasRing ? takeFirstRing(eventCount: eventCount) : (Self.noRing, 0)
        for tile in tiles { tile.kernel.makeBlank(UnsafeMutableRawPointer(head) + tile.offset) }
        head.pointee = KeyRecord(
            hash: hash, newestTime: Int64.min, ring: ring, head: 0, tail: 0, ringMask: mask,
            keyCount: UInt32(key.count), key: words)
        place(index, hash: hash)
        keyCount += 1
        return UnsafeMutableRawPointer(head)
    }

    /// Stands in keys that remember no events; nothing is ever read from it or written to it.
    private static var noRing: UnsafeMutablePointer<Int64> {
        UnsafeMutablePointer(bitPattern: MemoryLayout<Int64>.alignment).unsafelyUnwrapped
    }

    /// Gives a shard without keys the table that it had when it was copied.
    func restoreTable(capacity: Int) {
        precondition(keyCount == 0 && capacity > 0 && capacity & (capacity - 1) == 0, "a table of \(capacity)")
        replaceTable(capacity: capacity)
    }

    private func replaceTable(capacity: Int) {
        table.deallocate()
        table = .allocate(capacity: capacity)
        table.initialize(repeating: 0, count: capacity)
        tableMask = capacity - 1
    }

    private func place(_ index: UInt32, hash: UInt64) {
        var slot = Int(truncatingIfNeeded: hash) & tableMask
        while table[slot] != 0 { slot = (slot &+ 1) & tableMask }
        table[slot] = (hash & ~0xFFFF_FFFF) | UInt64(index + 1)
    }

    private func takeRecord() -> UInt32 {
        if let index = freeRecords.popLast() { return index }
        if recordCount == pageCount * Self.pageRecords { addPage() }
        recordCount += 1
        return UInt32(recordCount - 1)
    }

    private func addPage() {
        if pageCount == pageCapacity {
            let grown = UnsafeMutablePointer<UnsafeMutableRawPointer>.allocate(capacity: pageCapacity * 2)
            grown.update(from: pages, count: pageCount)
            pages.deallocate()
            pages = grown
            pageCapacity *= 2
        }
        pages[pageCount] = .allocate(byteCount: Self.pageRecords * layout.recordBytes, alignment: 64)
        pageCount += 1
    }

    /// Gives back the records of keys; `rebuild` has to follow, since the table still names them.
    func drop(where isDropped: (KeyRecord) -> Bool) {
        dropCount &+= 1
        forEachRecord { index in
            let head = head(index)
            if !isDropped(head.pointee) { return }
            releaseBlocks(of: head)
            head.pointee.keyCount = KeyRecord.freeKeyCount
            freeRecords.append(index)
            keyCount -= 1
        }
    }

    private func releaseBlocks(of head: UnsafeMutablePointer<KeyRecord>) {
        if !kernel.tracks.isEmpty { kernel.releaseBlocks(UnsafeMutableRawPointer(head)) }
        if layout.hasRing { giveBackRing(head.pointee.ring, mask: head.pointee.ringMask) }
        for tile in tiles { tile.kernel.release(UnsafeMutableRawPointer(head) + tile.offset, &arena.pointee) }
        let keyCount = Int(head.pointee.keyCount)
        if keyCount > KeyWords.inlineBytesMax,
            let block = UnsafeMutableRawPointer(bitPattern: UInt(head.pointee.key.first))
        {
            arena.pointee.giveBack(block, sizeClass: BlockArena.sizeClass(forBytes: keyCount))
        }
    }

    /// Puts all keys into a fresh table, which is doubled where they would fill half of it.
    func rebuild() {
        let capacity = keyCount * 2 >= tableMask + 1 ? (tableMask + 1) * 2 : tableMask + 1
        replaceTable(capacity: capacity)
        forEachRecord { index in place(index, hash: head(index).pointee.hash) }
    }

    /// Every record in use, in the order of their numbers.
    private func forEachRecord(_ body: (UInt32) -> Void) {
        for index in 0..<UInt32(recordCount) where head(index).pointee.keyCount != KeyRecord.freeKeyCount {
            body(index)
        }
    }

    /// The place of the n-th record, in use or not.
    @inline(__always)
    func recordPlace(_ index: Int) -> UnsafeMutableRawPointer { record(UInt32(truncatingIfNeeded: index)) }

    func forEachKey(_ body: (KeyRecord) -> Void) { forEachRecord { body(head($0).pointee) } }
}

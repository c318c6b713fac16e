/// Where in a ring each value was last: open addressing from a word of 64 bits to a ring position.
///
/// ```
///   header │ word, position │ word, position │ ...      12 bytes each; the word 0 is a free place
/// ```
///
/// A table holds as many values as it was given, up to what a ring can have; it grows and shrinks by half. Places are
/// chosen with a secret, so that nobody can choose values that make a look-up a search; nothing that can be seen depends
/// on them. Words are told apart exactly, except for 0 and one arbitrary word that are taken for each other.
///
/// It can be made again from the ring that it points into, so an image of a key need not hold it.
///
/// Whoever holds a table gives its block back with `release`.
struct LastPositionTable {
    /// Nothing while no value is in it.
    private(set) var block: UnsafeMutableRawPointer?

    static var empty: LastPositionTable { LastPositionTable(block: nil) }
    /// No ring holds more events.
    static let countMax = 1 << 30

    private static let entryBytes = 12
    private static let zeroWord: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let secret = KeyHash.makeSecret().seed

    /// Values in the table.
    var count: Int { Int(block?.sketch.pointee.count ?? 0) }

    // MARK: - Looking up

    /// Complexity: O(1).
    func position(of word: UInt64) -> UInt32? {
        guard let block else { return nil }
        let word = word == 0 ? Self.zeroWord : word
        let place = Self.place(of: word, in: block)
        return Self.word(block, place) == word ? Self.position(block, place) : nil
    }

    // MARK: - Changing

    /// Sets where a value was last, and says where it was before.
    ///
    /// Complexity: amortised O(1).
    @discardableResult
    mutating func set(_ word: UInt64, position: UInt32, _ arena: inout BlockArena) -> UInt32? {
        let word = word == 0 ? Self.zeroWord : word
        var block = self.block ?? make(sizeClass: BlockArena.smallestClass, &arena)
        self.block = block
        var place = Self.place(of: word, in: block)
        if Self.word(block, place) == word {
            let before = Self.position(block, place)
            Self.store(block, place, word, position)
            return before
        }
        let count = Int(block.sketch.pointee.count) + 1
        precondition(count <= Self.countMax, "\(count) values in one table")
        if count > Self.filled(Self.slots(block)) {
            block = move(block, sizeClass: Int(block.sketch.pointee.sizeClass) + 1, &arena)
            place = Self.place(of: word, in: block)
        }
        Self.store(block, place, word, position)
        block.sketch.pointee.count = UInt32(count)
        return nil
    }

    /// Takes a value out, and says where it was.
    ///
    /// Complexity: amortised O(1).
    @discardableResult
    mutating func remove(_ word: UInt64, _ arena: inout BlockArena) -> UInt32? {
        guard let block else { return nil }
        let word = word == 0 ? Self.zeroWord : word
        let place = Self.place(of: word, in: block)
        guard Self.word(block, place) == word else { return nil }
        let position = Self.position(block, place)
        Self.close(block, place)
        block.sketch.pointee.count -= 1
        let count = Int(block.sketch.pointee.count)
        if count == 0 {
            release(&arena)
        } else if Int(block.sketch.pointee.sizeClass) > BlockArena.smallestClass,
            count * 4 <= Self.filled(Self.slots(block))
        {
            _ = move(block, sizeClass: Int(block.sketch.pointee.sizeClass) - 1, &arena)
        }
        return position
    }

    /// Follows an event that was inserted at a ring position: those that stood there or behind it stand one further.
    ///
    /// Complexity: O(places of the table).
    func shift(from position: UInt32) {
        guard let block else { return }
        for place in 0..<Self.slots(block) where Self.word(block, place) != 0 {
            let stored = Self.position(block, place)
            // Positions count up for ever modulo 2^32; those of one ring are less than 2^31 apart.
            if Int32(bitPattern: stored &- position) < 0 { continue }
            Self.store(block, place, Self.word(block, place), stored &+ 1)
        }
    }

    /// Empties the table and gives its block back.
    mutating func release(_ arena: inout BlockArena) {
        if let block { arena.giveBackSketch(block) }
        block = nil
    }

    // MARK: - Places

    private static func slots(_ block: UnsafeMutableRawPointer) -> Int {
        slots(sizeClass: Int(block.sketch.pointee.sizeClass))
    }

    private static func slots(sizeClass: Int) -> Int { (1 << sizeClass - SketchHeader.byteCount) / entryBytes }

    /// Three quarters.
    private static func filled(_ slots: Int) -> Int { slots * 3 / 4 }

    /// Bytes of the block of a table with so many values.
    static func blockBytes(count: Int) -> Int { count == 0 ? 0 : 1 << sizeClass(count: count) }

    private static func sizeClass(count: Int) -> Int {
        var sizeClass = BlockArena.smallestClass
        while filled(slots(sizeClass: sizeClass)) < count { sizeClass += 1 }
        return sizeClass
    }

    @inline(__always)
    private static func entry(_ block: UnsafeMutableRawPointer, _ place: Int) -> UnsafeMutableRawPointer {
        block + (SketchHeader.byteCount &+ place &* entryBytes)
    }

    @inline(__always)
    private static func word(_ block: UnsafeMutableRawPointer, _ place: Int) -> UInt64 {
        entry(block, place).loadUnaligned(as: UInt64.self)
    }

    @inline(__always)
    private static func position(_ block: UnsafeMutableRawPointer, _ place: Int) -> UInt32 {
        entry(block, place).loadUnaligned(fromByteOffset: 8, as: UInt32.self)
    }

    @inline(__always)
    private static func store(_ block: UnsafeMutableRawPointer, _ place: Int, _ word: UInt64, _ position: UInt32) {
        entry(block, place).storeBytes(of: word, as: UInt64.self)
        entry(block, place).storeBytes(of: position, toByteOffset: 8, as: UInt32.self)
    }

    @inline(__always)
    private static func home(_ word: UInt64, _ block: UnsafeMutableRawPointer) -> Int {
        let seeded = word ^ block.sketch.pointee.total
        let product = seeded.multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        let mixed = (product.high ^ product.low) &* 0xC4CE_B9FE_1A85_EC53
        return Int(truncatingIfNeeded: mixed.multipliedFullWidth(by: UInt64(slots(block))).high)
    }

    /// Where a word stands, or the free place where it would. At least one place is free.
    @inline(__always)
    private static func place(of word: UInt64, in block: UnsafeMutableRawPointer) -> Int {
        let slots = slots(block)
        var place = home(word, block)
        while true {
            let stored = Self.word(block, place)
            if stored == 0 || stored == word { return place }
            place = place &+ 1 == slots ? 0 : place &+ 1
        }
    }

    /// Frees a place, and moves back into it what a look-up would no longer find.
    private static func close(_ block: UnsafeMutableRawPointer, _ place: Int) {
        let slots = slots(block)
        var free = place
        var next = place
        while true {
            next = next &+ 1 == slots ? 0 : next &+ 1
            let word = word(block, next)
            if word == 0 { break }
            let fromHome = next &- home(word, block)
            let fromFree = next &- free
            // Both around the table's end: an entry may not move to before its home.
            if (fromHome < 0 ? fromHome &+ slots : fromHome) < (fromFree < 0 ? fromFree &+ slots : fromFree) {
                continue
            }
            store(block, free, word, position(block, next))
            free = next
        }
        store(block, free, 0, 0)
    }

    private func make(sizeClass: Int, _ arena: inout BlockArena) -> UnsafeMutableRawPointer {
        let block = arena.takeSketch(.lastPositions, sizeClass: sizeClass)
        let bytes = Self.slots(sizeClass: sizeClass) * Self.entryBytes
        (block + SketchHeader.byteCount).initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        block.sketch.pointee.total = Self.secret
        return block
    }

    @inline(never)
    private mutating func move(
        _ old: UnsafeMutableRawPointer, sizeClass: Int, _ arena: inout BlockArena
    ) -> UnsafeMutableRawPointer {
        let new = make(sizeClass: sizeClass, &arena)
        new.sketch.pointee.count = old.sketch.pointee.count
        for place in 0..<Self.slots(old) {
            let word = Self.word(old, place)
            if word != 0 { Self.store(new, Self.place(of: word, in: new), word, Self.position(old, place)) }
        }
        arena.giveBackSketch(old)
        block = new
        return new
    }
}

// MARK: - Images

extension LastPositionTable {
    /// Bytes of `writeImage`; 0 while the table is empty.
    var imageByteCount: Int { block == nil ? 0 : SketchHeader.byteCount + count * Self.entryBytes }

    /// Writes the entries that are in use, in no particular order, and not the secret.
    func writeImage(to target: UnsafeMutableRawPointer) {
        guard let block else { return }
        var header = block.sketch.pointee
        header.total = 0
        header.sizeClass = UInt8(BlockArena.sizeClass(forBytes: imageByteCount))
        target.storeBytes(of: header, as: SketchHeader.self)
        var out = target + SketchHeader.byteCount
        for place in 0..<Self.slots(block) where Self.word(block, place) != 0 {
            out.copyMemory(from: Self.entry(block, place), byteCount: Self.entryBytes)
            out += Self.entryBytes
        }
    }

    /// The table that an image was made of; `nil` where it is none. Whether the positions are places of a ring is for
    /// the caller to say.
    ///
    /// Complexity: O(entries), whatever the bytes: they are placed with the secret of this process.
    init?(image bytes: UnsafeRawBufferPointer, _ arena: inout BlockArena) {
        block = nil
        if bytes.isEmpty { return }
        guard let header = SketchHeader.read(bytes, kind: .lastPositions), header.total == 0,
            Int(header.count) <= Self.countMax,
            bytes.count == SketchHeader.byteCount + Int(header.count) * Self.entryBytes
        else { return nil }
        let block = make(sizeClass: Self.sizeClass(count: Int(header.count)), &arena)
        self.block = block
        for index in 0..<Int(header.count) {
            let offset = SketchHeader.byteCount + index * Self.entryBytes
            let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            let place = Self.place(of: word, in: block)
            // A word twice, or one that marks free places.
            if word == 0 || Self.word(block, place) == word {
                release(&arena)
                return nil
            }
            let position = bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt32.self)
            Self.store(block, place, word, position)
        }
        block.sketch.pointee.count = header.count
    }
}

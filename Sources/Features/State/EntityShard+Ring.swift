/// The rings of remembered events.
extension EntityShard {
    /// Puts an event in order at the tail of its key's ring.
    @inline(__always)
    func append(_ record: UnsafeMutableRawPointer, time: Int64, values: UnsafePointer<Int64>) {
        let head = record.assumingMemoryBound(to: KeyRecord.self)
        let tail = head.pointee.tail
        if tail &- head.pointee.head > head.pointee.ringMask { makeRoom(in: record) }
        let entry = kernel.entry(head.pointee.ring, head.pointee.ringMask, tail)
        entry[0] = time
        var word = 1
        while word <= kernel.valueWords {
            entry[word] = values[word &- 1]
            word &+= 1
        }
        head.pointee.tail = tail &+ 1
    }

    /// Puts an event that is older than its key's newest into its place.
    func insert(_ record: UnsafeMutableRawPointer, time: Int64, values: UnsafePointer<Int64>) {
        let head = record.assumingMemoryBound(to: KeyRecord.self)
        if head.pointee.tail &- head.pointee.head > head.pointee.ringMask { makeRoom(in: record) }
        kernel.insert(record, time: time, values: values)
    }

    /// How full half a ring may be for the ring to be halved.
    static let halvedShare = 0.75

    /// Makes room for one event in a full ring: forgets what is beyond the horizon, else grows, at the limit forgets
    /// the oldest event. Expired events stay until then, which saves a look at the ring for each event.
    ///
    /// A ring that would be at most three quarters full in half its room is halved: a key that was busy once gives its memory back
    /// to others, so that rings follow what keys do now and not their busiest month. At least an eighth of a ring came
    /// since it was last copied, which bounds what the copy costs each event.
    @inline(never)
    func makeRoom(in record: UnsafeMutableRawPointer) {
        let head = record.assumingMemoryBound(to: KeyRecord.self)
        kernel.forget(record, upTo: head.pointee.newestTime &- kernel.horizon)
        let live = head.pointee.tail &- head.pointee.head
        if live <= head.pointee.ringMask {
            let half = (Int(head.pointee.ringMask) + 1) / 2
            let isSmallest = half * kernel.entryWords * 8 < 1 << BlockArena.smallestClass
            if !isSmallest && Double(live) <= Self.halvedShare * Double(half) {
                resize(head, capacity: half)
            }
            return
        }
        if Int(head.pointee.ringMask) + 1 < eventsPerKeyMax {
            resize(head, capacity: (Int(head.pointee.ringMask) + 1) * 2)
        } else {
            kernel.forgetOldest(record)
            eventsForgotten &+= 1
        }
    }

    /// The smallest ring fills a block of the smallest class.
    ///
    /// - Parameter eventCount: for at least so many events, at most `eventsPerKeyMax`.
    func takeFirstRing(eventCount: Int) -> (ring: UnsafeMutablePointer<Int64>, mask: UInt32) {
        var capacity = 1
        while capacity < eventsPerKeyMax,
            capacity < eventCount || capacity * 2 * kernel.entryWords * 8 <= 1 << BlockArena.smallestClass
        {
            capacity *= 2
        }
        return (takeRing(capacity: capacity), UInt32(capacity - 1))
    }

    private func takeRing(capacity: Int) -> UnsafeMutablePointer<Int64> {
        let words = capacity * kernel.entryWords
        return arena.pointee.take(sizeClass: BlockArena.sizeClass(forBytes: words * 8))
            .bindMemory(to: Int64.self, capacity: words)
    }

    func giveBackRing(_ ring: UnsafeMutablePointer<Int64>, mask: UInt32) {
        let bytes = (Int(mask) + 1) * kernel.entryWords * 8
        arena.pointee.giveBack(UnsafeMutableRawPointer(ring), sizeClass: BlockArena.sizeClass(forBytes: bytes))
    }

    /// Moves the events to a ring of another power of two, which has room for them.
    private func resize(_ head: UnsafeMutablePointer<KeyRecord>, capacity: Int) {
        let old = head.pointee.ring
        let oldMask = head.pointee.ringMask
        let ring = takeRing(capacity: capacity)
        let mask = UInt32(capacity - 1)
        var position = head.pointee.head
        while position != head.pointee.tail {
            kernel.entry(ring, mask, position).update(
                from: kernel.entry(old, oldMask, position), count: kernel.entryWords)
            position &+= 1
        }
        giveBackRing(old, mask: oldMask)
        head.pointee.ring = ring
        head.pointee.ringMask = mask
    }
}

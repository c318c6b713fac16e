/// Events that are late, or older than the newest of their key: their windows are computed on a copy of the record.
extension WindowKernel {
    /// Moves the edges of a copy to `time`, but not behind `forgotten`: events at or before it are in no window.
    ///
    /// Those of the same time are in the windows without delay, the event itself too where it is in the ring. Sums
    /// then are those of the windows; tracks stay those of the record, and their values are found by a scan.
    ///
    /// Complexity: O(events of the key between `time` and its newest, and between the windows' edges).
    func place(
        _ copy: UnsafeMutableRawPointer, of record: UnsafeMutableRawPointer, at time: Int64, forgotten: Int64
    ) {
        let head = record.assumingMemoryBound(to: KeyRecord.self)
        let ring = head.pointee.ring
        let mask = head.pointee.ringMask
        copy.copyMemory(from: record, byteCount: recordBytes)
        for index in edges.indices {
            let edge = edges.baseAddress.unsafelyUnwrapped + index
            let cursor = Self.cursor(copy, edge.pointee.cursorOffset)
            let limit = max(time &- edge.pointee.span, forgotten)
            var position = cursor.pointee
            while position != head.pointee.head {
                let entry = entry(ring, mask, position &- 1)
                if entry[0] <= limit { break }
                crossBack(edge, values: UnsafePointer(entry) + 1, copy)
                position &-= 1
            }
            while position != head.pointee.tail {
                let entry = entry(ring, mask, position)
                if entry[0] > limit { break }
                crossSums(edge, values: UnsafePointer(entry) + 1, copy)
                position &+= 1
            }
            cursor.pointee = position
        }
        settle(copy, ring: ring, mask: mask)
    }

    /// Puts an event that is older than its key's newest into its place in the ring, which has room for it: behind
    /// those of the same time. The record's windows, as of its newest event, then hold it if they reach so far.
    ///
    /// Complexity: O(events of the key that are newer), and for extremes those that a new one hides.
    func insert(_ record: UnsafeMutableRawPointer, time: Int64, values: UnsafePointer<Int64>) {
        let head = record.assumingMemoryBound(to: KeyRecord.self)
        let ring = head.pointee.ring
        let mask = head.pointee.ringMask
        var position = head.pointee.tail
        while position != head.pointee.head {
            let before = entry(ring, mask, position &- 1)
            if before[0] <= time { break }
            entry(ring, mask, position).update(from: before, count: entryWords)
            position &-= 1
        }
        let entry = entry(ring, mask, position)
        entry[0] = time
        (entry + 1).update(from: values, count: valueWords)
        // Cursors at or before its place stay where they are: it has not crossed those edges.
        for index in edges.indices {
            let edge = edges.baseAddress.unsafelyUnwrapped + index
            if time > head.pointee.newestTime &- edge.pointee.span { continue }
            Self.cursor(record, edge.pointee.cursorOffset).pointee &+= 1
            crossSums(edge, values: values, record)
        }
        if firstMovingEdge == 0 { head.pointee.tail &+= 1 }
        if !tracks.isEmpty { insertIntoTracks(record, at: position) }
        settle(record, ring: ring, mask: mask)
    }

    /// Makes of a blank record the windows of an event that sees nothing but itself, or not even that.
    ///
    /// - Parameter ring: room for one entry.
    func placeAlone(
        _ blank: UnsafeMutableRawPointer, values: UnsafePointer<Int64>?, ring: UnsafeMutablePointer<Int64>
    ) {
        blank.initializeMemory(as: UInt8.self, repeating: 0, count: recordBytes)
        let head = blank.assumingMemoryBound(to: KeyRecord.self)
        head.pointee.ring = ring
        guard let values, firstMovingEdge == 1 else { return }
        head.pointee.tail = 1
        crossSums(edges.baseAddress.unsafelyUnwrapped, values: values, blank)
        // Its links, all zero, say that there is no other event.
        ring.update(repeating: 0, count: entryWords)
        (ring + 1).update(from: values, count: valueWords)
    }

    /// Forgets the oldest remembered event of a key, as if it had never been in the windows.
    func forgetOldest(_ record: UnsafeMutableRawPointer) {
        let head = record.assumingMemoryBound(to: KeyRecord.self)
        let oldest = entry(head.pointee.ring, head.pointee.ringMask, head.pointee.head)
        for index in firstMovingEdge..<edges.count {
            let edge = edges.baseAddress.unsafelyUnwrapped + index
            let cursor = Self.cursor(record, edge.pointee.cursorOffset)
            if cursor.pointee != head.pointee.head { continue }
            cross(index, values: UnsafePointer(oldest) + 1, head.pointee.head, record)
            cursor.pointee &+= 1
        }
        if tracks.occurrences.count > 0 { forgetOccurrences(record, head.pointee.head) }
        head.pointee.head &+= 1
        settle(record, ring: head.pointee.ring, mask: head.pointee.ringMask)
    }

    /// Forgets the oldest events at or before `time`, which no edge may have still before it.
    func forget(_ record: UnsafeMutableRawPointer, upTo time: Int64) {
        let head = record.assumingMemoryBound(to: KeyRecord.self)
        let ring = head.pointee.ring
        let mask = head.pointee.ringMask
        var position = head.pointee.head
        while position != head.pointee.tail, entry(ring, mask, position)[0] <= time {
            if tracks.occurrences.count > 0 { forgetOccurrences(record, position) }
            position &+= 1
        }
        head.pointee.head = position
    }
}

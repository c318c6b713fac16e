/// Events out of order, and the room for tiles.
extension TileKernel {
    /// An event that is older than its key's newest enters the tile of its time, and the window if that reaches so far.
    ///
    /// Complexity: O(tiles that are newer).
    func insert(
        _ record: UnsafeMutableRawPointer, time: Int64, values: UnsafePointer<Int64>, _ arena: inout BlockArena
    ) -> Int {
        let head = head(record)
        let number = tileNumber(time)
        var forgotten = 0
        var position = head.pointee.tail
        while position != head.pointee.head, self.number(record, position &- 1) > number { position &-= 1 }
        let isNew = position == head.pointee.head || self.number(record, position &- 1) != number
        if isNew {
            let fromTail = head.pointee.tail &- position
            forgotten = open(record, number, at: fromTail, &arena)
            position = head.pointee.tail &- fromTail
        }
        let tile = tile(record, position &- 1)
        let newest = head.pointee.newestTime
        let isInWindow = number >= startNumber(newest) && number < endNumber(newest)
        let isOpen = !isNew && delay == 0 && position == head.pointee.tail
        for index in parts.indices {
            let part = self.part(index).pointee
            part.add(tile, time: time, values: values, &arena)
            if !isInWindow { continue }
            if !part.kind.isRounded {
                part.add(total(record), time: time, values: values, &arena)
            } else if !isOpen {
                head.pointee.staleParts |= Self.bit(index)
            }
        }
        return forgotten
    }

    /// Makes a tile without events, with so many tiles behind it; at the tail where that is `nil`.
    ///
    /// - Returns: how many tiles were forgotten for it.
    func open(
        _ record: UnsafeMutableRawPointer, _ number: Int64, at fromTail: UInt32?, _ arena: inout BlockArena
    ) -> Int {
        let forgotten = makeRoom(record, &arena)
        let head = head(record)
        let behind = min(fromTail ?? 0, head.pointee.tail &- head.pointee.head)
        let position = head.pointee.tail &- behind
        let place = tile(record, position)
        (place + tileBytes).copyMemory(from: place, byteCount: Int(behind) * tileBytes)
        place.storeBytes(of: number, as: Int64.self)
        for index in parts.indices { part(index).pointee.makeBlank(place) }
        head.pointee.tail &+= 1
        let newest = head.pointee.newestTime
        if number < startNumber(newest) { head.pointee.start &+= 1 }
        if number < endNumber(newest) { head.pointee.end &+= 1 }
        return forgotten
    }

    /// Room for one tile behind the tail: moves tiles to the front of their block, or to a larger one; at the limit the
    /// oldest is forgotten.
    private func makeRoom(_ record: UnsafeMutableRawPointer, _ arena: inout BlockArena) -> Int {
        let head = head(record)
        let isFull = Int(head.pointee.tail &- head.pointee.head) >= tilesMax
        if isFull { forgetOldest(record, &arena) }
        if head.pointee.tail < head.pointee.capacity { return isFull ? 1 : 0 }
        let count = head.pointee.tail &- head.pointee.head
        let old = head.pointee.tiles
        let oldCapacity = head.pointee.capacity
        // Moving costs little while the block is small; in a large one what is free has to pay for it.
        let isFree = head.pointee.head > 0
        let isSmall = Int(oldCapacity) * tileBytes <= TileLayout.smallBlockBytes
        if !isFree || !isSmall && head.pointee.head < oldCapacity / 16 {
            let wanted = isSmall ? Int(count) + 1 : Int(count) + Int(count) / 8 + 1
            let bytes = 1 << BlockArena.sizeClass(forBytes: wanted * tileBytes)
            head.pointee.capacity = UInt32(bytes / tileBytes)
            head.pointee.tiles = arena.take(sizeClass: sizeClass(head.pointee.capacity))
        }
        if let old, let new = head.pointee.tiles {
            let from = old + Int(head.pointee.head) * tileBytes
            new.copyMemory(from: from, byteCount: Int(count) * tileBytes)
            if old != new { arena.giveBack(old, sizeClass: sizeClass(oldCapacity)) }
        }
        head.pointee.start &-= head.pointee.head
        head.pointee.end &-= head.pointee.head
        head.pointee.tail = count
        head.pointee.head = 0
        return isFull ? 1 : 0
    }

    /// Forgets the oldest tile, as if its events had never been.
    private func forgetOldest(_ record: UnsafeMutableRawPointer, _ arena: inout BlockArena) {
        let head = head(record)
        let oldest = tile(record, head.pointee.head)
        if head.pointee.start == head.pointee.head, head.pointee.end != head.pointee.head {
            remove(oldest, from: record, &arena)
        }
        releaseParts(oldest, &arena)
        head.pointee.head &+= 1
        head.pointee.start = max(head.pointee.start, head.pointee.head)
        head.pointee.end = max(head.pointee.end, head.pointee.head)
    }

    /// Writes the window of an event as the tiles are, from a total of its own.
    ///
    /// - Parameter values: of the event, if it is itself in the window.
    ///
    /// Complexity: O(tiles x parts).
    func writeView(
        _ record: UnsafeMutableRawPointer, time: Int64, watermark: Int64, values: UnsafePointer<Int64>?,
        to features: UnsafeMutablePointer<Double>, _ arena: inout BlockArena
    ) {
        for index in parts.indices { part(index).pointee.makeBlank(view) }
        let head = head(record)
        // A tile that is forgotten in part is not seen at all.
        let from = max(startNumber(time), keptNumber(watermark))
        let end = endNumber(time)
        var position = head.pointee.head
        while position != head.pointee.tail, number(record, position) < from { position &+= 1 }
        while position != head.pointee.tail, number(record, position) < end {
            for index in parts.indices { part(index).pointee.merge(view, tile(record, position), &arena) }
            position &+= 1
        }
        writeView(time: time, values: values, to: features, &arena)
    }

    /// Writes the window of an event that sees nothing but itself; without `values` not even that.
    func writeAlone(
        time: Int64, values: UnsafePointer<Int64>?, to features: UnsafeMutablePointer<Double>,
        _ arena: inout BlockArena
    ) {
        for index in parts.indices { part(index).pointee.makeBlank(view) }
        writeView(time: time, values: values, to: features, &arena)
    }

    private func writeView(
        time: Int64, values: UnsafePointer<Int64>?, to features: UnsafeMutablePointer<Double>,
        _ arena: inout BlockArena
    ) {
        write(view, open: nil, time: time, beforeEvent: true, to: features)
        if delay == 0, let values {
            for index in parts.indices { part(index).pointee.add(view, time: time, values: values, &arena) }
        }
        write(view, open: nil, time: time, beforeEvent: false, to: features)
        releaseParts(view, &arena)
    }
}

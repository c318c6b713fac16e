import Events

/// How a key is kept in an image.
extension RecordLayout {
    static var stateOffset: Int { MemoryLayout<KeyRecord>.size }

    /// Words of a remembered event in an image: links are left out.
    var imageEntryWords: Int { 1 + ringWords }
}

/// What stands before a key's cursors and sums.
enum ImageKey {
    static let lengthOffset = 0
    static let eventCountOffset = 4
    static let newestTimeOffset = 8
    static let byteCount = 16
}

/// Copying a shard's state out.
extension EntityShard {
    /// Records ahead whose events are brought near while one is copied.
    private static let lookAhead = 12
    /// Cache lines of a ring that are brought near.
    private static let lookAheadBytes = 256

    /// No copy of this shard is longer.
    var imageByteCountMax: Int {
        // Rings and long keys lie in the arena; other keys in their records.
        ShardImageHeader.byteCount + arena.pointee.bytesReserved
            + keyCount * (ImageKey.byteCount + layout.stateBytes + KeyWords.inlineBytesMax)
            + keyCount * kernel.tracks.everBlocks.count * MemoryLayout<UInt32>.size
            + keyCount * tiles.count * (MemoryLayout<UInt32>.size + TileKernel.imageHeaderBytes)
    }

    /// Writes the whole state to `target`, which has room for `imageByteCountMax` bytes, and returns how many it wrote.
    ///
    /// Events that no window can reach any more are left out. The shard stays as it is.
    /// Complexity: O(bytes); nothing is allocated.
    func copy(task: Int, to target: UnsafeMutableRawPointer) -> Int {
        var header = ShardImageHeader(task: task, entryWords: layout.imageEntryWords, stateBytes: layout.stateBytes)
        header.keyCount = keyCount
        header.tableCapacity = tableCapacity
        header.keysEmptied = keysEmptied
        header.keysEvicted = keysEvicted
        header.eventsForgotten = eventsForgotten
        var out = target + ShardImageHeader.byteCount
        var touched: Int64 = 0
        for index in 0..<recordCount {
            if index &+ Self.lookAhead < recordCount { touched ^= touchEvents(recordPlace(index &+ Self.lookAhead)) }
            let record = recordPlace(index)
            let head = record.assumingMemoryBound(to: KeyRecord.self)
            if head.pointee.keyCount == KeyRecord.freeKeyCount { continue }
            out = copyKey(record, to: out, &header)
        }
        group.touched = touched
        header.write(to: target)
        return out - target
    }

    /// One key, behind those that are copied already.
    @inline(__always)
    private func copyKey(
        _ record: UnsafeMutableRawPointer, to target: UnsafeMutableRawPointer, _ header: inout ShardImageHeader
    ) -> UnsafeMutableRawPointer {
        let head = record.assumingMemoryBound(to: KeyRecord.self)
        let stateBytes = layout.stateBytes
        var out = target
        let keyBytes = Int(head.pointee.keyCount)
        let first = firstRemembered(head)
        let count = head.pointee.tail &- first
        out.storeBytes(of: head.pointee.keyCount, toByteOffset: ImageKey.lengthOffset, as: UInt32.self)
        out.storeBytes(of: count, toByteOffset: ImageKey.eventCountOffset, as: UInt32.self)
        out.storeBytes(of: head.pointee.newestTime, toByteOffset: ImageKey.newestTimeOffset, as: Int64.self)
        out += ImageKey.byteCount
        out.copyMemory(from: record + RecordLayout.stateOffset, byteCount: stateBytes)
        for edge in kernel.firstMovingEdge..<kernel.edges.count {
            let offset = kernel.edges.baseAddress.unsafelyUnwrapped[edge].cursorOffset
            let place = offset &- RecordLayout.stateOffset
            out.storeBytes(
                of: WindowKernel.cursor(record, offset).pointee &- first, toByteOffset: place, as: UInt32.self)
        }
        out += stateBytes
        head.pointee.withKeyBytes { out.copyMemory(from: $0, byteCount: keyBytes) }
        out += keyBytes
        out = copyEvents(head, from: first, to: out)
        if kernel.tracks.everBlocks.count > 0 { out = copyBlocks(record, to: out) }
        if tiles.count > 0 { out = copyTiles(record, to: out) }
        header.eventCount &+= Int(count)
        header.keyByteCount &+= keyBytes
        return out
    }

    /// An image of this shard as if it held one of its keys and nothing else; the shard stays as it is.
    ///
    /// - Parameter target: room for `imageByteCountMax(of: record)` bytes.
    func copy(_ record: UnsafeMutableRawPointer, task: Int, to target: UnsafeMutableRawPointer) -> Int {
        var header = ShardImageHeader(task: task, entryWords: layout.imageEntryWords, stateBytes: layout.stateBytes)
        header.keyCount = 1
        header.tableCapacity = Self.tableCapacityMin
        let end = copyKey(record, to: target + ShardImageHeader.byteCount, &header)
        header.write(to: target)
        return end - target
    }

    /// No image of this key alone is longer.
    func imageByteCountMax(of record: UnsafeMutableRawPointer) -> Int {
        let head = record.assumingMemoryBound(to: KeyRecord.self)
        var count = ShardImageHeader.byteCount + ImageKey.byteCount + layout.stateBytes + Int(head.pointee.keyCount)
        count += Int(head.pointee.tail &- head.pointee.head) * kernel.entryWords * 8
        for track in kernel.tracks.everBlocks {
            let place = record + track.offset
            count += MemoryLayout<UInt32>.size
            count +=
                track.kind == .distinctEver
                ? place.assumingMemoryBound(to: DistinctSketch.self).pointee.imageByteCount
                : place.assumingMemoryBound(to: QuantileSketch.self).pointee.imageByteCount
        }
        for tile in tiles { count += MemoryLayout<UInt32>.size + tile.kernel.imageByteCount(record + tile.offset) }
        return count
    }

    /// The ring position of the oldest event that a window may still reach.
    @inline(__always)
    private func firstRemembered(_ head: UnsafeMutablePointer<KeyRecord>) -> UInt32 {
        let edge = head.pointee.newestTime &- kernel.horizon
        var first = head.pointee.head
        while first != head.pointee.tail, kernel.entry(head.pointee.ring, head.pointee.ringMask, first)[0] <= edge {
            first &+= 1
        }
        return first
    }

    @inline(__always)
    private func copyEvents(
        _ head: UnsafeMutablePointer<KeyRecord>, from first: UInt32, to target: UnsafeMutableRawPointer
    ) -> UnsafeMutableRawPointer {
        if kernel.tracks.hasLinks { return copyUnlinkedEvents(head, from: first, to: target) }
        let mask = head.pointee.ringMask
        let entryBytes = kernel.entryWords &* 8
        let count = Int(head.pointee.tail &- first)
        // The ring may end before the events do; the rest stands at its beginning.
        let toEnd = Int(mask) &+ 1 &- Int(first & mask)
        let before = min(count, toEnd)
        target.copyMemory(from: kernel.entry(head.pointee.ring, mask, first), byteCount: before &* entryBytes)
        (target + before &* entryBytes).copyMemory(from: head.pointee.ring, byteCount: (count &- before) &* entryBytes)
        return target + count &* entryBytes
    }

    /// The events without the links between them, which are made again.
    @inline(never)
    private func copyUnlinkedEvents(
        _ head: UnsafeMutablePointer<KeyRecord>, from first: UInt32, to target: UnsafeMutableRawPointer
    ) -> UnsafeMutableRawPointer {
        let byteCount = layout.imageEntryWords * 8
        var out = target
        var position = first
        while position != head.pointee.tail {
            let entry = kernel.entry(head.pointee.ring, head.pointee.ringMask, position)
            out.copyMemory(from: entry, byteCount: byteCount)
            out += byteCount
            position &+= 1
        }
        return out
    }

    /// The sketches since the beginning, each behind its length.
    @inline(never)
    private func copyBlocks(
        _ record: UnsafeMutableRawPointer, to target: UnsafeMutableRawPointer
    ) -> UnsafeMutableRawPointer {
        var out = target
        for track in kernel.tracks.everBlocks {
            let place = record + track.offset
            let lengthPlace = out
            out += MemoryLayout<UInt32>.size
            let byteCount: Int
            if track.kind == .distinctEver {
                let sketch = place.assumingMemoryBound(to: DistinctSketch.self)
                byteCount = sketch.pointee.imageByteCount
                sketch.pointee.writeImage(to: out)
            } else {
                let sketch = place.assumingMemoryBound(to: QuantileSketch.self)
                byteCount = sketch.pointee.imageByteCount
                sketch.pointee.writeImage(to: out)
            }
            lengthPlace.storeBytes(of: UInt32(byteCount), as: UInt32.self)
            out += byteCount
        }
        return out
    }

    /// The tiled windows, each behind its length.
    @inline(never)
    private func copyTiles(
        _ record: UnsafeMutableRawPointer, to target: UnsafeMutableRawPointer
    ) -> UnsafeMutableRawPointer {
        var out = target
        for index in tiles.indices {
            let (kernel, place) = (tiles[index].kernel, record + tiles[index].offset)
            let byteCount = kernel.imageByteCount(place)
            out.storeBytes(of: UInt32(byteCount), as: UInt32.self)
            out += MemoryLayout<UInt32>.size
            kernel.writeImage(place, to: out)
            out += byteCount
        }
        return out
    }

    @inline(__always)
    private func touchEvents(_ record: UnsafeMutableRawPointer) -> Int64 {
        let head = record.assumingMemoryBound(to: KeyRecord.self)
        if head.pointee.keyCount == KeyRecord.freeKeyCount || !layout.hasRing { return 0 }
        let ring = UnsafeRawPointer(head.pointee.ring)
        let bytes = min((Int(head.pointee.ringMask) &+ 1) &* kernel.entryWords &* 8, Self.lookAheadBytes)
        var touched: Int64 = 0
        var line = 0
        while line < bytes {
            touched ^= ring.load(fromByteOffset: line, as: Int64.self)
            line &+= 64
        }
        return touched
    }
}

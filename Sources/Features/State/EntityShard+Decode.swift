import Events

/// The way back: a shard's state out of an image, which nobody vouches for.
extension EntityShard {
    /// Fills a shard that has no keys yet.
    ///
    /// Whatever the bytes are, they end in an error or in a state that can be used: lengths are checked before they are
    /// used, and cursors stand where the events say. Sums are taken as they are: they cannot be told from others.
    /// Complexity: O(bytes).
    func restore(_ bytes: UnsafeRawBufferPointer, shard: Int, shardCount: Int, hash tableHash: KeyHash)
        throws(ShardImageError)
    {
        let header = try ShardImageHeader(bytes)
        guard header.entryWords == layout.imageEntryWords, header.stateBytes == layout.stateBytes
        else { throw .otherLayout }
        guard header.keyCount <= keysMax else { throw .tooManyKeys(header.keyCount) }
        let capacity = header.tableCapacity
        guard (Self.tableCapacityMin...tableCapacityMax).contains(capacity), capacity & (capacity - 1) == 0,
            header.keyCount == 0 || !Self.isFilled(header.keyCount - 1, capacity: capacity)
        else { throw .tableCapacity(capacity) }
        restoreTable(capacity: capacity)
        keysEmptied = header.keysEmptied
        keysEvicted = header.keysEvicted
        eventsForgotten = header.eventsForgotten
        var rest = UnsafeRawBufferPointer(rebasing: bytes[ShardImageHeader.byteCount...])
        var (eventCount, keyByteCount) = (0, 0)
        for index in 0..<header.keyCount {
            let key = try ImageKeyParts(
                &rest, stateBytes: header.stateBytes, entryBytes: header.entryWords * 8,
                blockCount: kernel.tracks.everBlocks.count + tiles.count)
            eventCount &+= key.eventCount
            keyByteCount &+= key.bytes.count
            do {
                try restore(key, shard: shard, shardCount: shardCount, hash: tableHash)
            } catch {
                throw .key(index, error)
            }
        }
        guard rest.isEmpty else { throw .trailingBytes }
        guard eventCount == header.eventCount, keyByteCount == header.keyByteCount else { throw .absurdCount }
    }

    private func restore(_ key: ImageKeyParts, shard: Int, shardCount: Int, hash tableHash: KeyHash)
        throws(ShardImageError.KeyFault)
    {
        let count = key.bytes.count
        // An empty key has no bytes to point at, but an address all the same: its lengths stand before it.
        guard count < Int(Int32.max), let start = key.bytes.baseAddress else { throw .length }
        // A key that is asked, or knows something since the beginning, may have no event left in its windows.
        let countMax = layout.hasRing ? eventsPerKeyMax : 0
        guard ((layout.isPlain ? 1 : 0)...countMax).contains(key.eventCount) else { throw .eventCount }
        guard Int(FeatureEngine.shard(KeyHash.fixed(start, count: count), UInt64(shardCount))) == shard else {
            throw .otherShard
        }
        try checkTimes(key)
        let probe = ProbedKey(bytes: start, count: count)
        let hash = tableHash(start, count: count)
        if find(probe, hash: hash) != nil { throw .repeated }
        let record = addRecord(probe, hash: hash, eventCount: key.eventCount)
        let head = record.assumingMemoryBound(to: KeyRecord.self)
        head.pointee.newestTime = key.newestTime
        head.pointee.tail = UInt32(key.eventCount)
        copyEvents(key, to: head.pointee.ring)
        (record + RecordLayout.stateOffset).copyMemory(
            from: key.state.baseAddress.unsafelyUnwrapped, byteCount: key.state.count)
        try checkCursors(record)
        try restoreTiles(key, record)
        if kernel.tracks.isEmpty { return }
        try checkTracks(record)
        kernel.rebuildTracks(record)
        for (track, bytes) in zip(kernel.tracks.everBlocks, key.blocks) { try restore(track, bytes, record) }
    }

    private func copyEvents(_ key: ImageKeyParts, to ring: UnsafeMutablePointer<Int64>) {
        guard let source = key.events.baseAddress else { return }
        let byteCount = layout.imageEntryWords * 8
        if !kernel.tracks.hasLinks {
            UnsafeMutableRawPointer(ring).copyMemory(from: source, byteCount: key.events.count)
            return
        }
        for event in 0..<key.eventCount {
            let entry = ring + event * kernel.entryWords
            entry.update(repeating: 0, count: kernel.entryWords)
            UnsafeMutableRawPointer(entry).copyMemory(from: source + event * byteCount, byteCount: byteCount)
        }
    }

    /// The tiled windows stand behind the sketches since the beginning.
    private func restoreTiles(
        _ key: ImageKeyParts, _ record: UnsafeMutableRawPointer
    ) throws(ShardImageError.KeyFault) {
        for (tile, bytes) in zip(tiles, key.blocks[kernel.tracks.everBlocks.count...]) {
            let isSound = tile.kernel.restore(
                record + tile.offset, image: bytes, newestMax: key.newestTime, &arena.pointee)
            guard isSound else { throw .tiles }
        }
    }

    private func restore(
        _ track: TrackLayout, _ bytes: UnsafeRawBufferPointer, _ record: UnsafeMutableRawPointer
    ) throws(ShardImageError.KeyFault) {
        let place = record + track.offset
        if track.kind == .distinctEver {
            guard let sketch = DistinctSketch(image: bytes, &arena.pointee) else { throw .sketch }
            place.storeBytes(of: sketch, as: DistinctSketch.self)
        } else {
            guard let sketch = QuantileSketch(image: bytes, &arena.pointee) else { throw .sketch }
            place.storeBytes(of: sketch, as: QuantileSketch.self)
        }
    }

    /// Events have to be oldest first, and from where windows reach up to the newest time of their key.
    private func checkTimes(_ key: ImageKeyParts) throws(ShardImageError.KeyFault) {
        let entryBytes = layout.imageEntryWords * 8
        var previous = EventTime.minimum.microseconds
        var isSorted = key.newestTime <= EventTime.maximum.microseconds
        for event in 0..<key.eventCount {
            let time = key.events.loadUnaligned(fromByteOffset: event &* entryBytes, as: Int64.self)
            isSorted = isSorted && time >= previous
            previous = time
        }
        guard isSorted, previous <= key.newestTime else { throw .eventTimes }
        if key.eventCount == 0 { return }
        // Both times lie between the least and the greatest, so that no span can overflow.
        guard key.events.loadUnaligned(as: Int64.self) > key.newestTime - kernel.horizon else { throw .eventTimes }
    }

    /// The cursor of an edge stands at the first event that has not crossed it, and a sum counts as many values as its
    /// window has.
    private func checkCursors(_ record: UnsafeMutableRawPointer) throws(ShardImageError.KeyFault) {
        let head = record.assumingMemoryBound(to: KeyRecord.self)
        let (ring, mask, tail) = (head.pointee.ring, head.pointee.ringMask, head.pointee.tail)
        for index in kernel.firstMovingEdge..<kernel.edges.count {
            let edge = kernel.edges.baseAddress.unsafelyUnwrapped + index
            let position = WindowKernel.cursor(record, edge.pointee.cursorOffset).pointee
            let limit = head.pointee.newestTime - edge.pointee.span
            guard position <= tail, position == 0 || kernel.entry(ring, mask, position - 1)[0] <= limit,
                position == tail || kernel.entry(ring, mask, position)[0] > limit
            else { throw .cursor }
        }
        for sum in layout.crossings where sum.kind != .integer {
            let start = WindowKernel.cursor(record, sum.startOffset).pointee
            let end = WindowKernel.cursor(record, sum.endOffset).pointee
            guard presentCount(record + sum.offset, sum) == valueCount(ring, mask, start, end, sum) else { throw .sum }
        }
    }

    /// Deviations count as many values as their windows have, and times lie between the least and the greatest.
    private func checkTracks(_ record: UnsafeMutableRawPointer) throws(ShardImageError.KeyFault) {
        let head = record.assumingMemoryBound(to: KeyRecord.self)
        for track in kernel.tracks.tracks {
            let place = record + track.offset
            let count: UInt64
            switch track.kind {
            case .earliest, .latest, .leastEver, .greatestEver:
                let landmark = place.assumingMemoryBound(to: Landmark.self).pointee
                let times = EventTime.minimum.microseconds...EventTime.maximum.microseconds
                guard landmark.presence == 0 || times.contains(landmark.time) else { throw .eventTimes }
                continue
            case .decayedMean:
                guard place.assumingMemoryBound(to: DecayedMean.self).pointee.isValid else { throw .sum }
                continue
            case .integerDeviation: count = place.assumingMemoryBound(to: IntegerDeviation.self).pointee.count
            case .doubleDeviation: count = place.assumingMemoryBound(to: DoubleDeviation.self).pointee.valueCount
            default: continue
            }
            if track.startOffset == track.endOffset { continue }
            var position = WindowKernel.cursor(record, track.startOffset).pointee
            let end = WindowKernel.cursor(record, track.endOffset).pointee
            var found: UInt64 = 0
            while position != end {
                if track.isPresent(kernel.entry(head.pointee.ring, head.pointee.ringMask, position)) { found += 1 }
                position &+= 1
            }
            guard found == count else { throw .sum }
        }
    }

    private func presentCount(_ place: UnsafeMutableRawPointer, _ sum: SumLayout) -> UInt32? {
        switch sum.kind {
        case .integer: nil
        case .optionalInteger: place.assumingMemoryBound(to: OptionalIntegerSum.self).pointee.presentCount
        case .double: place.assumingMemoryBound(to: DoubleSum.self).pointee.presentCount
        }
    }

    /// How many events from `start` up to `end` have a value; `nil` where that cannot be told.
    private func valueCount(
        _ ring: UnsafeMutablePointer<Int64>, _ mask: UInt32, _ start: UInt32, _ end: UInt32, _ sum: SumLayout
    ) -> UInt32? {
        var count: UInt32 = 0
        var position = start
        while position != end {
            let word = kernel.entry(ring, mask, position) + sum.entryWord
            if sum.kind == .double {
                if !Double(bitPattern: UInt64(bitPattern: word[0])).isNaN { count &+= 1 }
            } else {
                guard word[1] == 0 || word[1] == 1 else { return nil }
                count &+= UInt32(truncatingIfNeeded: word[1])
            }
            position &+= 1
        }
        return count
    }
}

/// One key of an image, cut into its parts; nothing but the lengths is checked.
private struct ImageKeyParts {
    let newestTime: Int64
    let eventCount: Int
    let state: UnsafeRawBufferPointer
    let bytes: UnsafeRawBufferPointer
    let events: UnsafeRawBufferPointer
    /// The images of sketches.
    let blocks: [UnsafeRawBufferPointer]

    init(
        _ rest: inout UnsafeRawBufferPointer, stateBytes: Int, entryBytes: Int, blockCount: Int
    ) throws(ShardImageError) {
        guard rest.count >= ImageKey.byteCount + stateBytes else { throw .truncated }
        let length = Int(rest.loadUnaligned(fromByteOffset: ImageKey.lengthOffset, as: UInt32.self))
        eventCount = Int(rest.loadUnaligned(fromByteOffset: ImageKey.eventCountOffset, as: UInt32.self))
        newestTime = rest.loadUnaligned(fromByteOffset: ImageKey.newestTimeOffset, as: Int64.self)
        // Lengths are of 32 bits and an event is small: the sum cannot overflow.
        let bytesStart = ImageKey.byteCount + stateBytes
        let eventsStart = bytesStart + length
        let end = eventsStart + eventCount * entryBytes
        guard end <= rest.count else { throw .truncated }
        state = UnsafeRawBufferPointer(rebasing: rest[ImageKey.byteCount..<bytesStart])
        bytes = UnsafeRawBufferPointer(rebasing: rest[bytesStart..<eventsStart])
        events = UnsafeRawBufferPointer(rebasing: rest[eventsStart..<end])
        rest = UnsafeRawBufferPointer(rebasing: rest[end...])
        var blocks: [UnsafeRawBufferPointer] = []
        for _ in 0..<blockCount {
            guard rest.count >= 4 else { throw .truncated }
            let end = 4 + Int(rest.loadUnaligned(as: UInt32.self))
            guard end <= rest.count else { throw .truncated }
            blocks.append(UnsafeRawBufferPointer(rebasing: rest[4..<end]))
            rest = UnsafeRawBufferPointer(rebasing: rest[end...])
        }
        self.blocks = blocks
    }
}

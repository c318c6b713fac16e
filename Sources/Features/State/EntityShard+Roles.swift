/// Rows of several sources, and aggregates beyond counts, sums and means.
extension EntityShard {
    /// As `process`, for any plan.
    ///
    /// A row of the plan's source enters the windows; a row of the scored source asks them. One that does both sees
    /// itself in windows without delay, unless they leave the current event out. One that only asks leaves no event and
    /// makes no key; it moves the windows of its key forward to its time.
    ///
    /// Of what is known since the beginning a row sees what has been taken before it, whatever the times: events older
    /// than the horizon still count there, and nothing that has been taken can be left out for a late one.
    ///
    /// Complexity: amortised O(edges + aggregates) a row in order; O(events in the windows) for a late row that asks for
    /// more than sums, O(events of the key that are newer) for one that only enters.
    func processAll(_ order: UnsafeBufferPointer<UInt32>, _ rows: ShardRows) {
        guard let start = order.baseAddress else { return }
        var first = 0
        while first < order.count {
            let count = min(RowGroup.rows, order.count &- first)
            let drops = dropCount
            locateAll(start + first, count: count, rows)
            for offset in 0..<count {
                let row = Int(truncatingIfNeeded: start[first &+ offset])
                let source = Int(rows.sources[row])
                let event = ShardEvent(
                    row: row, time: rows.times[row], watermark: rows.watermarks[row],
                    values: rows.values + row &* kernel.valueStride,
                    target: source == 0 ? rows.features + row &* rows.featureCount : nil,
                    located: drops == dropCount ? group.records[offset] : nil)
                if source == layout.source {
                    take(event, rows)
                } else {
                    ask(event, rows)
                }
            }
            first &+= count
        }
    }

    /// As `locate`, by the key that each row has for its part.
    private func locateAll(_ order: UnsafePointer<UInt32>, count: Int, _ rows: ShardRows) {
        var touched: Int64 = 0
        for offset in 0..<count {
            touched ^= Int64(bitPattern: firstSlot(rows.hashes[Int(truncatingIfNeeded: order[offset])]))
        }
        for offset in 0..<count {
            let row = Int(truncatingIfNeeded: order[offset])
            let words = Int(rows.sources[row]) == layout.source ? rows.keyWords : rows.queryKeyWords
            let record = find(rows.key(words, row), hash: rows.hashes[row])
            group.records[offset] = record
            guard let record else { continue }
            for line in stride(from: 64, to: kernel.recordBytes, by: 64) {
                touched ^= record.load(fromByteOffset: line, as: Int64.self)
            }
        }
        for offset in 0..<count where layout.hasRing {
            if let record = group.records[offset] { touched ^= kernel.touchRing(record) }
        }
        group.touched = touched
    }

    // MARK: - Rows that enter

    private func take(_ event: ShardEvent, _ rows: ShardRows) {
        if event.time <= event.watermark &- layout.keyHorizon, !layout.isUnbounded {
            guard let target = event.target else { return }
            writeAlone(event, to: target)
            writeTilesAlone(event, values: event.values, to: target)
            return
        }
        let record =
            event.located
            ?? findOrInsert(rows.key(event.row), hash: rows.hashes[event.row], watermark: event.watermark)
        let head = record.assumingMemoryBound(to: KeyRecord.self)
        let isInOrder = event.time >= head.pointee.newestTime
        if isInOrder {
            head.pointee.newestTime = event.time
            kernel.advance(record, to: event.time)
        }
        if layout.hasRing { remember(event, record, isInOrder: isInOrder) }
        takeTiles(record, event)
    }

    /// Takes an event into the windows whose events are remembered, or that reach back to the beginning.
    private func remember(_ event: ShardEvent, _ record: UnsafeMutableRawPointer, isInOrder: Bool) {
        let isForgotten = event.time <= event.watermark &- kernel.horizon
        if isForgotten, !layout.isUnbounded {
            // Tiles reach further back.
            if let target = event.target { writeAlone(event, to: target) }
            return
        }
        let isExact = isInOrder && event.time >= event.watermark &- kernel.late && !isForgotten
        if kernel.hasBefore {
            let view = view(event, record, isExact: isExact, isForgotten: isForgotten, enters: false)
            writeSpecials(event, view, isScanned: !isExact, ever: record, isBefore: true)
        }
        if isInOrder {
            append(record, time: event.time, values: event.values)
            if kernel.tracks.hasLinks {
                kernel.link(record, record.assumingMemoryBound(to: KeyRecord.self).pointee.tail &- 1)
            }
            kernel.enterNewest(record, values: event.values)
        } else {
            insert(record, time: event.time, values: event.values)
        }
        guard let target = event.target else { return }
        let view = view(event, record, isExact: isExact, isForgotten: isForgotten, enters: true)
        kernel.write(view, to: target)
        writeSpecials(event, view, isScanned: !isExact, ever: record, isBefore: false)
    }

    /// Writes what an event sees that sees nothing but itself.
    private func writeAlone(_ event: ShardEvent, to target: UnsafeMutablePointer<Double>) {
        writeSpecials(event, alone(nil), isScanned: true, ever: nil, isBefore: true)
        let view = alone(event.values)
        kernel.write(view, to: target)
        writeSpecials(event, view, isScanned: true, ever: nil, isBefore: false)
    }

    /// Where the windows of an event stand: in the record as it is, in a copy whose edges are moved, or in one that
    /// holds nothing but the event.
    private func view(
        _ event: ShardEvent, _ record: UnsafeMutableRawPointer, isExact: Bool, isForgotten: Bool, enters: Bool
    ) -> UnsafeMutableRawPointer {
        if isExact || event.target == nil { return record }
        if isForgotten { return alone(enters ? event.values : nil) }
        kernel.place(lateRecord, of: record, at: event.time, forgotten: event.watermark &- kernel.horizon)
        return lateRecord
    }

    private func alone(_ values: UnsafePointer<Int64>?) -> UnsafeMutableRawPointer {
        kernel.placeAlone(lateRecord, values: values, ring: loneEntry)
        return lateRecord
    }

    private func writeSpecials(
        _ event: ShardEvent, _ view: UnsafeMutableRawPointer, isScanned: Bool, ever: UnsafeMutableRawPointer?,
        isBefore: Bool
    ) {
        guard let target = event.target else { return }
        kernel.writeSpecials(
            WindowView(record: view, isScanned: isScanned, ever: ever, time: event.time), isBefore: isBefore,
            to: target)
    }

    // MARK: - Rows that ask

    private func ask(_ event: ShardEvent, _ rows: ShardRows) {
        guard let target = event.target else { return }
        let found = event.located ?? find(rows.key(rows.queryKeyWords, event.row), hash: rows.hashes[event.row])
        guard let record = found else {
            kernel.writeEmpty(to: target)
            writeTilesAlone(event, values: nil, to: target)
            return
        }
        ask(event, record, to: target)
    }

    /// What a row of this key sees that leaves nothing behind but windows that have moved on to its time.
    func ask(_ event: ShardEvent, _ record: UnsafeMutableRawPointer, to target: UnsafeMutablePointer<Double>) {
        askTiles(record, event, to: target)
        let head = record.assumingMemoryBound(to: KeyRecord.self)
        if !layout.hasRing {
            head.pointee.newestTime = max(head.pointee.newestTime, event.time)
            return
        }
        let isForgotten = event.time <= event.watermark &- kernel.horizon
        let isInOrder = event.time >= head.pointee.newestTime && !isForgotten
        if isInOrder {
            head.pointee.newestTime = event.time
            kernel.advance(record, to: event.time)
        }
        let isExact = isInOrder && event.time >= event.watermark &- kernel.late
        let view = view(event, record, isExact: isExact, isForgotten: isForgotten, enters: false)
        writeSpecials(event, view, isScanned: !isExact, ever: record, isBefore: true)
        kernel.write(view, to: target)
        writeSpecials(event, view, isScanned: !isExact, ever: record, isBefore: false)
    }
}

/// One row as a shard takes it.
struct ShardEvent {
    let row: Int
    let time: Int64
    let watermark: Int64
    let values: UnsafePointer<Int64>
    /// Where its features go; `nil` for a row that does not ask.
    let target: UnsafeMutablePointer<Double>?
    /// The record of its key, where it was found before.
    let located: UnsafeMutableRawPointer?
}

import Events

/// The columns that a shard reads of a batch, and where it writes.
struct ShardRows {
    /// The keys of rows that enter the windows.
    let keyWords: UnsafePointer<Int64>
    /// The keys of rows that only ask.
    let queryKeyWords: UnsafePointer<Int64>
    /// The source that each row is of.
    let sources: UnsafePointer<UInt8>
    /// `nil` where the key is an integer: its eight bytes are the key.
    let stringBytes: UnsafePointer<UInt8>?
    let hashes: UnsafePointer<UInt64>
    let times: UnsafePointer<Int64>
    /// The watermark as of each row: the newest accepted event time up to and with it.
    let watermarks: UnsafePointer<Int64>
    let values: UnsafePointer<Int64>
    let features: UnsafeMutablePointer<Double>
    let featureCount: Int

    @inline(__always)
    func key(_ row: Int) -> ProbedKey { key(keyWords, row) }

    @inline(__always)
    func key(_ keyWords: UnsafePointer<Int64>, _ row: Int) -> ProbedKey {
        guard let stringBytes else { return ProbedKey(bytes: keyWords + row, count: 8) }
        let word = UInt64(bitPattern: keyWords[row])
        // Unsigned: a place above two gigabytes has the highest bit set.
        return ProbedKey(bytes: stringBytes + Int(word >> 32), count: Int(word & 0xFFFF_FFFF))
    }
}

/// Rows that are looked up together, so that the processor waits for their keys' memory at the same time and not one
/// after the other.
final class RowGroup {
    static let rows = 16

    let records: UnsafeMutablePointer<UnsafeMutableRawPointer?>
    /// Takes the words that were read only to bring them near.
    @exclusivity(unchecked) var touched: Int64 = 0

    init() {
        records = .allocate(capacity: Self.rows)
        records.initialize(repeating: nil, count: Self.rows)
    }

    deinit { records.deallocate() }
}

extension EntityShard {
    /// Takes rows into their keys' windows in the order given, and writes each row's aggregates.
    ///
    /// How an event stands to the watermark W, the newest accepted event time up to and with it, decides what it sees:
    ///
    /// ```
    ///        W - horizon                W - late            W
    ///   ─────────┼─────────────────────────┼────────────────┼─▶ time of the event
    ///     alone     what is not forgotten       exact
    /// ```
    ///
    /// *Exact*: all that came before it, with a time in its windows. *What is not forgotten*: of these only events
    /// newer than W - horizon. *Alone*: itself in the windows without delay, and nothing else; it is not remembered
    /// either, since no later event could see it. So everything depends on events newer than W - horizon alone:
    /// dropping emptied keys is invisible, and a state rebuilt from the horizon on gives the same results.
    ///
    /// This is the short way, for plans of counts, sums and means (`RecordLayout.isPlain`); `processAll` knows the rest.
    ///
    /// Complexity: amortised O(edges + aggregates) a row in order; nothing is allocated but the growth of state.
    func process(_ order: UnsafeBufferPointer<UInt32>, _ rows: ShardRows) {
        guard let order = order.baseAddress.map({ UnsafeBufferPointer(start: $0, count: order.count) }) else { return }
        let valueStride = kernel.valueWords
        var first = 0
        while first < order.count {
            let count = min(RowGroup.rows, order.count &- first)
            let drops = dropCount
            locate(order.baseAddress.unsafelyUnwrapped + first, count: count, rows)
            var offset = 0
            while offset < count {
                let row = Int(truncatingIfNeeded: order[first &+ offset])
                let target = rows.features + row &* rows.featureCount
                let time = rows.times[row]
                let watermark = rows.watermarks[row]
                let values = rows.values + row &* valueStride
                if time <= watermark &- kernel.horizon {
                    kernel.placeAlone(lateRecord, values: values, ring: loneEntry)
                    kernel.write(lateRecord, to: target)
                } else {
                    let located = drops == dropCount ? group.records[offset] : nil
                    let record = located ?? findOrInsert(rows.key(row), hash: rows.hashes[row], watermark: watermark)
                    kernel.write(take(record, time: time, watermark: watermark, values: values), to: target)
                }
                offset &+= 1
            }
            first &+= count
        }
    }

    @inline(never)
    func findOrInsert(_ key: ProbedKey, hash: UInt64, watermark: Int64) -> UnsafeMutableRawPointer {
        find(key, hash: hash) ?? insert(key, hash: hash, watermark: watermark)
    }

    /// Finds the records of a group's rows and brings near what `take` is going to read: three rounds of independent
    /// loads, each of which needs what the round before has read.
    @inline(__always)
    private func locate(_ order: UnsafePointer<UInt32>, count: Int, _ rows: ShardRows) {
        var touched: Int64 = 0
        var offset = 0
        while offset < count {
            touched ^= Int64(bitPattern: firstSlot(rows.hashes[Int(truncatingIfNeeded: order[offset])]))
            offset &+= 1
        }
        offset = 0
        while offset < count {
            let row = Int(truncatingIfNeeded: order[offset])
            let record = find(rows.key(row), hash: rows.hashes[row])
            group.records[offset] = record
            if let record {
                var line = 64
                while line < kernel.recordBytes {
                    touched ^= record.load(fromByteOffset: line, as: Int64.self)
                    line &+= 64
                }
            }
            offset &+= 1
        }
        offset = 0
        while offset < count {
            if let record = group.records[offset] { touched ^= kernel.touchRing(record) }
            offset &+= 1
        }
        group.touched = touched
    }

    /// Takes an event into its key's state.
    ///
    /// - Returns: the record whose cursors and sums are the event's windows; valid until the next event.
    @inline(__always)
    private func take(
        _ record: UnsafeMutableRawPointer, time: Int64, watermark: Int64, values: UnsafePointer<Int64>
    ) -> UnsafeMutableRawPointer {
        let head = record.assumingMemoryBound(to: KeyRecord.self)
        if time < head.pointee.newestTime {
            return takeLate(record, time: time, watermark: watermark, values: values)
        }
        head.pointee.newestTime = time
        kernel.advance(record, to: time)
        append(record, time: time, values: values)
        kernel.enterNewest(record, values: values)
        if time >= watermark &- kernel.late { return record }
        kernel.place(lateRecord, of: record, at: time, forgotten: watermark &- kernel.horizon)
        return lateRecord
    }

    @inline(never)
    private func takeLate(
        _ record: UnsafeMutableRawPointer, time: Int64, watermark: Int64, values: UnsafePointer<Int64>
    ) -> UnsafeMutableRawPointer {
        insert(record, time: time, values: values)
        kernel.place(lateRecord, of: record, at: time, forgotten: watermark &- kernel.horizon)
        return lateRecord
    }
}

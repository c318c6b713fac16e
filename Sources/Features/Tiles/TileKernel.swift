/// A tiled window of one key: moves its edges over its tiles and keeps their total.
///
/// The state of a key is a record of `TileLayout.recordBytes` and blocks of the arena that is handed in with each call:
/// always the same one. The kernel is a plain value of pointers and numbers.
struct TileKernel {
    let parts: UnsafeBufferPointer<TilePart>
    let outputs: UnsafeBufferPointer<TileOutputLayout>
    let tileBytes: Int
    let width: Int64
    let length: Int64
    let delay: Int64
    let horizon: Int64
    let late: Int64
    let tilesMax: Int

    /// Borrows: the layout has to outlive it.
    init(_ layout: TileLayout) {
        parts = layout.parts
        outputs = layout.outputs
        tileBytes = layout.tileBytes
        width = layout.plan.width
        length = layout.plan.window.lengthMicroseconds
        delay = layout.plan.window.delayMicroseconds
        horizon = layout.plan.horizonMicroseconds
        late = layout.plan.lateMicroseconds
        tilesMax = layout.plan.tilesPerKeyMax
    }

    // MARK: - Places

    @inline(__always)
    func head(_ record: UnsafeMutableRawPointer) -> UnsafeMutablePointer<TileRecord> {
        record.assumingMemoryBound(to: TileRecord.self)
    }

    @inline(__always)
    func total(_ record: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer { record + TileRecord.totalOffset }

    /// A tile that is there.
    @inline(__always)
    func tile(_ record: UnsafeMutableRawPointer, _ position: UInt32) -> UnsafeMutableRawPointer {
        head(record).pointee.tiles.unsafelyUnwrapped + Int(position) &* tileBytes
    }

    @inline(__always)
    func number(_ record: UnsafeMutableRawPointer, _ position: UInt32) -> Int64 {
        tile(record, position).load(as: Int64.self)
    }

    // MARK: - Numbers of tiles

    /// The tile of a time.
    @inline(__always)
    func tileNumber(_ time: Int64) -> Int64 {
        let quotient = time / width
        return quotient &* width > time ? quotient &- 1 : quotient
    }

    /// `time` less `span`, or the oldest time there is.
    @inline(__always)
    func back(_ time: Int64, _ span: Int64) -> Int64 {
        let (difference, isOverflow) = time.subtractingReportingOverflow(span)
        return isOverflow ? .min : difference
    }

    /// The first tile whose last instant is after `time`.
    @inline(__always)
    func firstEndingAfter(_ time: Int64) -> Int64 { time == .max ? tileNumber(time) : tileNumber(time &+ 1) }

    /// The first tile of the window of an event.
    @inline(__always)
    func startNumber(_ time: Int64) -> Int64 { firstEndingAfter(back(time, delay &+ length)) }

    /// Behind the last tile of the window of an event.
    @inline(__always)
    func endNumber(_ time: Int64) -> Int64 {
        delay == 0 ? tileNumber(time) &+ 1 : firstEndingAfter(back(time, delay))
    }

    /// The first tile that no event before `time - horizon` is in: what is older is forgotten.
    @inline(__always)
    func keptNumber(_ time: Int64) -> Int64 { tileNumber(back(time, horizon)) &+ 1 }

    // MARK: - Records

    /// Makes of any bytes the window of a key without events.
    func makeBlank(_ record: UnsafeMutableRawPointer) {
        head(record).initialize(to: .blank)
        total(record).storeBytes(of: 0, as: Int64.self)
        for part in parts { part.makeBlank(total(record)) }
    }

    /// Gives back all blocks; the record is then to be made blank or forgotten.
    func release(_ record: UnsafeMutableRawPointer, _ arena: inout BlockArena) {
        let head = head(record)
        for position in head.pointee.head..<head.pointee.tail { releaseParts(tile(record, position), &arena) }
        releaseParts(total(record), &arena)
        if let tiles = head.pointee.tiles { arena.giveBack(tiles, sizeClass: sizeClass(head.pointee.capacity)) }
    }

    func releaseParts(_ tile: UnsafeMutableRawPointer, _ arena: inout BlockArena) {
        for part in parts { part.release(tile, &arena) }
    }

    func sizeClass(_ capacity: UInt32) -> Int { BlockArena.sizeClass(forBytes: Int(capacity) * tileBytes) }

    // MARK: - Events

    /// Takes an event into its key's window, and writes what its own window holds.
    ///
    /// Which events see what follows `EntityShard.process`: exact order from watermark - late on; older events see tiles
    /// that are not forgotten; behind the horizon an event sees itself alone, and is not remembered.
    ///
    /// - Parameters:
    ///   - watermark: the newest accepted event time up to and with this event.
    ///   - values: the words that the plan's columns read.
    /// - Returns: how many tiles were forgotten because the key had `tilesMax`.
    ///
    /// Complexity: O(parts) while no tile enters or leaves; then O(tiles x parts) at most.
    func take(
        _ record: UnsafeMutableRawPointer, time: Int64, watermark: Int64, values: UnsafePointer<Int64>,
        to features: UnsafeMutablePointer<Double>, _ arena: inout BlockArena
    ) -> Int {
        let head = head(record)
        if time <= back(watermark, horizon) {
            writeView(nil, time: time, from: .max, values: values, to: features, &arena)
            return 0
        }
        let isInOrder = time >= head.pointee.newestTime
        if !isInOrder || time < back(watermark, late) {
            let from = max(startNumber(time), keptNumber(watermark))
            writeView(record, time: time, from: from, values: values, to: features, &arena)
            if isInOrder {
                advance(record, to: time, &arena)
                return enter(record, time: time, values: values, &arena)
            }
            // Nothing will see a tile that is forgotten in part.
            if tileNumber(time) < keptNumber(watermark) { return 0 }
            return insert(record, time: time, values: values, &arena)
        }
        advance(record, to: time, &arena)
        if head.pointee.isStale != 0 { renew(record, &arena) }
        write(total(record), time: time, beforeEvent: true, to: features)
        let forgotten = enter(record, time: time, values: values, &arena)
        if forgotten > 0 && head.pointee.isStale != 0 { renew(record, &arena) }
        write(total(record), time: time, beforeEvent: false, to: features)
        return forgotten
    }

    /// Writes what the window of an event of another source holds, which asks and does not enter.
    ///
    /// Complexity: as `take`.
    func ask(
        _ record: UnsafeMutableRawPointer, time: Int64, watermark: Int64, to features: UnsafeMutablePointer<Double>,
        _ arena: inout BlockArena
    ) {
        let head = head(record)
        if time < head.pointee.newestTime || time < back(watermark, late) {
            let from = max(startNumber(time), keptNumber(watermark))
            writeView(record, time: time, from: from, values: nil, to: features, &arena)
            return
        }
        advance(record, to: time, &arena)
        if head.pointee.isStale != 0 { renew(record, &arena) }
        write(total(record), time: time, beforeEvent: true, to: features)
        write(total(record), time: time, beforeEvent: false, to: features)
    }

    /// Moves both edges of the window forward, over the tiles that are there.
    func advance(_ record: UnsafeMutableRawPointer, to time: Int64, _ arena: inout BlockArena) {
        let head = head(record)
        head.pointee.newestTime = time
        let tail = head.pointee.tail
        if delay == 0 {
            head.pointee.end = tail
        } else {
            let endNumber = endNumber(time)
            while head.pointee.end != tail, number(record, head.pointee.end) < endNumber {
                let entering = tile(record, head.pointee.end)
                for part in parts { part.merge(total(record), entering, &arena) }
                head.pointee.end &+= 1
            }
        }
        if head.pointee.head == tail { return }
        let startNumber = startNumber(time)
        while head.pointee.start != head.pointee.end, number(record, head.pointee.start) < startNumber {
            leave(record, &arena)
        }
        let keptNumber = keptNumber(time)
        while head.pointee.head != head.pointee.start, number(record, head.pointee.head) < keptNumber {
            releaseParts(tile(record, head.pointee.head), &arena)
            head.pointee.head &+= 1
        }
    }

    /// The first tile leaves the window.
    private func leave(_ record: UnsafeMutableRawPointer, _ arena: inout BlockArena) {
        let head = head(record)
        let leaving = tile(record, head.pointee.start)
        head.pointee.start &+= 1
        for part in parts where part.remove(leaving, from: total(record), &arena) { head.pointee.isStale = 1 }
    }

    /// Makes those parts of the total anew that tiles cannot be taken out of.
    ///
    /// Complexity: O(tiles x parts).
    func renew(_ record: UnsafeMutableRawPointer, _ arena: inout BlockArena) {
        let head = head(record)
        head.pointee.isStale = 0
        for part in parts where !part.kind.isInvertible {
            part.release(total(record), &arena)
            part.makeBlank(total(record))
            for position in head.pointee.start..<head.pointee.end {
                part.merge(total(record), tile(record, position), &arena)
            }
        }
    }

    /// An event that is not older than the key's newest enters its tile, and the window that is not delayed.
    private func enter(
        _ record: UnsafeMutableRawPointer, time: Int64, values: UnsafePointer<Int64>, _ arena: inout BlockArena
    ) -> Int {
        let head = head(record)
        let number = tileNumber(time)
        var forgotten = 0
        if head.pointee.tail == head.pointee.head || self.number(record, head.pointee.tail &- 1) != number {
            forgotten = open(record, number, at: nil, &arena)
        }
        let tile = tile(record, head.pointee.tail &- 1)
        for part in parts { part.add(tile, time: time, values: values, &arena) }
        if delay == 0 {
            for part in parts { part.add(total(record), time: time, values: values, &arena) }
        }
        return forgotten
    }
}

/// A tiled window of one key: moves its edges over its tiles and keeps their total.
///
/// The state of a key is a record of `TileLayout.recordBytes` and blocks of the arena that is handed in with each call:
/// always the same one. The kernel is a plain value of pointers and numbers.
///
/// What is written depends on the tiles that are in the window alone, each made of its events in merge order; never on
/// when they came to be there. A state that is rebuilt from the horizon on gives the same bits therefore.
struct TileKernel {
    let parts: UnsafeBufferPointer<TilePart>
    let outputs: UnsafeBufferPointer<TileOutputLayout>
    let tileBytes: Int
    let width: Int64
    let length: Int64
    let delay: Int64
    let horizon: Int64
    let late: Int64
    /// Whether an output is read before the event itself enters.
    let hasBefore: Bool
    let tilesMax: Int
    /// Room for a tile: the window of an event that is late.
    let view: UnsafeMutableRawPointer

    /// Borrows: the layout has to outlive it, and `view`, which has room for `tileBytes`.
    init(_ layout: TileLayout, view: UnsafeMutableRawPointer) {
        self.view = view
        parts = layout.parts
        outputs = layout.outputs
        tileBytes = layout.tileBytes
        width = layout.plan.width
        length = layout.plan.window.lengthMicroseconds
        delay = layout.plan.window.delayMicroseconds
        horizon = layout.plan.horizonMicroseconds
        late = layout.plan.lateMicroseconds
        hasBefore = layout.outputs.contains { $0.output.isBeforeEvent }
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

    /// The tile that rounded parts of the total leave out, since it still takes events: the newest one of a window without
    /// delay. A delayed window holds whole tiles only.
    @inline(__always)
    func open(_ record: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        let head = head(record)
        return delay == 0 && head.pointee.start != head.pointee.end ? tile(record, head.pointee.end &- 1) : nil
    }

    /// Behind the last tile that rounded parts of the total hold.
    @inline(__always)
    func foldEnd(_ record: UnsafeMutableRawPointer) -> UInt32 {
        let head = head(record)
        return delay == 0 && head.pointee.start != head.pointee.end ? head.pointee.end &- 1 : head.pointee.end
    }

    /// The bit of a part in `TileRecord.staleParts`; many parts share the last.
    @inline(__always)
    static func bit(_ part: Int) -> UInt32 { 1 << UInt32(truncatingIfNeeded: min(part, 31)) }

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
    ///   - features: `nil` for an event that does not ask.
    /// - Returns: how many tiles were forgotten because the key had `tilesMax`.
    ///
    /// Complexity: O(parts) while no tile enters or leaves; then O(tiles x parts) at most.
    func take(
        _ record: UnsafeMutableRawPointer, time: Int64, watermark: Int64, values: UnsafePointer<Int64>,
        to features: UnsafeMutablePointer<Double>?, _ arena: inout BlockArena
    ) -> Int {
        if time <= back(watermark, horizon) {
            if let features { writeAlone(time: time, values: values, to: features, &arena) }
            return 0
        }
        let isInOrder = time >= head(record).pointee.newestTime
        if !isInOrder || time < back(watermark, late) {
            if let features {
                writeView(record, time: time, watermark: watermark, values: values, to: features, &arena)
            }
            // Nothing will see a tile that is forgotten in part.
            if !isInOrder {
                return tileNumber(time) < keptNumber(watermark) ? 0 : insert(record, time: time, values: values, &arena)
            }
            advance(record, to: time, &arena)
            return enter(record, time: time, values: values, &arena)
        }
        advance(record, to: time, &arena)
        guard let features else { return enter(record, time: time, values: values, &arena) }
        if hasBefore {
            renew(record, &arena)
            write(total(record), open: open(record), time: time, beforeEvent: true, to: features)
        }
        let forgotten = enter(record, time: time, values: values, &arena)
        renew(record, &arena)
        write(total(record), open: open(record), time: time, beforeEvent: false, to: features)
        return forgotten
    }

    /// Writes what the window of an event of another source holds, which asks and does not enter.
    ///
    /// Complexity: as `take`.
    func ask(
        _ record: UnsafeMutableRawPointer, time: Int64, watermark: Int64, to features: UnsafeMutablePointer<Double>,
        _ arena: inout BlockArena
    ) {
        if time < head(record).pointee.newestTime || time < back(watermark, late) {
            writeView(record, time: time, watermark: watermark, values: nil, to: features, &arena)
            return
        }
        advance(record, to: time, &arena)
        renew(record, &arena)
        write(total(record), open: open(record), time: time, beforeEvent: true, to: features)
        write(total(record), open: open(record), time: time, beforeEvent: false, to: features)
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
                merge(tile(record, head.pointee.end), into: record, &arena)
                head.pointee.end &+= 1
            }
        }
        if head.pointee.head == tail { return }
        let startNumber = startNumber(time)
        while head.pointee.start != head.pointee.end, number(record, head.pointee.start) < startNumber {
            remove(tile(record, head.pointee.start), from: record, &arena)
            head.pointee.start &+= 1
        }
        let keptNumber = keptNumber(time)
        while head.pointee.head != head.pointee.start, number(record, head.pointee.head) < keptNumber {
            releaseParts(tile(record, head.pointee.head), &arena)
            head.pointee.head &+= 1
        }
    }

    private func merge(
        _ tile: UnsafeMutableRawPointer, into record: UnsafeMutableRawPointer, _ arena: inout BlockArena
    ) {
        for index in parts.indices { parts[index].merge(total(record), tile, &arena) }
    }

    /// Takes the first tile of a window out of its total.
    func remove(_ tile: UnsafeMutableRawPointer, from record: UnsafeMutableRawPointer, _ arena: inout BlockArena) {
        for index in parts.indices where parts[index].remove(tile, from: total(record), &arena) {
            head(record).pointee.staleParts |= Self.bit(index)
        }
    }

    /// Makes those parts of the total anew that are stale.
    ///
    /// Complexity: O(tiles) for each.
    @inline(__always)
    func renew(_ record: UnsafeMutableRawPointer, _ arena: inout BlockArena) {
        if head(record).pointee.staleParts != 0 { renewStale(record, &arena) }
    }

    @inline(never)
    private func renewStale(_ record: UnsafeMutableRawPointer, _ arena: inout BlockArena) {
        let head = head(record)
        for index in parts.indices where head.pointee.staleParts & Self.bit(index) != 0 {
            fold(index, record, &arena)
        }
        head.pointee.staleParts = 0
    }

    /// Makes a part of the total of the window's tiles, oldest first.
    func fold(_ index: Int, _ record: UnsafeMutableRawPointer, _ arena: inout BlockArena) {
        let part = parts[index]
        part.release(total(record), &arena)
        part.makeBlank(total(record))
        let end = part.kind.isRounded ? foldEnd(record) : head(record).pointee.end
        for position in head(record).pointee.start..<end { part.merge(total(record), tile(record, position), &arena) }
    }

    /// An event that is not older than the key's newest enters its tile, and the window that is not delayed.
    private func enter(
        _ record: UnsafeMutableRawPointer, time: Int64, values: UnsafePointer<Int64>, _ arena: inout BlockArena
    ) -> Int {
        let head = head(record)
        let number = tileNumber(time)
        var forgotten = 0
        if head.pointee.tail == head.pointee.head || self.number(record, head.pointee.tail &- 1) != number {
            if let open = self.open(record) {
                // From now on it is one of the others.
                for index in parts.indices where parts[index].kind.isRounded {
                    parts[index].merge(total(record), open, &arena)
                }
            }
            forgotten = self.open(record, number, at: nil, &arena)
        }
        let tile = tile(record, head.pointee.tail &- 1)
        for index in parts.indices {
            let part = parts.baseAddress.unsafelyUnwrapped + index
            part.pointee.add(tile, time: time, values: values, &arena)
            if delay == 0, !part.pointee.kind.isRounded {
                part.pointee.add(total(record), time: time, values: values, &arena)
            }
        }
        return forgotten
    }
}

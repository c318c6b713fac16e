/// Copying the tiles of a key out and in.
///
/// ```
///   newest time │ tiles, staleness │ total │ tile │ its sketches: length, image ... │ tile │ ...
/// ```
///
/// The sketches of the total are not in an image: they are merged again from the tiles.
extension TileKernel {
    private static let countOffset = 8
    private static let staleOffset = 12
    private static let headerBytes = 16

    private var sketches: some Sequence<TilePart> { parts.lazy.filter { $0.kind == .quantile || $0.kind == .distinct } }

    private func imageByteCount(of part: TilePart, _ tile: UnsafeMutableRawPointer) -> Int {
        part.kind == .quantile
            ? part.quantile(tile).pointee.imageByteCount : part.distinct(tile).pointee.imageByteCount
    }

    /// Bytes of `writeImage`.
    ///
    /// Complexity: O(tiles).
    func imageByteCount(_ record: UnsafeMutableRawPointer) -> Int {
        let head = head(record)
        var count = Self.headerBytes + tileBytes * (1 + Int(head.pointee.tail - head.pointee.head))
        for part in sketches {
            for position in head.pointee.head..<head.pointee.tail {
                count += 4 + imageByteCount(of: part, tile(record, position))
            }
        }
        return count
    }

    /// Writes a key's window; nothing of it is a pointer.
    func writeImage(_ record: UnsafeMutableRawPointer, to target: UnsafeMutableRawPointer) {
        let head = head(record)
        target.storeBytes(of: head.pointee.newestTime, as: Int64.self)
        target.storeBytes(
            of: head.pointee.tail - head.pointee.head, toByteOffset: Self.countOffset, as: UInt32.self)
        target.storeBytes(of: head.pointee.isStale, toByteOffset: Self.staleOffset, as: UInt32.self)
        var out = target + Self.headerBytes
        writeTile(total(record), to: &out)
        for position in head.pointee.head..<head.pointee.tail {
            let tile = tile(record, position)
            writeTile(tile, to: &out)
            for part in sketches {
                out.storeBytes(of: UInt32(imageByteCount(of: part, tile)), as: UInt32.self)
                out += 4
                if part.kind == .quantile {
                    part.quantile(tile).pointee.writeImage(to: out)
                } else {
                    part.distinct(tile).pointee.writeImage(to: out)
                }
                out += imageByteCount(of: part, tile)
            }
        }
    }

    private func writeTile(_ tile: UnsafeMutableRawPointer, to out: inout UnsafeMutableRawPointer) {
        out.copyMemory(from: tile, byteCount: tileBytes)
        for part in sketches { out.storeBytes(of: 0, toByteOffset: part.offset, as: UInt64.self) }
        out += tileBytes
    }

    /// Makes the window of a key from bytes that nobody vouches for.
    ///
    /// - Parameter record: without blocks; blank afterwards where the bytes are no image.
    /// - Returns: whether they are. Then every operation is safe, whatever the values in them.
    ///
    /// Complexity: O(bytes).
    func restore(
        _ record: UnsafeMutableRawPointer, image: UnsafeRawBufferPointer, _ arena: inout BlockArena
    ) -> Bool {
        makeBlank(record)
        if restoreTiles(record, image, &arena) { return true }
        release(record, &arena)
        makeBlank(record)
        return false
    }

    private func restoreTiles(
        _ record: UnsafeMutableRawPointer, _ image: UnsafeRawBufferPointer, _ arena: inout BlockArena
    ) -> Bool {
        guard image.count >= Self.headerBytes + tileBytes else { return false }
        let newest = image.loadUnaligned(as: Int64.self)
        let count = Int(image.loadUnaligned(fromByteOffset: Self.countOffset, as: UInt32.self))
        let stale = image.loadUnaligned(fromByteOffset: Self.staleOffset, as: UInt32.self)
        guard count <= tilesMax, stale <= 1, count <= image.count / tileBytes else { return false }
        let head = head(record)
        head.pointee.newestTime = newest
        head.pointee.isStale = stale
        if count > 0 {
            let bytes = 1 << BlockArena.sizeClass(forBytes: count * tileBytes)
            head.pointee.capacity = UInt32(bytes / tileBytes)
            head.pointee.tiles = arena.take(sizeClass: sizeClass(head.pointee.capacity))
        }
        var offset = Self.headerBytes + tileBytes
        var before = Int64.min
        for _ in 0..<count {
            guard image.count - offset >= tileBytes else { return false }
            let place = tile(record, head.pointee.tail)
            copyTile(image, offset, to: place)
            // From here on its sketches are released with the record.
            head.pointee.tail += 1
            offset += tileBytes
            let number = place.load(as: Int64.self)
            guard number > before, number <= tileNumber(newest) else { return false }
            before = number
            for part in sketches {
                guard restoreSketch(part, place, image, &offset, &arena) else { return false }
            }
        }
        guard offset == image.count else { return false }
        restoreTotal(record, image, &arena)
        return true
    }

    private func copyTile(_ image: UnsafeRawBufferPointer, _ offset: Int, to place: UnsafeMutableRawPointer) {
        UnsafeMutableRawBufferPointer(start: place, count: tileBytes).copyBytes(
            from: image[offset..<(offset + tileBytes)])
        for part in sketches { part.makeBlank(place) }
    }

    private func restoreSketch(
        _ part: TilePart, _ place: UnsafeMutableRawPointer, _ image: UnsafeRawBufferPointer, _ offset: inout Int,
        _ arena: inout BlockArena
    ) -> Bool {
        guard image.count - offset >= 4 else { return false }
        let length = Int(image.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        offset += 4
        guard image.count - offset >= length else { return false }
        let bytes = UnsafeRawBufferPointer(rebasing: image[offset..<(offset + length)])
        offset += length
        if part.kind == .quantile {
            guard let sketch = QuantileSketch(image: bytes, &arena) else { return false }
            part.quantile(place).pointee = sketch
        } else {
            guard let sketch = DistinctSketch(image: bytes, &arena) else { return false }
            part.distinct(place).pointee = sketch
        }
        return true
    }

    /// The edges follow from the newest time, and the total from the tiles; but the roundings of what was added up in
    /// another order are kept.
    private func restoreTotal(
        _ record: UnsafeMutableRawPointer, _ image: UnsafeRawBufferPointer, _ arena: inout BlockArena
    ) {
        let head = head(record)
        let startNumber = startNumber(head.pointee.newestTime)
        let endNumber = endNumber(head.pointee.newestTime)
        while head.pointee.start < head.pointee.tail, number(record, head.pointee.start) < startNumber {
            head.pointee.start += 1
        }
        head.pointee.end = head.pointee.start
        while head.pointee.end < head.pointee.tail, number(record, head.pointee.end) < endNumber {
            for part in parts { part.merge(total(record), tile(record, head.pointee.end), &arena) }
            head.pointee.end += 1
        }
        for part in parts where part.kind == .doubleSum || part.kind == .spread {
            UnsafeMutableRawBufferPointer(start: total(record) + part.offset, count: part.kind.byteCount).copyBytes(
                from: image[(Self.headerBytes + part.offset)..<(Self.headerBytes + part.offset + part.kind.byteCount)])
        }
    }
}

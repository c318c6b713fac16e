/// Copying the tiles of a key out and in.
///
/// ```
///   newest time │ tiles │ tile │ its sketches │ tile │ its sketches │ ...
/// ```
///
/// In the word of a tile that points to a sketch stands the length of the sketch's image. The total is not in an image: it
/// is a function of the tiles.
extension TileKernel {
    private static let countOffset = 8
    static let imageHeaderBytes = 16

    private func sketchByteCount(_ part: TilePart, _ tile: UnsafeMutableRawPointer) -> Int {
        part.kind == .quantile
            ? part.quantile(tile).pointee.imageByteCount : part.distinct(tile).pointee.imageByteCount
    }

    /// Bytes of `writeImage`. No more than `imageHeaderBytes` and the blocks of the key's tiles.
    ///
    /// Complexity: O(tiles).
    func imageByteCount(_ record: UnsafeMutableRawPointer) -> Int {
        let head = head(record)
        var count = Self.imageHeaderBytes + tileBytes * Int(head.pointee.tail - head.pointee.head)
        for index in parts.indices where part(index).pointee.kind.isSketch {
            var position = head.pointee.head
            while position != head.pointee.tail {
                count += sketchByteCount(part(index).pointee, tile(record, position))
                position &+= 1
            }
        }
        return count
    }

    /// Writes a key's window; nothing of it is a pointer.
    func writeImage(_ record: UnsafeMutableRawPointer, to target: UnsafeMutableRawPointer) {
        let head = head(record)
        target.storeBytes(of: head.pointee.newestTime, as: Int64.self)
        target.storeBytes(
            of: UInt64(head.pointee.tail - head.pointee.head), toByteOffset: Self.countOffset, as: UInt64.self)
        var out = target + Self.imageHeaderBytes
        var position = head.pointee.head
        while position != head.pointee.tail {
            let tile = tile(record, position)
            position &+= 1
            let place = out
            place.copyMemory(from: tile, byteCount: tileBytes)
            out += tileBytes
            for index in parts.indices where part(index).pointee.kind.isSketch {
                let part = self.part(index).pointee
                let byteCount = sketchByteCount(part, tile)
                place.storeBytes(of: UInt64(byteCount), toByteOffset: part.offset, as: UInt64.self)
                if part.kind == .quantile {
                    part.quantile(tile).pointee.writeImage(to: out)
                } else {
                    part.distinct(tile).pointee.writeImage(to: out)
                }
                out += byteCount
            }
        }
    }

    /// Makes the window of a key from bytes that nobody vouches for.
    ///
    /// - Parameters:
    ///   - record: without blocks; blank afterwards where the bytes are no image.
    ///   - newestMax: the newest event time of the key; no tile's is newer.
    /// - Returns: whether they are. Then every operation is safe, whatever the values in them.
    ///
    /// Complexity: O(bytes).
    func restore(
        _ record: UnsafeMutableRawPointer, image: UnsafeRawBufferPointer, newestMax: Int64, _ arena: inout BlockArena
    ) -> Bool {
        makeBlank(record)
        if restoreTiles(record, image, newestMax: newestMax, &arena) { return true }
        release(record, &arena)
        makeBlank(record)
        return false
    }

    private func restoreTiles(
        _ record: UnsafeMutableRawPointer, _ image: UnsafeRawBufferPointer, newestMax: Int64,
        _ arena: inout BlockArena
    ) -> Bool {
        guard image.count >= Self.imageHeaderBytes else { return false }
        let newest = image.loadUnaligned(as: Int64.self)
        let count = image.loadUnaligned(fromByteOffset: Self.countOffset, as: UInt64.self)
        guard newest <= newestMax, count <= UInt64(tilesMax), count <= UInt64(image.count / tileBytes) else {
            return false
        }
        let head = head(record)
        head.pointee.newestTime = newest
        if count > 0 {
            let bytes = 1 << BlockArena.sizeClass(forBytes: Int(count) * tileBytes)
            head.pointee.capacity = UInt32(bytes / tileBytes)
            head.pointee.tiles = arena.take(sizeClass: sizeClass(head.pointee.capacity))
        }
        var offset = Self.imageHeaderBytes
        var before = tileNumber(back(newest, horizon))
        for _ in 0..<count {
            guard image.count - offset >= tileBytes else { return false }
            let place = tile(record, head.pointee.tail)
            let bytes = UnsafeRawBufferPointer(rebasing: image[offset..<(offset + tileBytes)])
            UnsafeMutableRawBufferPointer(start: place, count: tileBytes).copyBytes(from: bytes)
            for index in parts.indices where part(index).pointee.kind.isSketch { part(index).pointee.makeBlank(place) }
            // From here on its sketches are released with the record.
            head.pointee.tail += 1
            offset += tileBytes
            let number = place.load(as: Int64.self)
            guard number > before, number <= tileNumber(newest) else { return false }
            before = number
            for index in parts.indices where part(index).pointee.kind.isSketch {
                let length = bytes.loadUnaligned(fromByteOffset: part(index).pointee.offset, as: UInt64.self)
                guard length <= UInt64(image.count - offset) else { return false }
                let sketch = UnsafeRawBufferPointer(rebasing: image[offset..<(offset + Int(length))])
                guard restoreSketch(part(index).pointee, place, sketch, &arena) else { return false }
                offset += Int(length)
            }
        }
        guard offset == image.count else { return false }
        restoreTotal(record, &arena)
        return true
    }

    private func restoreSketch(
        _ part: TilePart, _ place: UnsafeMutableRawPointer, _ bytes: UnsafeRawBufferPointer,
        _ arena: inout BlockArena
    ) -> Bool {
        if part.kind == .quantile {
            guard let sketch = QuantileSketch(image: bytes, &arena) else { return false }
            part.quantile(place).pointee = sketch
        } else {
            guard let sketch = DistinctSketch(image: bytes, &arena) else { return false }
            part.distinct(place).pointee = sketch
        }
        return true
    }

    /// The edges follow from the newest time, and the total from the tiles.
    private func restoreTotal(_ record: UnsafeMutableRawPointer, _ arena: inout BlockArena) {
        let head = head(record)
        let startNumber = startNumber(head.pointee.newestTime)
        let endNumber = endNumber(head.pointee.newestTime)
        while head.pointee.start < head.pointee.tail, number(record, head.pointee.start) < startNumber {
            head.pointee.start += 1
        }
        head.pointee.end = head.pointee.start
        while head.pointee.end < head.pointee.tail, number(record, head.pointee.end) < endNumber {
            head.pointee.end += 1
        }
        for index in parts.indices { fold(index, record, &arena) }
    }
}

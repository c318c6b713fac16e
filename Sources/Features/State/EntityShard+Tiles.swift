/// A tiled window and its place in the records of a shard.
struct TilePlace {
    let kernel: TileKernel
    let offset: Int

    /// Those of a layout, each with a view of its own; to be deallocated with them.
    static func places(of layout: RecordLayout) -> UnsafeBufferPointer<TilePlace> {
        RecordLayout.copy(
            zip(layout.tiles, layout.tileOffsets).map { tile, offset in
                let view = UnsafeMutableRawPointer.allocate(byteCount: tile.tileBytes, alignment: 8)
                return TilePlace(kernel: TileKernel(tile, view: view), offset: offset)
            })
    }
}

/// The windows of tiles, beside or in place of the ring of remembered events.
extension EntityShard {
    /// Takes an event into the tiled windows of its key, and writes what they hold for it.
    func takeTiles(_ record: UnsafeMutableRawPointer, _ event: ShardEvent) {
        for index in tiles.indices {
            let place = tiles.baseAddress.unsafelyUnwrapped + index
            let forgotten = place.pointee.kernel.take(
                record + place.pointee.offset, time: event.time, watermark: event.watermark, values: event.values,
                to: event.target, &arena.pointee)
            eventsForgotten &+= UInt64(forgotten)
        }
    }

    /// Writes what the tiled windows of a key hold for an event that does not enter them.
    func askTiles(
        _ record: UnsafeMutableRawPointer, _ event: ShardEvent, to features: UnsafeMutablePointer<Double>
    ) {
        for index in tiles.indices {
            let place = tiles.baseAddress.unsafelyUnwrapped + index
            place.pointee.kernel.ask(
                record + place.pointee.offset, time: event.time, watermark: event.watermark, to: features,
                &arena.pointee)
        }
    }

    /// Writes the tiled windows of an event that sees nothing but itself; without `values` not even that.
    func writeTilesAlone(
        _ event: ShardEvent, values: UnsafePointer<Int64>?, to features: UnsafeMutablePointer<Double>
    ) {
        for index in tiles.indices {
            tiles.baseAddress.unsafelyUnwrapped[index].kernel.writeAlone(
                time: event.time, values: values, to: features, &arena.pointee)
        }
    }
}

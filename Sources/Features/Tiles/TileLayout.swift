/// An aggregate with its parts resolved.
struct TileOutputLayout {
    let output: TileOutput
    /// The part that the value is read from.
    let part: TilePart
    let present: TilePart
}

/// Where everything of a tiled window stands in a key's record and in a tile, computed once from the plan.
///
/// ```
///   record:  TileRecord │ total: a tile's parts            tile:  number │ parts
/// ```
// SAFETY: nothing of it changes after `init`.
final class TileLayout: @unchecked Sendable {
    let plan: TiledWindowPlan
    let parts: UnsafeBufferPointer<TilePart>
    let outputs: UnsafeBufferPointer<TileOutputLayout>
    /// The number of a tile comes first.
    static let partsOffset = 8
    let tileBytes: Int
    /// Bytes of a key's record; a multiple of 8.
    let recordBytes: Int

    init(_ plan: TiledWindowPlan) {
        self.plan = plan
        var parts: [TilePart] = []
        var offset = Self.partsOffset
        func part(_ kind: TilePart.Kind, _ column: ColumnLayout) -> TilePart {
            if let known = parts.first(where: { $0.kind == kind && $0.column == column }) { return known }
            let part = TilePart(kind: kind, column: column, offset: offset)
            parts.append(part)
            offset += kind.byteCount
            return part
        }
        let outputs = plan.outputs.map { output in
            TileOutputLayout(
                output: output, part: part(TilePart.Kind(output.function, output.column.shape), output.column),
                present: part(.present, output.column))
        }
        self.parts = RecordLayout.copy(parts)
        self.outputs = RecordLayout.copy(outputs)
        tileBytes = offset
        recordBytes = TileRecord.totalOffset + offset
    }

    deinit {
        parts.deallocate()
        outputs.deallocate()
    }

    /// A small block is filled before it grows; a large one keeps room for tiles that need not be moved often.
    static let smallBlockBytes = 1 << 14

    /// Bytes of the block of a window that has so many tiles, as it grows.
    func blockBytes(tiles: Int) -> Int {
        if tiles == 0 { return 0 }
        let bytes = 1 << BlockArena.sizeClass(forBytes: tiles * tileBytes)
        if bytes <= Self.smallBlockBytes || tiles + tiles / 16 < bytes / tileBytes { return bytes }
        return bytes * 2
    }
}

/// What the state of a tiled window begins with; the total follows.
///
/// Tiles stand one behind the other in a block, oldest first; only those that have events.
///
/// ```
///   block   ·  ·  ▒  ▒  █  █  █  █  ░  ░  ·  ·       ▒ for late events   █ in the window   ░ not yet (delay)
///                 ▲     ▲           ▲     ▲
///               head  start        end  tail
/// ```
struct TileRecord {
    /// The newest event time: the window stands as of it. `Int64.min` before the first.
    var newestTime: Int64
    var tiles: UnsafeMutableRawPointer?
    var head: UInt32
    var start: UInt32
    var end: UInt32
    var tail: UInt32
    /// Tiles that the block can hold.
    var capacity: UInt32
    /// The parts of the total that have to be made anew, a bit each (`TileKernel.bit`).
    var staleParts: UInt32

    static let totalOffset = MemoryLayout<TileRecord>.size
    static var blank: TileRecord {
        TileRecord(newestTime: .min, tiles: nil, head: 0, start: 0, end: 0, tail: 0, capacity: 0, staleParts: 0)
    }
}

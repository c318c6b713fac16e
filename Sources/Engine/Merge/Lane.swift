import Events

/// One partition's way through the engine up to the merge: what was taken and decoded, and where it stands.
final class Lane {
    let start: LaneStart
    /// Decoded and not yet merged, oldest first; the last may be empty.
    var chunks: [DecodedChunk] = []
    /// Rows that wait for the merge, and the bytes of their records.
    var buffered = 0
    var bufferedBytes = 0
    /// The offset behind the last record taken, or where the source says it stands.
    var position: Int64
    /// Behind the last row that entered the state.
    var stateOffset: Int64
    /// The highest available time among the rows that the merge has taken: a lane never steps back.
    var highestTime: Int64
    /// Whether nothing is known to stand behind `position`.
    var isAtEnd = false
    /// The merge waited `merge.wait` for it in vain; it is waited for again when it brings something.
    var isGivenUp = false

    init(start: LaneStart, highestTime: Int64 = .min) {
        self.start = start
        self.highestTime = highestTime
        position = start.offset
        stateOffset = start.offset
        chunks.reserveCapacity(8)
    }

    /// The time that orders the lane's next row; call only when rows are buffered.
    @inline(__always)
    var nextTime: Int64 {
        let chunk = chunks[0]
        return chunk.time(of: chunk.next, highest: highestTime)
    }
}

/// What outlives an assignment with the state: if the same partition comes back, its order goes on where it was.
struct LaneMemory {
    /// Behind the last row that entered the state.
    let offset: Int64
    let highestTime: Int64
}

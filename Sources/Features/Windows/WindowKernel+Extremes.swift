/// Sliding extremes by chains of entries (docs/decisions/0010-sliding-extremes.md).
///
/// Of the values in a window only those matter that are more extreme than all newer ones: a chain from the newest entry
/// back. An entry's link back is the same for every window, and never changes while nothing is inserted before it; it
/// stands in the entry. As of each edge at which windows end, the chain is linked forward, too, so that a window whose
/// extreme leaves finds the next one at once.
///
/// ```
///   values     3  9  4  7  2  5        greatest: 9 ◀── 7 ◀── 5, of any window that ends here
///   in a window from the 4 on the front is 7; when 7 leaves, the link forward says 5
/// ```
extension WindowKernel {
    /// Whether an entry hides another, older one: its value is as extreme or more.
    @inline(__always)
    private static func hides(_ chain: ChainLayout, _ value: Int64, _ older: Int64) -> Bool {
        chain.isGreatest ? !chain.column.isLess(value, older) : !chain.column.isLess(older, value)
    }

    /// The next entry back in a chain; that of a missing value leads to the newest before it that is there.
    @inline(__always)
    private func previous(
        _ chain: ChainLayout, _ record: UnsafeMutableRawPointer, _ position: UInt32
    ) -> UInt32? {
        let found = Self.half(entry(record, position), chain.previousHalf).pointee
        let head = record.assumingMemoryBound(to: KeyRecord.self).pointee.head
        return found == position || Self.isBefore(found, head) ? nil : found
    }

    /// The newest entry with a value before `position`.
    @inline(__always)
    private func back(_ chain: ChainLayout, _ record: UnsafeMutableRawPointer, _ position: UInt32) -> UInt32? {
        if position == record.assumingMemoryBound(to: KeyRecord.self).pointee.head { return nil }
        let before = position &- 1
        return chain.column.isPresent(entry(record, before)) ? before : previous(chain, record, before)
    }

    /// Links an entry to the newest before it that it does not hide.
    ///
    /// Complexity: amortised O(1) for entries in order.
    func linkBack(_ chain: ChainLayout, _ record: UnsafeMutableRawPointer, _ position: UInt32) {
        let entry = entry(record, position)
        var found = back(chain, record, position)
        if chain.column.isPresent(entry) {
            let value = entry[chain.column.entryWord]
            while let place = found, Self.hides(chain, value, self.entry(record, place)[chain.column.entryWord]) {
                found = previous(chain, record, place)
            }
        }
        Self.half(entry, chain.previousHalf).pointee = found ?? position
    }

    /// An entry crosses an edge: as of that edge it ends the chain.
    @inline(__always)
    func linkForward(_ edge: EdgeChainLayout, _ record: UnsafeMutableRawPointer, _ position: UInt32) {
        let entry = entry(record, position)
        if !edge.chain.column.isPresent(entry) { return }
        Self.half(entry, edge.nextHalf).pointee = position
        if let before = previous(edge.chain, record, position) {
            Self.half(self.entry(record, before), edge.nextHalf).pointee = position
        }
    }

    /// Whether the value at `position` hides the front of a window.
    @inline(__always)
    func hidesFront(
        _ track: TrackLayout, _ record: UnsafeMutableRawPointer, _ position: UInt32, front: UInt32
    ) -> Bool {
        let chain = tracks.chains.baseAddress.unsafelyUnwrapped[track.links]
        let word = chain.column.entryWord
        return Self.hides(chain, entry(record, position)[word], entry(record, front)[word])
    }

    /// The links around an entry that was put at `position`.
    func insertIntoChains(_ record: UnsafeMutableRawPointer, at position: UInt32) {
        let tail = record.assumingMemoryBound(to: KeyRecord.self).pointee.tail
        for chain in tracks.chains {
            var place = position
            while place != tail {
                linkBack(chain, record, place)
                place &+= 1
            }
        }
        for index in edges.indices {
            let cursor = Self.cursor(record, edges.baseAddress.unsafelyUnwrapped[index].cursorOffset).pointee
            if !Self.isBefore(position, cursor) { continue }
            let edge = tracks.edges.baseAddress.unsafelyUnwrapped + index
            for chain in edge.pointee.chainsFrom..<edge.pointee.chainsUpTo {
                relink(tracks.edgeChains.baseAddress.unsafelyUnwrapped[chain], record, from: position, upTo: cursor)
            }
        }
    }

    /// Links a chain forward again, as of the entries before `cursor` and as far back as `position` changed it.
    private func relink(
        _ edge: EdgeChainLayout, _ record: UnsafeMutableRawPointer, from position: UInt32, upTo cursor: UInt32
    ) {
        guard var place = back(edge.chain, record, cursor) else { return }
        Self.half(entry(record, place), edge.nextHalf).pointee = place
        while !Self.isBefore(place, position), let before = previous(edge.chain, record, place) {
            Self.half(entry(record, before), edge.nextHalf).pointee = place
            place = before
        }
    }
}

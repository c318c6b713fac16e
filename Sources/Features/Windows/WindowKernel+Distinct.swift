/// Different values in windows: a value counts once for each window, as its newest occurrence there.
///
/// Each entry is linked to the occurrences of its value before and behind it, and a table knows where each value was
/// last. These do not depend on a window, so all windows over a column share them: a value that enters is new where the
/// occurrence before it lies before the window's start, and one that leaves is gone where the next lies behind its end.
extension WindowKernel {
    private func table(
        _ occurrence: OccurrenceLayout, _ record: UnsafeMutableRawPointer
    ) -> UnsafeMutablePointer<LastPositionTable> {
        (record + occurrence.tableOffset).assumingMemoryBound(to: LastPositionTable.self)
    }

    /// The occurrence before; one that is forgotten is none.
    @inline(__always)
    private func before(
        _ occurrence: OccurrenceLayout, _ record: UnsafeMutableRawPointer, _ position: UInt32
    ) -> UInt32? {
        let found = Self.half(entry(record, position), occurrence.previousHalf).pointee
        let head = record.assumingMemoryBound(to: KeyRecord.self).pointee.head
        return found == position || Self.isBefore(found, head) ? nil : found
    }

    @inline(__always)
    private func behind(
        _ occurrence: OccurrenceLayout, _ record: UnsafeMutableRawPointer, _ position: UInt32
    ) -> UInt32? {
        let found = Self.half(entry(record, position), occurrence.nextHalf).pointee
        return found == position ? nil : found
    }

    @inline(__always)
    private func setBefore(
        _ occurrence: OccurrenceLayout, _ record: UnsafeMutableRawPointer, _ position: UInt32, _ other: UInt32?
    ) {
        Self.half(entry(record, position), occurrence.previousHalf).pointee = other ?? position
        if let other { Self.half(entry(record, other), occurrence.nextHalf).pointee = position }
    }

    @inline(__always)
    private func identity(
        _ occurrence: OccurrenceLayout, _ record: UnsafeMutableRawPointer, _ position: UInt32
    ) -> UInt64 {
        occurrence.column.identity(entry(record, position)[occurrence.column.entryWord])
    }

    /// Links the newest entry to the occurrence of its value before it.
    func linkOccurrence(_ occurrence: OccurrenceLayout, _ record: UnsafeMutableRawPointer, _ position: UInt32) {
        let entry = entry(record, position)
        Self.half(entry, occurrence.nextHalf).pointee = position
        Self.half(entry, occurrence.previousHalf).pointee = position
        if !occurrence.column.isPresent(entry) { return }
        let found = table(occurrence, record).pointee.set(
            identity(occurrence, record, position), position: position, &arena.pointee)
        setBefore(occurrence, record, position, found)
    }

    /// Takes the oldest entry out of the tables where it was the last of its value.
    func forgetOccurrences(_ record: UnsafeMutableRawPointer, _ position: UInt32) {
        for occurrence in tracks.occurrences where occurrence.column.isPresent(entry(record, position)) {
            if behind(occurrence, record, position) != nil { continue }
            table(occurrence, record).pointee.remove(identity(occurrence, record, position), &arena.pointee)
        }
    }

    // MARK: - Windows

    func enterDistinct(_ track: TrackLayout, _ record: UnsafeMutableRawPointer, _ position: UInt32) {
        let start = Self.cursor(record, track.startOffset).pointee
        if isFirst(track, record, position, start: start) {
            (Self.state(track, record) as UnsafeMutablePointer<UInt32>).pointee &+= 1
        }
    }

    func leaveDistinct(_ track: TrackLayout, _ record: UnsafeMutableRawPointer, _ position: UInt32, end: UInt32) {
        if isLast(track, record, position, end: end) {
            (Self.state(track, record) as UnsafeMutablePointer<UInt32>).pointee &-= 1
        }
    }

    func insertDistinct(
        _ track: TrackLayout, _ record: UnsafeMutableRawPointer, _ position: UInt32, start: UInt32, end: UInt32
    ) {
        if isFirst(track, record, position, start: start), isLast(track, record, position, end: end) {
            (Self.state(track, record) as UnsafeMutablePointer<UInt32>).pointee &+= 1
        }
    }

    /// Whether a value's occurrence is the first in a window from `start`.
    @inline(__always)
    func isFirst(
        _ track: TrackLayout, _ record: UnsafeMutableRawPointer, _ position: UInt32, start: UInt32
    ) -> Bool {
        let occurrence = tracks.occurrences.baseAddress.unsafelyUnwrapped[track.links]
        guard let other = before(occurrence, record, position) else { return true }
        return Self.isBefore(other, start)
    }

    @inline(__always)
    private func isLast(
        _ track: TrackLayout, _ record: UnsafeMutableRawPointer, _ position: UInt32, end: UInt32
    ) -> Bool {
        let occurrence = tracks.occurrences.baseAddress.unsafelyUnwrapped[track.links]
        guard let other = behind(occurrence, record, position) else { return true }
        return !Self.isBefore(other, end)
    }

    // MARK: - An event out of order

    /// The links and tables around an entry that was put at `position`.
    func insertIntoOccurrences(_ record: UnsafeMutableRawPointer, at position: UInt32) {
        for occurrence in tracks.occurrences {
            shift(occurrence, record, from: position)
            insert(occurrence, record, at: position)
        }
    }

    /// Follows the entries that moved from `position` on, by one.
    private func shift(
        _ occurrence: OccurrenceLayout, _ record: UnsafeMutableRawPointer, from position: UInt32
    ) {
        let head = record.assumingMemoryBound(to: KeyRecord.self)
        var place = position &+ 1
        while place != head.pointee.tail {
            let entry = entry(record, place)
            let moved = place &- 1
            let previous = Self.half(entry, occurrence.previousHalf)
            let next = Self.half(entry, occurrence.nextHalf)
            if next.pointee == moved, occurrence.column.isPresent(entry) {
                table(occurrence, record).pointee.set(
                    identity(occurrence, record, place), position: place, &arena.pointee)
            }
            next.pointee &+= 1
            if !Self.isBefore(previous.pointee, position) {
                previous.pointee &+= 1
            } else if !Self.isBefore(previous.pointee, head.pointee.head) {
                Self.half(self.entry(record, previous.pointee), occurrence.nextHalf).pointee = place
            }
            place &+= 1
        }
    }

    /// Links the entry at `position` between the occurrences of its value, all of which have moved.
    private func insert(_ occurrence: OccurrenceLayout, _ record: UnsafeMutableRawPointer, at position: UInt32) {
        let entry = entry(record, position)
        Self.half(entry, occurrence.nextHalf).pointee = position
        Self.half(entry, occurrence.previousHalf).pointee = position
        if !occurrence.column.isPresent(entry) { return }
        let word = identity(occurrence, record, position)
        guard var next = table(occurrence, record).pointee.position(of: word), !Self.isBefore(next, position) else {
            let found = table(occurrence, record).pointee.set(word, position: position, &arena.pointee)
            setBefore(occurrence, record, position, found)
            return
        }
        var previous = before(occurrence, record, next)
        while let place = previous, !Self.isBefore(place, position) {
            next = place
            previous = before(occurrence, record, next)
        }
        setBefore(occurrence, record, position, previous)
        setBefore(occurrence, record, next, position)
    }
}

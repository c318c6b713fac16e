/// Tracks: what follows a column through a window by ring positions, besides sums.
extension WindowKernel {
    @inline(__always)
    static func half(_ entry: UnsafeMutablePointer<Int64>, _ half: Int) -> UnsafeMutablePointer<UInt32> {
        UnsafeMutableRawPointer(entry).assumingMemoryBound(to: UInt32.self) + half
    }

    @inline(__always)
    func entry(_ record: UnsafeMutableRawPointer, _ position: UInt32) -> UnsafeMutablePointer<Int64> {
        let head = record.assumingMemoryBound(to: KeyRecord.self)
        return entry(head.pointee.ring, head.pointee.ringMask, position)
    }

    /// Whether a position lies before another; they are never 2^31 apart.
    @inline(__always)
    static func isBefore(_ position: UInt32, _ other: UInt32) -> Bool {
        Int32(bitPattern: position &- other) < 0
    }

    @inline(__always)
    static func state<State>(_ track: TrackLayout, _ record: UnsafeMutableRawPointer) -> UnsafeMutablePointer<State> {
        (record + track.offset).assumingMemoryBound(to: State.self)
    }

    /// What `cross` does to tracks.
    func crossTracks(_ edge: Int, _ position: UInt32, _ record: UnsafeMutableRawPointer) {
        let edge = tracks.edges.baseAddress.unsafelyUnwrapped + edge
        var index = edge.pointee.chainsFrom
        while index < edge.pointee.chainsUpTo {
            linkForward(tracks.edgeChains.baseAddress.unsafelyUnwrapped[index], record, position)
            index &+= 1
        }
        index = edge.pointee.entersFrom
        while index < edge.pointee.leavesFrom {
            enter(tracks.crossings.baseAddress.unsafelyUnwrapped[index], record, position)
            index &+= 1
        }
        while index < edge.pointee.leavesUpTo {
            leave(tracks.crossings.baseAddress.unsafelyUnwrapped[index], record, position)
            index &+= 1
        }
    }

    /// The event at `position` becomes the newest of a window, which ended there.
    func enter(_ track: TrackLayout, _ record: UnsafeMutableRawPointer, _ position: UInt32) {
        let entry = entry(record, position)
        let isPresent = track.isPresent(entry)
        switch track.kind {
        case .first, .last, .least, .greatest:
            enterPosition(track, Self.state(track, record), record, position, isPresent: isPresent)
        case .distinct:
            if isPresent { enterDistinct(track, record, position) }
        default:
            if isPresent { add(track, record, entry) }
        }
    }

    /// The event at `position` leaves a window, of which it was the oldest.
    func leave(_ track: TrackLayout, _ record: UnsafeMutableRawPointer, _ position: UInt32) {
        let end = Self.cursor(record, track.endOffset).pointee
        switch track.kind {
        case .first, .last, .least, .greatest:
            leavePosition(track, Self.state(track, record), record, position, end: end)
        default:
            let entry = entry(record, position)
            if !track.isPresent(entry) { return }
            if track.kind == .distinct {
                leaveDistinct(track, record, position, end: end)
            } else {
                remove(track, record, entry, start: position &+ 1, end: end)
            }
        }
    }

    /// A value enters what needs no positions.
    func add(_ track: TrackLayout, _ record: UnsafeMutableRawPointer, _ entry: UnsafePointer<Int64>) {
        let word = track.column.shape == .always ? 0 : entry[track.column.entryWord]
        switch track.kind {
        case .integerDeviation: (Self.state(track, record) as UnsafeMutablePointer<IntegerDeviation>).pointee.add(word)
        case .doubleDeviation:
            (Self.state(track, record) as UnsafeMutablePointer<DoubleDeviation>).pointee.add(ColumnLayout.double(word))
        default: addEver(track, record, time: entry[0], word: word)
        }
    }

    /// A value leaves what needs no positions; the window is then from `start` up to `end`.
    private func remove(
        _ track: TrackLayout, _ record: UnsafeMutableRawPointer, _ entry: UnsafePointer<Int64>, start: UInt32,
        end: UInt32
    ) {
        let word = entry[track.column.entryWord]
        switch track.kind {
        case .integerDeviation:
            (Self.state(track, record) as UnsafeMutablePointer<IntegerDeviation>).pointee.remove(word)
        case .doubleDeviation:
            let deviation: UnsafeMutablePointer<DoubleDeviation> = Self.state(track, record)
            deviation.pointee.remove(ColumnLayout.double(word))
            if deviation.pointee.needsRefresh { refresh(track, deviation, record, start, end) }
        default:
            (Self.state(track, record) as UnsafeMutablePointer<QuantileSketch>).pointee.remove(
                track.column.number(word), &arena.pointee)
        }
    }

    // MARK: - An event out of order

    /// The event that was put at `position` enters the windows that reach over it; all behind it have moved by one, and
    /// cursors stand already as they have to.
    ///
    /// Complexity: O(events of the key that are newer), and for extremes those that it hides.
    func insertIntoTracks(_ record: UnsafeMutableRawPointer, at position: UInt32) {
        let entry = entry(record, position)
        let newest = record.assumingMemoryBound(to: KeyRecord.self).pointee.newestTime
        insertIntoChains(record, at: position)
        insertIntoOccurrences(record, at: position)
        for track in tracks.tracks {
            let end = Self.cursor(record, track.endOffset).pointee
            let isPresent = track.isPresent(entry)
            if track.startOffset == track.endOffset {
                if isPresent, entry[0] <= newest &- track.span { add(track, record, entry) }
                continue
            }
            if !Self.isBefore(position, end) { continue }
            let start = Self.cursor(record, track.startOffset).pointee
            switch track.kind {
            case .first, .last, .least, .greatest:
                insertPosition(
                    track, Self.state(track, record), record, position, start: start, isPresent: isPresent)
            default:
                if !isPresent || Self.isBefore(position, start) { continue }
                if track.kind == .distinct {
                    insertDistinct(track, record, position, start: start, end: end)
                } else {
                    add(track, record, entry)
                }
            }
        }
    }

    // MARK: - A restored record

    /// Makes all that images leave out: links between entries, positions, tables and sketches of windows.
    ///
    /// Complexity: O(events in windows).
    func rebuildTracks(_ record: UnsafeMutableRawPointer) {
        let head = record.assumingMemoryBound(to: KeyRecord.self)
        var position = head.pointee.head
        while position != head.pointee.tail {
            link(record, position)
            position &+= 1
        }
        for index in edges.indices {
            let cursor = Self.cursor(record, edges.baseAddress.unsafelyUnwrapped[index].cursorOffset).pointee
            let edge = tracks.edges.baseAddress.unsafelyUnwrapped + index
            for chain in edge.pointee.chainsFrom..<edge.pointee.chainsUpTo {
                position = head.pointee.head
                while position != cursor {
                    linkForward(tracks.edgeChains.baseAddress.unsafelyUnwrapped[chain], record, position)
                    position &+= 1
                }
            }
        }
        for track in tracks.tracks where !track.kind.isStored && track.startOffset != track.endOffset {
            position = Self.cursor(record, track.startOffset).pointee
            let end = Self.cursor(record, track.endOffset).pointee
            if !track.kind.hasBlock { (record + track.offset).storeBytes(of: position, as: UInt32.self) }
            if track.kind == .distinct { (record + track.offset).storeBytes(of: 0, as: UInt32.self) }
            while position != end {
                enter(track, record, position)
                position &+= 1
            }
        }
    }

    /// Links an entry to those before it.
    @inline(never)
    func link(_ record: UnsafeMutableRawPointer, _ position: UInt32) {
        for chain in tracks.chains { linkBack(chain, record, position) }
        for occurrence in tracks.occurrences { linkOccurrence(occurrence, record, position) }
    }
}

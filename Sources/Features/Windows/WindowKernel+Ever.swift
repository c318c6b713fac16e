/// Tracks of windows since the beginning, and the sketches of others.
extension WindowKernel {
    func addEver(_ track: TrackLayout, _ record: UnsafeMutableRawPointer, time: Int64, word: Int64) {
        switch track.kind {
        case .eventTally: (Self.state(track, record) as UnsafeMutablePointer<EventTally>).pointee.count &+= 1
        case .integerTally:
            let tally: UnsafeMutablePointer<IntegerTally> = Self.state(track, record)
            tally.pointee.sum.add(word)
            tally.pointee.count &+= 1
        case .doubleTally:
            let tally: UnsafeMutablePointer<DoubleTally> = Self.state(track, record)
            tally.pointee.sum.add(ColumnLayout.double(word))
            tally.pointee.count &+= 1
        case .earliest, .latest, .leastEver, .greatestEver: mark(track, record, time: time, word: word)
        case .decayedMean:
            (Self.state(track, record) as UnsafeMutablePointer<DecayedMean>).pointee.add(
                track.column.number(word), at: time, halfLife: track.parameter)
        case .distinctEver:
            (Self.state(track, record) as UnsafeMutablePointer<DistinctSketch>).pointee.add(
                track.column.identity(word), &arena.pointee)
        case .quantileEver:
            (Self.state(track, record) as UnsafeMutablePointer<QuantileSketch>).pointee.add(
                track.column.number(word), bucketsMax: QuantileSketch.foldedBucketsMax, &arena.pointee)
        case .quantile:
            (Self.state(track, record) as UnsafeMutablePointer<QuantileSketch>).pointee.add(
                track.column.number(word), &arena.pointee)
        default: preconditionFailure("\(track.kind) needs positions")
        }
    }

    /// Of events of the same time the one taken first is the earliest, the one taken last the latest.
    private func mark(_ track: TrackLayout, _ record: UnsafeMutableRawPointer, time: Int64, word: Int64) {
        let landmark: UnsafeMutablePointer<Landmark> = Self.state(track, record)
        let isBetter: Bool
        switch track.kind {
        case .earliest: isBetter = time < landmark.pointee.time
        case .latest: isBetter = time >= landmark.pointee.time
        case .leastEver: isBetter = track.column.isLess(word, landmark.pointee.word)
        default: isBetter = track.column.isLess(landmark.pointee.word, word)
        }
        if isBetter || landmark.pointee.presence == 0 { landmark.pointee.set(time, word) }
    }

    /// Gives back the blocks of a record.
    func releaseBlocks(_ record: UnsafeMutableRawPointer) {
        for track in tracks.tracks {
            switch track.kind {
            case .quantile, .quantileEver:
                (Self.state(track, record) as UnsafeMutablePointer<QuantileSketch>).pointee.release(&arena.pointee)
            case .distinctEver:
                (Self.state(track, record) as UnsafeMutablePointer<DistinctSketch>).pointee.release(&arena.pointee)
            default: break
            }
        }
        for occurrence in tracks.occurrences {
            (record + occurrence.tableOffset).assumingMemoryBound(to: LastPositionTable.self).pointee.release(
                &arena.pointee)
        }
    }
}

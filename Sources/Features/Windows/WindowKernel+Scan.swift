/// The windows of events that are late or out of order, found by looking at each event in them.
///
/// Complexity of all: O(events in the window).
extension WindowKernel {
    /// Where the value of a track of positions stands among the events from `start` up to `end`.
    func scanPosition(
        _ track: TrackLayout, _ record: UnsafeMutableRawPointer, _ start: UInt32, _ end: UInt32
    ) -> UInt32? {
        var found: UInt32?
        var position = start
        while position != end {
            if track.isPresent(entry(record, position)) {
                switch track.kind {
                case .first: return position
                case .last: found = position
                default:
                    // Of equal values the newest, as in a window that is followed.
                    guard let front = found, !hidesFront(track, record, position, front: front) else {
                        found = position
                        break
                    }
                }
            }
            position &+= 1
        }
        return found
    }

    /// The value of any other track.
    func scan(
        _ special: SpecialOutput, _ track: TrackLayout, _ record: UnsafeMutableRawPointer, _ start: UInt32,
        _ end: UInt32
    ) -> Double {
        switch track.kind {
        case .integerDeviation:
            var deviation = IntegerDeviation.zero
            forEachWord(track, record, start, end) { word, _ in deviation.add(word) }
            return deviation.value / special.divisor
        case .doubleDeviation:
            var deviation = DoubleDeviation.zero
            forEachWord(track, record, start, end) { word, _ in deviation.add(ColumnLayout.double(word)) }
            return deviation.value
        case .distinct:
            var count = 0
            forEachWord(track, record, start, end) { _, position in
                if isFirst(track, record, position, start: start) { count += 1 }
            }
            return Double(count)
        default:
            var sketch = QuantileSketch.empty
            forEachWord(track, record, start, end) { word, _ in
                sketch.add(track.column.number(word), &arena.pointee)
            }
            let value = sketch.quantile(special.parameter)
            sketch.release(&arena.pointee)
            return value
        }
    }

    @inline(__always)
    private func forEachWord(
        _ track: TrackLayout, _ record: UnsafeMutableRawPointer, _ start: UInt32, _ end: UInt32,
        _ body: (Int64, UInt32) -> Void
    ) {
        var position = start
        while position != end {
            let entry = entry(record, position)
            if track.isPresent(entry) { body(entry[track.column.entryWord], position) }
            position &+= 1
        }
    }
}

/// Deviations of doubles whose sums have to be made anew.
extension WindowKernel {
    /// Sums the values from `start` up to `end` anew, around their mean.
    @inline(never)
    func refresh(
        _ track: TrackLayout, _ deviation: UnsafeMutablePointer<DoubleDeviation>, _ record: UnsafeMutableRawPointer,
        _ start: UInt32, _ end: UInt32
    ) {
        var first: Double?
        var offsets = PairSum.zero
        var count = 0.0
        forEachDouble(track, record, start, end) { value in
            let reference = first ?? value
            first = reference
            offsets.add(value - reference)
            count += 1
        }
        guard let first else { return }
        // Where all values are equal this is their value, exactly.
        deviation.pointee.begin(at: first + offsets.high / count)
        forEachDouble(track, record, start, end) { deviation.pointee.addBeside($0) }
    }

    /// Every value that is there and not too large for a square.
    @inline(__always)
    private func forEachDouble(
        _ track: TrackLayout, _ record: UnsafeMutableRawPointer, _ start: UInt32, _ end: UInt32,
        _ body: (Double) -> Void
    ) {
        var position = start
        while position != end {
            let value = ColumnLayout.double(entry(record, position)[track.column.entryWord])
            if DoubleDeviation.holds(value) { body(value) }
            position &+= 1
        }
    }
}

/// The exact windows of one key: moves the cursors and sums of a record over its ring.
///
/// A key remembers its events in a ring, oldest first, each with the values that its sums need. Every edge of a window
/// has a cursor into the ring, which stands as of the key's newest event T; a window is what lies between two of them:
///
/// ```
///   ring   head ○ ○ ○ ● ● ● ● ● ◌ ◌ tail        ● in the window (T - delay - length, T - delay]
///                     ▲         ▲
///          cursor of delay + length  cursor of delay
/// ```
///
/// An event in order moves each cursor forward: every event crosses each edge once, so the cost is O(edges) amortised.
/// The kernel is a plain value of pointers and numbers that the loop over rows holds by itself.
struct WindowKernel {
    let edges: UnsafeBufferPointer<EdgeLayout>
    /// The edges behind the newest event: all but the one of span 0.
    let firstMovingEdge: Int
    let crossings: UnsafePointer<SumLayout>
    let doubleSums: UnsafeBufferPointer<SumLayout>
    let outputs: UnsafeBufferPointer<OutputLayout>
    /// Behind a pointer: the loop over rows copies the kernel now and then, and hardly ever needs tracks.
    private let trackPlace: UnsafePointer<TrackSet>
    /// Where the blocks of tracks come from.
    let arena: UnsafeMutablePointer<BlockArena>
    let entryWords: Int
    /// Words of the values in an entry.
    let valueWords: Int
    /// Words of all values of an event.
    let valueStride: Int
    let recordBytes: Int
    let horizon: Int64
    let late: Int64

    /// Borrows: the layout and the arena have to outlive it.
    init(_ layout: RecordLayout, _ arena: UnsafeMutablePointer<BlockArena>) {
        edges = layout.edges
        firstMovingEdge = layout.edges.first?.span == 0 ? 1 : 0
        // An empty buffer may have no address; nothing is read from it then.
        crossings = layout.crossings.baseAddress ?? UnsafePointer(bitPattern: MemoryLayout<SumLayout>.alignment)!
        doubleSums = layout.doubleSums
        outputs = layout.outputs
        trackPlace = UnsafePointer(layout.trackPlace)
        self.arena = arena
        entryWords = layout.entryWords
        valueWords = layout.ringWords
        valueStride = layout.valueStride
        recordBytes = layout.recordBytes
        horizon = layout.horizon
        late = layout.late
    }

    @inline(__always)
    var tracks: TrackSet { trackPlace.pointee }

    @inline(__always)
    var specials: UnsafeBufferPointer<SpecialOutput> { trackPlace.pointee.specials }

    @inline(__always)
    func entry(_ ring: UnsafeMutablePointer<Int64>, _ mask: UInt32, _ position: UInt32) -> UnsafeMutablePointer<Int64> {
        ring + Int(position & mask) &* entryWords
    }

    @inline(__always)
    static func cursor(_ record: UnsafeMutableRawPointer, _ offset: Int) -> UnsafeMutablePointer<UInt32> {
        (record + offset).assumingMemoryBound(to: UInt32.self)
    }

    // MARK: - An event in order

    /// Moves all edges forward to `time`, over the events that are remembered already.
    @inline(__always)
    func advance(_ record: UnsafeMutableRawPointer, to time: Int64) {
        let head = record.assumingMemoryBound(to: KeyRecord.self)
        let ring = head.pointee.ring
        let mask = head.pointee.ringMask
        let tail = head.pointee.tail
        var index = firstMovingEdge
        while index < edges.count {
            let edge = edges.baseAddress.unsafelyUnwrapped + index
            let cursor = Self.cursor(record, edge.pointee.cursorOffset)
            let limit = time &- edge.pointee.span
            var position = cursor.pointee
            while position != tail {
                let entry = entry(ring, mask, position)
                if entry[0] > limit { break }
                cross(index, values: UnsafePointer(entry) + 1, position, record)
                position &+= 1
                cursor.pointee = position
            }
            index &+= 1
        }
        if doubleSums.count > 0 { settle(record, ring: ring, mask: mask) }
    }

    /// Lets the event that was just put at the ring's tail into the windows without delay.
    @inline(__always)
    func enterNewest(_ record: UnsafeMutableRawPointer, values: UnsafePointer<Int64>) {
        if firstMovingEdge == 0 { return }
        let position = record.assumingMemoryBound(to: KeyRecord.self).pointee.tail &- 1
        cross(0, values: values, position, record)
    }

    // MARK: - Crossing an edge

    /// The event at a position crosses an edge: it enters the sums and tracks of windows that begin there and leaves
    /// those of windows that end there. The edge's cursor still stands before it.
    @inline(__always)
    func cross(
        _ index: Int, values: UnsafePointer<Int64>, _ position: UInt32, _ record: UnsafeMutableRawPointer
    ) {
        let edge = edges.baseAddress.unsafelyUnwrapped + index
        if !edge.pointee.isPlain { return crossMixed(index, values: values, position, record) }
        var index = edge.pointee.entersFrom
        while index < edge.pointee.leavesFrom {
            let sum = crossings + index
            (record + sum.pointee.offset).assumingMemoryBound(to: IntegerSum.self).pointee.add(
                values[sum.pointee.entryWord &- 1])
            index &+= 1
        }
        while index < edge.pointee.leavesUpTo {
            let sum = crossings + index
            (record + sum.pointee.offset).assumingMemoryBound(to: IntegerSum.self).pointee.remove(
                values[sum.pointee.entryWord &- 1])
            index &+= 1
        }
    }

    @inline(never)
    private func crossMixed(
        _ index: Int, values: UnsafePointer<Int64>, _ position: UInt32, _ record: UnsafeMutableRawPointer
    ) {
        crossSums(edges.baseAddress.unsafelyUnwrapped + index, values: values, record)
        if !tracks.isEmpty { crossTracks(index, position, record) }
    }

    /// What `cross` does to sums.
    func crossSums(_ edge: UnsafePointer<EdgeLayout>, values: UnsafePointer<Int64>, _ record: UnsafeMutableRawPointer) {
        for index in edge.pointee.entersFrom..<edge.pointee.leavesFrom { Self.add(values, crossings + index, record) }
        for index in edge.pointee.leavesFrom..<edge.pointee.leavesUpTo {
            Self.remove(values, crossings + index, record)
        }
    }

    /// Undoes `crossSums`.
    func crossBack(_ edge: UnsafePointer<EdgeLayout>, values: UnsafePointer<Int64>, _ record: UnsafeMutableRawPointer) {
        for index in edge.pointee.entersFrom..<edge.pointee.leavesFrom {
            Self.remove(values, crossings + index, record)
        }
        for index in edge.pointee.leavesFrom..<edge.pointee.leavesUpTo { Self.add(values, crossings + index, record) }
    }

    @inline(__always)
    private static func add(
        _ values: UnsafePointer<Int64>, _ sum: UnsafePointer<SumLayout>, _ record: UnsafeMutableRawPointer
    ) {
        let place = record + sum.pointee.offset
        let value = values + (sum.pointee.entryWord &- 1)
        switch sum.pointee.kind {
        case .integer: place.assumingMemoryBound(to: IntegerSum.self).pointee.add(value[0])
        case .optionalInteger:
            place.assumingMemoryBound(to: OptionalIntegerSum.self).pointee.add(value[0], presence: value[1])
        case .double:
            place.assumingMemoryBound(to: DoubleSum.self).pointee.add(Double(bitPattern: UInt64(bitPattern: value[0])))
        }
    }

    @inline(__always)
    private static func remove(
        _ values: UnsafePointer<Int64>, _ sum: UnsafePointer<SumLayout>, _ record: UnsafeMutableRawPointer
    ) {
        let place = record + sum.pointee.offset
        let value = values + (sum.pointee.entryWord &- 1)
        switch sum.pointee.kind {
        case .integer: place.assumingMemoryBound(to: IntegerSum.self).pointee.remove(value[0])
        case .optionalInteger:
            place.assumingMemoryBound(to: OptionalIntegerSum.self).pointee.remove(value[0], presence: value[1])
        case .double:
            place.assumingMemoryBound(to: DoubleSum.self).pointee.remove(
                Double(bitPattern: UInt64(bitPattern: value[0])))
        }
    }

    // MARK: - Sums of doubles

    /// After values have left: a sum of no values is exactly zero, and one that lost too much magnitude is made anew.
    @inline(never)
    func settle(_ record: UnsafeMutableRawPointer, ring: UnsafeMutablePointer<Int64>, mask: UInt32) {
        for sum in doubleSums {
            let total = (record + sum.offset).assumingMemoryBound(to: DoubleSum.self)
            if total.pointee.presentCount == 0 {
                total.pointee = .zero
            } else if total.pointee.sum.needsRefresh {
                var position = Self.cursor(record, sum.startOffset).pointee
                let end = Self.cursor(record, sum.endOffset).pointee
                total.pointee = .zero
                while position != end {
                    let word = entry(ring, mask, position)[sum.entryWord]
                    total.pointee.add(Double(bitPattern: UInt64(bitPattern: word)))
                    position &+= 1
                }
            }
        }
    }

    // MARK: - What comes out

    /// Writes the aggregates of a record's windows as they stand.
    @inline(__always)
    func write(_ record: UnsafeMutableRawPointer, to features: UnsafeMutablePointer<Double>) {
        var index = 0
        while index < outputs.count {
            let output = outputs.baseAddress.unsafelyUnwrapped + index
            index &+= 1
            let start = Self.cursor(record, output.pointee.startOffset).pointee
            let events = Self.cursor(record, output.pointee.endOffset).pointee &- start
            if output.pointee.function == .count {
                features[output.pointee.feature] = Double(events)
                continue
            }
            let (total, present) = Self.total(record + output.pointee.sumOffset, output.pointee.kind, events: events)
            var value: Double
            if output.pointee.function == .sum {
                value = total / output.pointee.divisor
            } else {
                value = present == 0 ? .nan : total / (Double(present) * output.pointee.divisor)
            }
            // An infinite sum is no number that a model could use; a default stands for whatever is missing.
            if !value.isFinite { value = output.pointee.defaultValue }
            features[output.pointee.feature] = value
        }
    }

    @inline(__always)
    static func total(
        _ place: UnsafeMutableRawPointer, _ kind: SumKind, events: UInt32
    ) -> (total: Double, present: UInt32) {
        switch kind {
        case .integer: return (place.assumingMemoryBound(to: IntegerSum.self).pointee.value, events)
        case .optionalInteger:
            let sum = place.assumingMemoryBound(to: OptionalIntegerSum.self)
            return (sum.pointee.sum.value, sum.pointee.presentCount)
        case .double:
            let sum = place.assumingMemoryBound(to: DoubleSum.self)
            return (sum.pointee.sum.value, sum.pointee.presentCount)
        }
    }
}

extension WindowKernel {
    /// Reads the places of a record's ring that an event in order is going to read and write.
    @inline(__always)
    func touchRing(_ record: UnsafeMutableRawPointer) -> Int64 {
        let head = record.assumingMemoryBound(to: KeyRecord.self)
        let ring = head.pointee.ring
        let mask = head.pointee.ringMask
        var touched = entry(ring, mask, head.pointee.tail)[0]
        var index = firstMovingEdge
        while index < edges.count {
            let position = Self.cursor(record, edges.baseAddress.unsafelyUnwrapped[index].cursorOffset).pointee
            touched ^= entry(ring, mask, position)[0]
            index &+= 1
        }
        return touched
    }
}

/// Where an event's windows are found.
struct WindowView {
    /// Whose cursors and sums are those of the event's windows.
    let record: UnsafeMutableRawPointer
    /// The tracks of the record are of another time: values are found by a scan.
    let isScanned: Bool
    /// Whose tracks since the beginning are read; `nil` where the key has none.
    let ever: UnsafeMutableRawPointer?
    /// The time of the event.
    let time: Int64
}

/// What comes out of all but counts, sums and means.
extension WindowKernel {
    /// Writes the aggregates that are read before the event enters (`isBefore`), or those that are read behind that.
    func writeSpecials(_ view: WindowView, isBefore: Bool, to features: UnsafeMutablePointer<Double>) {
        for index in specials.indices {
            let special = specials.baseAddress.unsafelyUnwrapped + index
            if special.pointee.isBefore != isBefore { continue }
            var value = special.pointee.isUnbounded ? ever(special.pointee, view) : bounded(special.pointee, view)
            if !value.isFinite { value = special.pointee.defaultValue }
            features[special.pointee.feature] = value
        }
    }

    /// Not by `first`, which allocates in builds that are not optimised.
    var hasBefore: Bool { specials.count > 0 && specials.baseAddress.unsafelyUnwrapped.pointee.isBefore }

    /// Writes the aggregates of windows without events.
    func writeEmpty(to features: UnsafeMutablePointer<Double>) {
        for output in outputs {
            features[output.feature] = output.function == .mean ? output.defaultValue : 0
        }
        for special in specials { features[special.feature] = special.emptyValue }
    }

    // MARK: - Windows with a start

    private func bounded(_ special: SpecialOutput, _ view: WindowView) -> Double {
        let start = Self.cursor(view.record, special.startOffset).pointee
        let end = Self.cursor(view.record, special.endOffset).pointee
        switch special.function {
        case .count, .rate, .sum, .mean: return added(special, view.record, events: end &- start)
        case .timeSinceLast:
            guard let position = lastPosition(special, view, start, end) else { return .nan }
            return Double(view.time &- entry(view.record, position)[0]) / 1e6
        case .first, .last, .previous, .min, .max:
            guard let track = special.track,
                let position = view.isScanned
                    ? scanPosition(track, view.record, start, end) : self.position(track, view.record, start, end)
            else { return .nan }
            return track.column.number(entry(view.record, position)[track.column.entryWord])
        case .stddev, .distinct, .quantile:
            guard let track = special.track else { return .nan }
            return view.isScanned
                ? scan(special, track, view.record, start, end) : tracked(special, track, view.record)
        case .ewma: return .nan
        }
    }

    private func added(_ special: SpecialOutput, _ record: UnsafeMutableRawPointer, events: UInt32) -> Double {
        var total = Double(events)
        var present = events
        if let sum = special.sum { (total, present) = Self.total(record + sum.offset, sum.kind, events: events) }
        switch special.function {
        case .rate: return total * special.parameter
        case .mean: return present == 0 ? .nan : total / (Double(present) * special.divisor)
        default: return total / special.divisor
        }
    }

    private func lastPosition(_ special: SpecialOutput, _ view: WindowView, _ start: UInt32, _ end: UInt32) -> UInt32? {
        guard let track = special.track else { return start == end ? nil : end &- 1 }
        return view.isScanned
            ? scanPosition(track, view.record, start, end) : position(track, view.record, start, end)
    }

    /// Where the value of a track of positions stands.
    private func position(
        _ track: TrackLayout, _ record: UnsafeMutableRawPointer, _ start: UInt32, _ end: UInt32
    ) -> UInt32? {
        let place = (Self.state(track, record) as UnsafeMutablePointer<UInt32>).pointee
        if track.kind == .last { return place == start ? nil : place &- 1 }
        return place == end ? nil : place
    }

    private func tracked(
        _ special: SpecialOutput, _ track: TrackLayout, _ record: UnsafeMutableRawPointer
    ) -> Double {
        switch track.kind {
        case .distinct: return Double((Self.state(track, record) as UnsafeMutablePointer<UInt32>).pointee)
        case .integerDeviation:
            return (Self.state(track, record) as UnsafeMutablePointer<IntegerDeviation>).pointee.value
                / special.divisor
        case .doubleDeviation:
            return (Self.state(track, record) as UnsafeMutablePointer<DoubleDeviation>).pointee.value
        default:
            return (Self.state(track, record) as UnsafeMutablePointer<QuantileSketch>).pointee.quantile(
                special.parameter)
        }
    }

    // MARK: - Since the beginning

    private func ever(_ special: SpecialOutput, _ view: WindowView) -> Double {
        guard let record = view.ever, let track = special.track else { return special.emptyValue }
        switch track.kind {
        case .eventTally: return Double((Self.state(track, record) as UnsafeMutablePointer<EventTally>).pointee.count)
        case .integerTally:
            let tally = (Self.state(track, record) as UnsafeMutablePointer<IntegerTally>).pointee
            return average(special, total: tally.sum.value, count: tally.count)
        case .doubleTally:
            let tally = (Self.state(track, record) as UnsafeMutablePointer<DoubleTally>).pointee
            return average(special, total: tally.sum.value, count: tally.count)
        case .earliest, .latest, .leastEver, .greatestEver:
            let landmark = (Self.state(track, record) as UnsafeMutablePointer<Landmark>).pointee
            if landmark.presence == 0 { return .nan }
            if special.function != .timeSinceLast { return track.column.number(landmark.word) }
            // A late event may have been preceded by newer ones.
            return Double(max(0, view.time &- landmark.time)) / 1e6
        case .decayedMean: return (Self.state(track, record) as UnsafeMutablePointer<DecayedMean>).pointee.value
        case .distinctEver: return (Self.state(track, record) as UnsafeMutablePointer<DistinctSketch>).pointee.value
        case .quantileEver:
            return (Self.state(track, record) as UnsafeMutablePointer<QuantileSketch>).pointee.quantile(
                special.parameter)
        default: return tracked(special, track, record)
        }
    }

    private func average(_ special: SpecialOutput, total: Double, count: UInt64) -> Double {
        switch special.function {
        case .count: Double(count)
        case .sum: total / special.divisor
        default: count == 0 ? .nan : total / (Double(count) * special.divisor)
        }
    }
}

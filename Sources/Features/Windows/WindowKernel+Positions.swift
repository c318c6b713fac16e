/// Tracks that are one position in the ring: the first and the last value of a window, and its extremes.
///
/// All stand from the window's start to its end. `first` and the extremes are at the end where there is no value; `last`
/// stands behind its value, and at the start where there is none.
extension WindowKernel {
    func enterPosition(
        _ track: TrackLayout, _ place: UnsafeMutablePointer<UInt32>, _ record: UnsafeMutableRawPointer,
        _ position: UInt32, isPresent: Bool
    ) {
        if track.kind == .last {
            if isPresent { place.pointee = position &+ 1 }
        } else if place.pointee == position {
            if !isPresent { place.pointee = position &+ 1 }
        } else if isPresent, track.kind != .first,
            hidesFront(track, record, position, front: place.pointee)
        {
            place.pointee = position
        }
    }

    func leavePosition(
        _ track: TrackLayout, _ place: UnsafeMutablePointer<UInt32>, _ record: UnsafeMutableRawPointer,
        _ position: UInt32, end: UInt32
    ) {
        if place.pointee != position { return }
        switch track.kind {
        case .last: place.pointee = position &+ 1
        case .first:
            var next = position &+ 1
            while next != end, !track.isPresent(entry(record, next)) { next &+= 1 }
            place.pointee = next
        default:
            let next = Self.half(entry(record, position), track.nextHalf).pointee
            place.pointee = next == position ? end : next
        }
    }

    /// An event was put at `position`, before the window's end; what stood there and behind it has moved by one.
    func insertPosition(
        _ track: TrackLayout, _ place: UnsafeMutablePointer<UInt32>, _ record: UnsafeMutableRawPointer,
        _ position: UInt32, start: UInt32, isPresent: Bool
    ) {
        let isInWindow = !Self.isBefore(position, start)
        if track.kind == .last {
            if !isInWindow || Self.isBefore(position, place.pointee) {
                place.pointee &+= 1
            } else if isPresent {
                place.pointee = position &+ 1
            }
            return
        }
        let moves = !Self.isBefore(place.pointee, position)
        if moves { place.pointee &+= 1 }
        if !isInWindow || !isPresent { return }
        if track.kind == .first {
            if moves { place.pointee = position }
            return
        }
        let end = Self.cursor(record, track.endOffset).pointee
        let front = place.pointee
        // Of equal values the newest is the front.
        if front != end {
            let stays =
                moves
                ? hidesFront(track, record, front, front: position)
                : !hidesFront(track, record, position, front: front)
            if stays { return }
        }
        place.pointee = position
    }
}

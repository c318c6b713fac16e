/// Lanes by the time of their next row, the least first; equal times by their place among the lanes.
///
/// A lane's key is looked at once for each run that it hands out, not once for each run of any lane: with a hundred
/// partitions nearly every event is a run of its own.
struct LaneHeap {
    struct Entry {
        var time: Int64
        var lane: Int

        @inline(__always)
        static func < (left: Entry, right: Entry) -> Bool {
            left.time != right.time ? left.time < right.time : left.lane < right.lane
        }

        /// Behind every lane.
        static let none = Entry(time: .max, lane: .max)
    }

    private var entries: ContiguousArray<Entry> = []

    /// Takes in the lanes that have a row to hand out. Complexity: O(lanes).
    mutating func fill(_ lanes: [Lane]) {
        entries.removeAll(keepingCapacity: true)
        for (index, lane) in lanes.enumerated() where lane.hasNext {
            entries.append(Entry(time: lane.nextTime, lane: index))
        }
        var place = entries.count / 2
        while place > 0 {
            place -= 1
            sink(entries[place], from: place)
        }
    }

    /// The place among the lanes of the one whose turn it is.
    var least: Int? { entries.first?.lane }

    /// The least key among the other lanes: rows up to it may go.
    var bound: Entry {
        switch entries.count {
        case ...1: .none
        case 2: entries[1]
        default: entries[1] < entries[2] ? entries[1] : entries[2]
        }
    }

    /// The lane whose turn it was has handed rows out, and has more.
    @inline(__always)
    mutating func replaceLeast(time: Int64) { sink(Entry(time: time, lane: entries[0].lane), from: 0) }

    /// The lane whose turn it was has no more.
    mutating func removeLeast() {
        let last = entries.removeLast()
        if !entries.isEmpty { sink(last, from: 0) }
    }

    /// Puts an entry where it belongs at or below `place`, whose own entry is gone.
    private mutating func sink(_ entry: Entry, from place: Int) {
        entries.withUnsafeMutableBufferPointer { entries in
            var place = place
            while true {
                var child = 2 &* place &+ 1
                if child >= entries.count { break }
                if child &+ 1 < entries.count && entries[child &+ 1] < entries[child] { child &+= 1 }
                if !(entries[child] < entry) { break }
                entries[place] = entries[child]
                place = child
            }
            entries[place] = entry
        }
    }
}

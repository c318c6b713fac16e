/// The runs of one batch, gathered while the merge hands rows out; made once, used for one batch after the other.
///
/// Complexity: an addition a run, not a row.
struct OrderRuns {
    private struct Run {
        /// The lane's number in the record: lanes of the assignment are numbered anew by each.
        var place: Int
        var span: Int64
    }

    private var runs: [Run] = []
    /// The number of each lane in the record; -1: it has none. By lane.
    private var places: [Int] = []
    /// Lanes in the order of their first run, and where that begins.
    private var lanes: [(lane: Int, start: Int64)] = []

    /// Events that were not looked at, by lane of the assignment.
    private var quarantined: [(lane: Int, offset: Int64)] = []

    var isEmpty: Bool { runs.isEmpty }

    mutating func removeAll() {
        runs.removeAll(keepingCapacity: true)
        for index in lanes.indices { places[lanes[index].lane] = -1 }
        lanes.removeAll(keepingCapacity: true)
        quarantined.removeAll(keepingCapacity: true)
    }

    /// Notes that an event of a run was not looked at.
    mutating func quarantine(lane: Int, offset: Int64) { quarantined.append((lane, offset)) }

    /// Notes that the lane's offsets from `start` up to `end` came next.
    mutating func append(lane: Int, start: Int64, end: Int64) {
        while places.count <= lane { places.append(-1) }
        if places[lane] < 0 {
            places[lane] = lanes.count
            lanes.append((lane, start))
        } else if let last = runs.indices.last, runs[last].place == places[lane] {
            runs[last].span += end - start
            return
        }
        runs.append(Run(place: places[lane], span: end - start))
    }

    /// Writes the record; `names` knows the lanes' `topic/partition`.
    func encode(into bytes: inout [UInt8], names: OriginText) {
        bytes.removeAll(keepingCapacity: true)
        bytes.append(OrderRecord.version)
        Self.append(UInt64(lanes.count), to: &bytes)
        for index in lanes.indices {
            let name = names.laneName(lanes[index].lane)
            Self.append(UInt64(name.count), to: &bytes)
            bytes.append(contentsOf: name)
            Self.append(UInt64(lanes[index].start), to: &bytes)
        }
        for index in runs.indices {
            Self.append(UInt64(runs[index].place), to: &bytes)
            Self.append(UInt64(runs[index].span), to: &bytes)
        }
        if quarantined.isEmpty { return }
        Self.append(UInt64(lanes.count), to: &bytes)
        for entry in quarantined {
            Self.append(UInt64(places[entry.lane]), to: &bytes)
            Self.append(UInt64(entry.offset), to: &bytes)
        }
    }

    private static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}

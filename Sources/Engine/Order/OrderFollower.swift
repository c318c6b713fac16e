/// Reads the recorded order back and says, run by run, what comes next.
///
/// Records overlap where an instance died between recording and committing, and where an older one wrote late: for each
/// partition the first record that says something of an offset is right.
struct OrderFollower {
    enum Step: Hashable {
        /// Rows of the lane up to this offset.
        case run(lane: Int, until: Int64)
        /// Before the next record stand offsets that no record tells of (it was removed, or recording began later): they
        /// go in merge order up to these offsets, by lane.
        case merge(until: [Int64])
        /// What follows was never recorded.
        case end
    }

    private let port: any OrderPort
    private let laneNumbers: [String: Int]
    /// Behind the last offset of each lane when the order was opened; by lane.
    private let ends: [Int64]
    private var runs: [(lane: Int?, end: Int64)] = []
    private var next = 0
    private var quarantined: [(lane: Int, offset: Int64)] = []
    /// Where the order topic ends: what is recorded from now on stands behind it.
    let endOffset: Int64
    /// Records read.
    private(set) var recordCount = 0

    /// - Parameters:
    ///   - offset: no record before it is needed.
    ///   - lanes: `topic/partition` of each lane, and the offset behind its last record.
    init(_ port: any OrderPort, from offset: Int64, lanes: [(name: String, end: Int64)]) throws {
        self.port = port
        laneNumbers = Dictionary(uniqueKeysWithValues: lanes.enumerated().map { ($1.name, $0) })
        ends = lanes.map(\.end)
        endOffset = try port.open(from: offset).upperBound
    }

    /// What comes after everything up to `positions`, which are the lanes' offsets behind what has been taken.
    mutating func step(positions: (Int) -> Int64) throws -> Step {
        while true {
            while next < runs.count {
                let run = runs[next]
                next += 1
                guard let lane = run.lane else { continue }
                // A topic that was cut off after its order was recorded has no more than it has.
                let until = min(run.end, ends[lane])
                if positions(lane) < until { return .run(lane: lane, until: until) }
            }
            guard let entry = try port.next() else { return .end }
            recordCount += 1
            let record = try OrderRecord(entry.value, offset: entry.offset)
            let lanes = record.lanes.map { laneNumbers[$0.name] }
            for entry in record.quarantined {
                if let lane = lanes[entry.lane] { quarantined.append((lane, entry.offset)) }
            }
            runs = record.runs.map { (lanes[$0.lane], $0.end) }
            next = 0
            var isGap = false
            var limits = ends.indices.map(positions)
            for (span, lane) in zip(record.lanes, lanes) {
                guard let lane, limits[lane] < min(span.start, ends[lane]) else { continue }
                limits[lane] = min(span.start, ends[lane])
                isGap = true
            }
            if isGap { return .merge(until: limits) }
        }
    }

    /// Events that the records read so far say were not looked at.
    mutating func takeQuarantined() -> [(lane: Int, offset: Int64)] {
        if quarantined.isEmpty { return [] }
        defer { quarantined = [] }
        return quarantined
    }
}

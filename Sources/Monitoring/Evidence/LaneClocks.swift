/// How far the lanes of one kind have come, and what was recorded of their closings.
struct LaneClocks: Sendable {
    private(set) var clocks: [LaneClock]
    private var schedules: [ClosingSchedule]
    /// In microseconds: how far behind the newest record of its lane a record is waited for.
    let late: Int64

    init(count: Int, late: Int64) {
        precondition(late >= 0)
        clocks = Array(repeating: LaneClock(), count: count)
        schedules = Array(repeating: ClosingSchedule(), count: count)
        self.late = late
    }

    subscript(lane: Int) -> LaneClock {
        @inline(__always) get { clocks[lane] }
        @inline(__always) set { clocks[lane] = newValue }
    }

    /// Up to where all lanes are past: nothing before it counts any more. `Int64.min`: some lane has not begun.
    var watermark: Int64 { clocks.map { $0.watermark(late: late) }.min() ?? .min }

    /// The highest event time of all lanes; `Int64.min`: there was none.
    var highest: Int64 { clocks.map(\.highest).max() ?? .min }

    @inline(__always)
    func watermark(lane: Int) -> Int64 { clocks[lane].watermark(late: late) }

    /// The offset at which the lane's next recorded closing is.
    @inline(__always)
    func nextClosing(lane: Int) -> Int64 { schedules[lane].nextOffset ?? .max }

    /// Sets what was recorded of a lane's closings before a restart; those behind its position are followed at once.
    mutating func follow(_ closings: [LaneClosing], lane: Int) {
        schedules[lane] = ClosingSchedule(closings)
        pass(lane: lane, at: clocks[lane].position)
    }

    /// Follows the closings that were recorded where the lane is now.
    @inline(__always)
    mutating func pass(lane: Int, at position: Int64) {
        guard let watermark = schedules[lane].watermark(at: position) else { return }
        raise(lane: lane, to: watermark)
    }

    /// Raises a lane's watermark; it never falls.
    mutating func raise(lane: Int, to watermark: Int64) { clocks[lane].forced = max(clocks[lane].forced, watermark) }
}

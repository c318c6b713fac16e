/// Closings that were recorded before a restart, to be followed at the same places of their lanes.
struct ClosingSchedule {
    /// By offset, for one lane.
    private var closings: [(offset: Int64, watermark: Int64)]
    private var next = 0

    init(_ closings: [LaneClosing] = []) {
        self.closings = closings.map { ($0.offset, $0.watermark) }.sorted { $0 < $1 }
    }

    /// The offset at which a run of rows must end.
    var nextOffset: Int64? { next < closings.count ? closings[next].offset : nil }

    /// What the watermark is raised to before a record at `position` is looked at.
    mutating func watermark(at position: Int64) -> Int64? {
        var found: Int64?
        while next < closings.count, closings[next].offset <= position {
            found = max(found ?? .min, closings[next].watermark)
            next += 1
        }
        return found
    }
}

import Drift

extension LabelFlow {
    private static let openMax = 4_096

    func write(to writer: inout StateWriter) {
        writer.write(count: faultyRows)
        writer.write(count: open.count)
        for (end, bucket) in open.sorted(by: { $0.key < $1.key }) {
            writer.write(end)
            bucket.write(to: &writer)
        }
        writer.write(blob: join.stateBytes())
    }

    func read(_ reader: inout StateReader) throws(StateFault) {
        let faultyRows = try reader.count(max: .max, "faulty labels")
        var open: [Int64: LabelBucket] = [:]
        for _ in 0..<(try reader.count(ofBytes: 10, max: Self.openMax, "open buckets of labels")) {
            let end = try reader.eventTime("a bucket of labels")
            try reader.expect(end == plan.join.bucketEnd(of: end - 1) && open[end] == nil, "a bucket of labels")
            open[end] = try LabelBucket(&reader, plan.join, end: end, isSorted: false)
        }
        join = try LabelJoin(restoring: reader.blob(bytesMax: .max, "the labels' join"), plan.join)
        restore(open: open, faultyRows: faultyRows)
        try reader.expect(
            open.keys.allSatisfy { $0 > join.labels.closedThrough }, "a bucket of labels is open and closed")
    }
}

extension EstimateWindow {
    private static let countMax = 1 << 48

    func write(to writer: inout StateWriter) {
        writer.write(start)
        writer.write(counts: counts)
        writer.write(counts: flagged)
    }

    init(_ reader: inout StateReader, _ plan: EstimationPlan) throws(StateFault) {
        let cells = plan.grid.cellCount
        start = try reader.integer("an estimate's window")
        try reader.expect(start == .min || start == plan.start(of: start), "an estimate's window")
        counts = try reader.counts(countMax: cells, max: Self.countMax / cells, "an estimate's scores")
        flagged = try reader.counts(countMax: cells, max: Self.countMax / cells, "an estimate's flagged scores")
        try reader.expect(
            counts.count == cells && flagged.count == cells && zip(flagged, counts).allSatisfy(<=),
            "an estimate's scores")
    }
}

public import Drift

extension DriftMonitor {
    static let stateKind = StateKind("drift-monitor", version: 2)
    private static let lanesMax = 65_536
    private static let openMax = 4_096

    /// All that decides what is told from here on: `restore` takes it.
    ///
    /// Complexity: O(series x cells + open buckets x counts).
    public func stateBytes() -> [UInt8] {
        var writer = StateWriter(Self.stateKind)
        writer.write(identity)
        writer.write(count: lanes.count)
        for (index, lane) in lanes.enumerated() {
            let clock = clock(of: index)
            writer.write(lane.topic)
            writer.write(UInt32(bitPattern: lane.partition))
            writer.write(lane.role.rawValue)
            writer.write(clock.highest)
            writer.write(clock.forced)
            writer.write(clock.position)
        }
        writer.write(count: buckets.versions.names.count)
        for name in buckets.versions.names { writer.write(name) }
        writer.write(count: eventCount)
        buckets.tally.write(to: &writer)
        for side in [scored, labelled, refused] {
            writer.write(side.modelVersion)
            writer.write(side.closedUntil)
            side.window.write(to: &writer)
            side.lastWindow.write(to: &writer)
        }
        writer.write(count: buckets.open.count)
        for (number, block) in buckets.open.sorted(by: { $0.key < $1.key }) {
            writer.write(number)
            block.write(to: &writer)
        }
        for watch in watches { watch.write(to: &writer) }
        estimate?.write(to: &writer)
        labels?.write(to: &writer)
        limits.write(to: &writer, buckets)
        letters?.write(to: &writer)
        return writer.sealed()
    }

    /// Goes on where the monitor that gave the bytes was. Lanes that are new since stay as they are.
    ///
    /// Call it before rows are added; after a failure the monitor is spoilt.
    ///
    /// - Throws: where the bytes are damaged, or of a monitor that watches something else.
    public func restore(_ bytes: [UInt8]) throws(StateFault) {
        var reader = try StateReader(bytes, of: Self.stateKind)
        guard try reader.text(bytesMax: 64, "identity") == identity else {
            throw .ofOtherSettings(kind: Self.stateKind.name, what: "reference, series, buckets or budget")
        }
        let places = try readLanes(&reader)
        let versions = try reader.count(ofBytes: 1, max: VersionTable.versionsMax, "versions")
        var names: [String] = []
        for _ in 0..<versions { names.append(try reader.text(bytesMax: 65_536, "a version")) }
        buckets.versions = VersionTable(names: names)
        eventCount = try reader.count(max: Int.max, "events")
        buckets.tally = try EvidenceTally(&reader)
        try read(&scored, &reader, places)
        try read(&labelled, &reader, places)
        try read(&refused, &reader, places)
        let open = try reader.count(ofBytes: 8, max: Self.openMax, "open buckets")
        for _ in 0..<open {
            let number = try reader.integer("a bucket")
            let (start, isTooLarge) = number.multipliedReportingOverflow(by: plan.settings.bucketMicroseconds)
            try reader.expect(!isTooLarge && buckets.open[number] == nil && start > .min / 2, "bucket \(number)")
            try buckets.block(number).read(
                &reader, places: places, versions: versions, join: labels?.plan.join,
                end: start + plan.settings.bucketMicroseconds)
        }
        for index in watches.indices { try watches[index].read(&reader, plan.series[index]) }
        if let estimation = plan.estimation { estimate = try EstimateWindow(&reader, estimation) }
        try labels?.read(&reader)
        try limits.read(&reader, buckets)
        try letters?.read(&reader, bucketMicroseconds: plan.settings.bucketMicroseconds)
        try reader.finish()
    }

    private func read(
        _ side: inout MonitorSide, _ reader: inout StateReader, _ places: [Int?]
    ) throws(StateFault) {
        side.modelVersion = try reader.text(bytesMax: 65_536, "the model's version")
        side.closedUntil = try reader.integer("the last bucket")
        side.window = try WindowSpan(&reader, places: places, lanes: scoreLanes.count)
        side.lastWindow = try WindowSpan(&reader, places: places, lanes: scoreLanes.count)
    }

    /// Where each lane of the bytes is among the lanes of now; `nil`: it is gone.
    private func readLanes(_ reader: inout StateReader) throws(StateFault) -> [Int?] {
        var places: [Int?] = []
        for _ in 0..<(try reader.count(ofBytes: 29, max: Self.lanesMax, "lanes")) {
            let topic = try reader.text(bytesMax: 4_096, "a topic")
            let partition = Int32(bitPattern: try reader.word32("a partition"))
            guard let role = MonitorLane.Role(rawValue: try reader.byte("a lane's role")) else {
                throw reader.fault("a lane's role")
            }
            let lane = MonitorLane(topic: topic, partition: partition, role: role)
            var clock = LaneClock()
            clock.highest = try reader.integer("a lane's time")
            clock.forced = try reader.integer("a lane's watermark")
            clock.position = try reader.integer("a lane's position")
            try reader.expect(clock.position >= 0, "position \(clock.position)")
            let place = lanes.firstIndex(of: lane)
            if let place { setClock(clock, of: place) }
            places.append(place)
        }
        return places
    }

    /// Of what is watched and how: a state of other settings is not taken.
    private var identity: String {
        let settings = plan.settings
        let parts =
            [
                plan.pipeline, plan.referenceDigest, "\(settings.runLength)", "\(settings.bucketMicroseconds)",
                "\(settings.lateMicroseconds)", "\(settings.windowMicroseconds)", "\(plan.layout.countsTotal)",
                labels.map { "labels \($0.plan.join.fingerprint)" } ?? "no labels",
                plan.estimation.map { "estimates of \($0.window)" } ?? "no estimates",
                letters == nil ? "no dead letters" : "dead letters of \(plan.deadLetters?.origin ?? "")",
            ] + plan.seriesNames + settings.limits.identity
        return AlertIdentity.hash(parts)
    }
}

extension EvidenceTally {
    func write(to writer: inout StateWriter) {
        for count in [rows, lateRows, faultyRows, foreignRows] { writer.write(count: count) }
    }

    init(_ reader: inout StateReader) throws(StateFault) {
        rows = try reader.count(max: Int.max, "rows")
        lateRows = try reader.count(max: Int.max, "late rows")
        faultyRows = try reader.count(max: Int.max, "faulty rows")
        foreignRows = try reader.count(max: Int.max, "foreign rows")
    }
}

extension EvidenceBlock {
    func write(to writer: inout StateWriter) {
        writer.write(count: rows)
        writer.write(count: lateRows)
        // Most cells of most buckets are empty: only the others are written.
        let filled = (0..<countsTotal).filter { counts[$0] != 0 }
        writer.write(count: filled.count)
        var last = -1
        for place in filled {
            writer.write(count: place - last)
            writer.write(count: Int(counts[place]))
            last = place
        }
        writer.write(count: offsets.count)
        for (lane, range) in offsets.sorted(by: { $0.key < $1.key }) {
            writer.write(count: lane)
            writer.write(range.lowerBound)
            writer.write(range.upperBound)
        }
        writer.write(counts: versions)
        writer.write(counts: flagged)
        scores?.write(to: &writer)
    }

    /// - Parameters:
    ///   - join: that of the scores which wait for labels; `nil`: none do.
    ///   - end: of the bucket.
    func read(
        _ reader: inout StateReader, places: [Int?], versions versionCount: Int, join: LabelJoinPlan?, end: Int64
    ) throws(StateFault) {
        rows = try reader.count(max: Int(UInt32.max), "rows of a bucket")
        lateRows = try reader.count(max: Int.max, "late rows of a bucket")
        let filled = try reader.count(ofBytes: 2, max: countsTotal, "cells of a bucket")
        var place = -1
        for _ in 0..<filled {
            let step = try reader.count(max: countsTotal, "a cell's place")
            place += step
            try reader.expect(step > 0 && place < countsTotal, "cell \(place) of \(countsTotal)")
            counts[place] = UInt32(try reader.count(max: Int(UInt32.max), "a cell's count"))
        }
        for _ in 0..<(try reader.count(ofBytes: 17, max: places.count, "offsets of a bucket")) {
            let lane = try reader.count(max: places.count - 1, "a lane")
            let first = try reader.integer("an offset")
            let last = try reader.integer("an offset")
            try reader.expect(first <= last, "offsets \(first) to \(last)")
            if let place = places[lane] { offsets[place] = first...last }
        }
        versions = try reader.counts(countMax: versionCount, max: Int(UInt32.max), "versions of a bucket")
        let cells = flagged.count
        flagged = try reader.counts(countMax: cells, max: Int(UInt32.max), "flagged scores of a bucket")
        try reader.expect(flagged.count == cells, "flagged scores of a bucket")
        if let join { scores = try ScoreBucket(&reader, join, end: end, isSorted: false) }
    }
}

extension WindowSpan {
    func write(to writer: inout StateWriter) {
        writer.write(start)
        writer.write(count: rows)
        writer.write(count: lateRows)
        writer.write(count: offsets.count)
        for range in offsets {
            writer.write(range != nil)
            writer.write(range?.lowerBound ?? 0)
            writer.write(range?.upperBound ?? 0)
        }
    }

    init(_ reader: inout StateReader, places: [Int?], lanes: Int) throws(StateFault) {
        start = try reader.integer("a window's start")
        rows = try reader.count(max: Int.max, "a window's rows")
        lateRows = try reader.count(max: Int.max, "a window's late rows")
        let known = try reader.count(ofBytes: 17, max: places.count, "a window's offsets")
        offsets = known == 0 ? [] : Array(repeating: nil, count: lanes)
        for lane in 0..<known {
            let isThere = try reader.flag("an offset")
            let first = try reader.integer("an offset")
            let last = try reader.integer("an offset")
            try reader.expect(first <= last, "offsets \(first) to \(last)")
            if isThere, let place = places[lane], place < lanes { offsets[place] = first...last }
        }
    }
}

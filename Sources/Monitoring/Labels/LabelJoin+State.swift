public import Drift

/// The join as bytes: what it holds, in the order of its lists, and nothing of where that lies in memory. Two joins that go
/// on alike have the same bytes.
extension LabelJoin {
    private static let kind = StateKind("label-join", version: 1)

    /// What `init(restoring:_:)` takes. What the last step left in `joined` and `finished` is not in it: look at them first.
    ///
    /// Complexity: O(held ids + queued rows + events of open windows).
    public func stateBytes() -> [UInt8] {
        var writer = StateWriter(Self.kind)
        writer.reserve(bytes: 56 * table.count + 40 * rowCount + 48 * queuedRows)
        writer.write(plan.fingerprint)
        counts.write(to: &writer)
        writer.write(count: level)
        writer.write(doneThrough)
        writer.write(scores.closedThrough)
        writer.write(count: scores.waiting.count)
        for element in scores.waiting {
            writer.write(element.end)
            element.bucket.write(to: &writer)
        }
        writer.write(labels.closedThrough)
        writer.write(count: labels.waiting.count)
        for element in labels.waiting {
            writer.write(element.end)
            element.bucket.write(to: &writer)
        }
        writer.write(count: windows.count)
        for window in windows { window.write(to: &writer) }
        for role in JoinTable.Role.allCases {
            writer.write(count: table.count(of: role))
            var next = table.first(of: role)
            while let place = next {
                table[place].write(to: &writer)
                next = table.next(after: place)
            }
        }
        return writer.sealed()
    }

    /// A join that goes on where the one that gave the bytes was.
    ///
    /// - Throws: `StateFault`: where the bytes are damaged, or of another plan.
    public init(restoring bytes: [UInt8], _ plan: LabelJoinPlan) throws(StateFault) {
        self.init(plan)
        var reader = try StateReader(bytes, of: Self.kind)
        guard try reader.word("the plan") == plan.fingerprint else {
            throw .ofOtherSettings(kind: Self.kind.name, what: "decisions, buckets, windows or limits of the labels")
        }
        counts = try LabelJoinCounts(&reader)
        level = try reader.count(max: LabelKey.levelMax, "the sample's level")
        doneThrough = try reader.bucketEnd(plan, "the last bucket")
        try readQueues(&reader)
        try readWindows(&reader)
        try readTable(&reader)
        try reader.finish()
        if let window = windows.first {
            try reader.expect(window.waiting > 0 || window.end > doneThrough, "a window that is finished is open")
        }
    }

    private mutating func readQueues(_ reader: inout StateReader) throws(StateFault) {
        let scoresThrough = try reader.bucketEnd(plan, "the scores' last bucket")
        var scoreBuckets: [BucketQueue<ScoreBucket>.Element] = []
        var before = doneThrough
        for _ in 0..<(try reader.count(ofBytes: 10, max: .max, "queued buckets")) {
            let end = try reader.bucketEnd(plan, "a queued bucket")
            try reader.expect(end > before && end <= scoresThrough, "the order of queued buckets")
            before = end
            scoreBuckets.append(.init(end: end, bucket: try ScoreBucket(&reader, plan, end: end)))
        }
        let labelsThrough = try reader.bucketEnd(plan, "the labels' last bucket")
        var labelBuckets: [BucketQueue<LabelBucket>.Element] = []
        before = doneThrough
        for _ in 0..<(try reader.count(ofBytes: 10, max: .max, "queued buckets")) {
            let end = try reader.bucketEnd(plan, "a queued bucket")
            try reader.expect(end > before && end <= labelsThrough, "the order of queued buckets")
            before = end
            labelBuckets.append(.init(end: end, bucket: try LabelBucket(&reader, plan, end: end)))
        }
        try reader.expect(
            min(scoresThrough, labelsThrough) >= doneThrough, "a bucket was worked on before it was closed")
        scores = .init(restoring: scoreBuckets, closedThrough: scoresThrough)
        labels = .init(restoring: labelBuckets, closedThrough: labelsThrough)
    }

    private mutating func readWindows(_ reader: inout StateReader) throws(StateFault) {
        let count = try reader.count(ofBytes: 12, max: Int(LabelJoinPlan.windowsMax), "windows")
        for _ in 0..<count {
            let window = try OpenWindow(&reader, plan)
            try reader.expect(
                window.end > windows.last?.end ?? .min && doneThrough > .min
                    && window.end <= plan.windowEnd(of: doneThrough - 1),
                "the order of windows")
            rowCount += window.rows.count
            try reader.expect(rowCount <= plan.rowsMax, "more events than are kept singly")
            windows.append(window)
        }
    }

    private mutating func readTable(_ reader: inout StateReader) throws(StateFault) {
        for role in JoinTable.Role.allCases {
            let count = try reader.count(ofBytes: JoinTable.Entry.stateBytes, max: plan.pendingMax, "held ids")
            try reader.expect(table.count + count <= plan.pendingMax, "more ids than are held")
            var before = Int64.min
            for _ in 0..<count {
                let entry = try JoinTable.Entry(&reader, role, plan)
                try reader.expect(table.find(entry.key) == nil, "an id is held twice")
                if role != .over {
                    let within = role == .waiting ? plan.within : plan.earlyWithin
                    try reader.expect(
                        entry.time >= before && entry.time < doneThrough && entry.time + within >= doneThrough,
                        "the order of what waits")
                    before = entry.time
                }
                if role == .waiting {
                    let end = plan.windowEnd(of: entry.time)
                    guard let window = windows.firstIndex(where: { $0.end == end }) else {
                        throw reader.fault("a score waits in no window")
                    }
                    windows[window].waiting += 1
                }
                table.insert(entry)
            }
        }
    }
}

extension LabelJoinPlan {
    /// Of all settings that a state depends on.
    var fingerprint: UInt64 {
        var text = "\(bucket) \(within) \(window) \(pendingMax) \(rowsMax) \(cardsChecked)"
        for (name, flag) in zip(decisions, flags) { text += "\n\(flag) \(name)" }
        return LabelKey(text).placeBits
    }
}

extension LabelJoinCounts {
    private static var paths: [WritableKeyPath<LabelJoinCounts, Int>] {
        [
            \.scores, \.scoresNotSampled, \.duplicateScores, \.labels, \.labelsNotSampled, \.duplicateLabels,
            \.contradictingLabels, \.lateLabels, \.unknownLabels, \.joined, \.unlabelled,
        ]
    }
    /// Counts go on from here without overflow.
    private static let countMax = 1 << 60

    func write(to writer: inout StateWriter) {
        for path in Self.paths { writer.write(count: self[keyPath: path]) }
    }

    init(_ reader: inout StateReader) throws(StateFault) {
        self.init()
        for path in Self.paths { self[keyPath: path] = try reader.count(max: Self.countMax, "counts") }
    }
}

extension StateReader {
    /// The end of a bucket, or none yet.
    mutating func bucketEnd(_ plan: LabelJoinPlan, _ what: String) throws(StateFault) -> Int64 {
        let end = try integer(what)
        try expect(end == .min || end == plan.bucketEnd(of: end - 1), what)
        return end
    }

    mutating func eventTime(_ what: String) throws(StateFault) -> Int64 {
        let time = try integer(what)
        try expect((-LabelJoinPlan.timeMax...LabelJoinPlan.timeMax).contains(time), what)
        return time
    }

    mutating func labelKey() throws(StateFault) -> LabelKey {
        LabelKey(sampleBits: try word("an id"), placeBits: try word("an id"))
    }

    mutating func joinLabel() throws(StateFault) -> JoinLabel {
        guard let label = JoinLabel(rawValue: try byte("a label")) else { throw fault("a label") }
        return label
    }
}

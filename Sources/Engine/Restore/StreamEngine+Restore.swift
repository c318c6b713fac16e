import Events
import Features

/// Where the state of newly assigned partitions comes from.
extension StreamEngine {
    /// Decides where each lane begins, and how its order is followed until all state is as it was.
    func restore(_ assigned: [AssignedLane]) throws -> [LaneStart] {
        for lane in assigned {
            guard let committed = lane.committed else { continue }
            if committed < lane.low || committed > lane.high { throw OffsetOutOfRange(lane: lane) }
        }
        if !plan.hasState {
            return assigned.map { LaneStart($0, from: $0.committed ?? $0.scoresFrom) }
        }
        if holdsState(for: assigned) { return assigned.map { LaneStart($0, from: $0.committed ?? $0.begin) } }
        forgetState()
        var restoration = Restoration(source: .wholeLog)
        restoration.startedAt = clock.nanoseconds
        restoration.lastNotice = restoration.startedAt
        var orderPosition: Int64 = 0
        let starts: [LaneStart]
        if let manifest = loadSnapshot(assigned) {
            starts = startsFromSnapshot(manifest, assigned, &restoration)
            orderPosition = max(0, manifest.header.orderPosition)
        } else {
            starts = try startsFromLog(assigned, &restoration)
        }
        if let order {
            // What was sent for an earlier assignment may still come to stand in the topic: it has to be there before
            // the topic is read.
            if !ledger.isEmpty { try drain(isFinal: false) }
            let lanes = assigned.map { (name: "\($0.topic)/\($0.partition)", end: $0.high) }
            let follower = try OrderFollower(order, from: orderPosition, lanes: lanes)
            followedOrderEnd = follower.endOffset
            restoration.follower = follower
        }
        // What the log held was saved already, or is being read again.
        eventsSinceSnapshot = 0
        lastSnapshot = clock.nanoseconds
        restoration.offsets = starts.reduce(0) { $0 + max(0, $1.mutedUntil - $1.offset) }
        self.restoration = restoration
        if restoration.offsets > 0 {
            observer?.didNotice(.restoring(from: restoration.source, offsets: restoration.offsets))
        }
        return starts
    }

    /// Whether the state in memory is that of exactly the committed offsets, so that nothing has to be rebuilt.
    func holdsState(for assigned: [AssignedLane]) -> Bool {
        rememberLanes()
        return restoration == nil && assigned.count == laneMemories.count
            && assigned.allSatisfy { lane in
                guard let committed = lane.committed else { return false }
                return laneMemories["\(lane.topic)/\(lane.partition)"]?.offset == committed
            }
    }

    private func forgetState() {
        pipeline.removeState()
        watermark.reset()
        laneMemories = [:]
        incomplete = nil
    }

    private var reachBack: ReachBack { ReachBack(plan) }

    /// The newest snapshot that is sound and not ahead of what is committed, if there is one, in the place of the state.
    private func loadSnapshot(_ assigned: [AssignedLane]) -> SnapshotManifest? {
        let committed = assigned.compactMap { lane in
            lane.committed.map { (topic: lane.topic, partition: lane.partition, offset: $0) }
        }
        guard let snapshots, !assigned.isEmpty, committed.count == assigned.count else { return nil }
        do {
            let found = try snapshots.restore(
                into: pipeline.features, models: pipeline.onlineModels, committed: committed, pool: pipeline.pool)
            for refused in found.refused {
                observer?.didNotice(
                    .snapshotRefused(name: refused.fileName, reason: "\(refused.refusal)"))
            }
            return found.loaded
        } catch {
            observer?.didNotice(.snapshotRefused(name: snapshots.directory, reason: "\(error)"))
            return nil
        }
    }

    private func startsFromSnapshot(
        _ manifest: SnapshotManifest, _ assigned: [AssignedLane], _ restoration: inout Restoration
    ) -> [LaneStart] {
        let header = manifest.header
        restoration.source = .snapshot(header.sequence)
        watermark.reset(to: header.watermark, lateCount: header.lateCount)
        restoration.inherited = header.incomplete.map {
            IncompleteState(features: $0.features, logFrom: $0.logFrom, snapshot: header.sequence)
        }
        let guards = manifest.guards(lanes: assigned.map { (topic: $0.topic, partition: $0.partition) })
        pipeline.setReplayGuard(guards)
        restoration.hasGuards = guards != nil
        return assigned.enumerated().map { index, lane in
            // The partitions are the same: else the snapshot would have been refused.
            let saved = header.lanes.first { $0.topic == lane.topic && $0.partition == lane.partition }
            let offset = max(lane.low, saved?.offset ?? lane.low)
            // What the log lost since the snapshot is in no window.
            if let saved, saved.offset < lane.low { restoration.truncatedLanes[index] = Int64.min }
            laneMemories["\(lane.topic)/\(lane.partition)"] = LaneMemory(
                offset: offset, highestTime: saved?.highestTime ?? .min)
            return LaneStart(lane, from: offset)
        }
    }

    private func startsFromLog(_ assigned: [AssignedLane], _ restoration: inout Restoration) throws -> [LaneStart] {
        let watermark = assigned.compactMap { CommitNote($0.note)?.watermark }.max() ?? .min
        restoration.committedWatermark = watermark
        var needed: [Int64]?
        if let time = reachBack.recordTime(watermark: watermark) {
            needed = try source.offsets(notBefore: time)
            restoration.source = .horizon
        }
        return assigned.enumerated().map { index, lane in
            // A new group begins where it was told to; what is missing before that was chosen.
            guard let committed = lane.committed else { return LaneStart(lane, from: lane.begin) }
            let from = min(committed, max(lane.low, needed?[index] ?? lane.low))
            if from == lane.low && lane.low > 0 && committed > lane.low {
                restoration.truncatedLanes[index] = Int64.min
            }
            return LaneStart(lane, from: from)
        }
    }

    // MARK: - While state is rebuilt

    /// Takes the next rows in recorded order; false: there is nothing more to follow.
    func follow(into context: BatchContext, upTo capacity: Int) throws -> Bool {
        while context.batch.count < capacity {
            guard let step = try currentStep() else { return false }
            switch step {
            case .run(let number, let until):
                let lane = lanes[number]
                takeRun(lane, until: until, into: context, upTo: capacity)
                if !lane.hasReached(until) { return true }
            case .merge(let limits):
                for (lane, limit) in zip(lanes, limits) { lane.limit = limit }
                _ = merge.merge(
                    lanesInOrder, limit: capacity - context.batch.count, now: clock.nanoseconds
                ) {
                    append($1, of: $0, to: context)
                }
                for lane in lanes { lane.limit = .max }
                if !zip(lanes, limits).allSatisfy({ $0.hasReached($1) }) { return true }
            case .end:
                restoration?.follower = nil
            }
            restoration?.step = nil
        }
        return true
    }

    private func currentStep() throws -> OrderFollower.Step? {
        if let step = restoration?.step { return step }
        guard restoration?.follower != nil else { return nil }
        let lanes = lanes
        let step = try restoration?.follower?.step { lanes[$0].stateOffset }
        for (lane, offset) in restoration?.follower?.takeQuarantined() ?? [] { lanes[lane].quarantined.insert(offset) }
        restoration?.step = step
        return step
    }

    private func takeRun(_ lane: Lane, until: Int64, into context: BatchContext, upTo capacity: Int) {
        while lane.buffered > 0 && context.batch.count < capacity {
            let chunk = lane.chunks[0]
            let first = chunk.next
            let end = min(lane.rowEnd(in: chunk, before: until), first + capacity - context.batch.count)
            if end == first { return }
            lane.handOut(first..<end, of: chunk)
            append(first..<end, of: chunk, to: context)
        }
    }

    /// The record time from which on a lane's log is known, where that may matter.
    func noteFirst(_ record: RecordReference, lane: Int) {
        // A record without a time says nothing against the log.
        if restoration?.truncatedLanes[lane] == .min {
            restoration?.truncatedLanes[lane] = max(record.timestamp, .min + 1)
        }
    }

    /// Whether it is known of all lanes where it may matter: nothing is scored before.
    var knowsWhereLogsBegin: Bool {
        guard let truncated = restoration?.truncatedLanes, !truncated.isEmpty else { return true }
        return truncated.allSatisfy { $0.value > .min || lanes[$0.key].isAtEnd }
    }

    /// Before the first score after a rebuild: is what was rebuilt whole?
    func judgeRestoration(_ context: BatchContext) throws {
        let dispositions = context.frame.dispositions
        guard let restoration,
            let first = (0..<context.batch.count).first(where: { dispositions[$0].isAnswered })
        else { return }
        // What stands behind it in the batch, perhaps days later, does not make its windows whole.
        let present = (0..<first).reduce(restoration.watermark) { time, row in
            dispositions[row] == .muted ? max(time, context.batch.orderTimes[row]) : time
        }
        try judgeRestoration(at: present)
    }

    private func judgeRestoration(at watermark: Int64) throws {
        guard let restoration, !restoration.truncatedLanes.isEmpty || restoration.inherited != nil else { return }
        self.restoration?.truncatedLanes = [:]
        self.restoration?.inherited = nil
        let logFrom = Dictionary(
            restoration.truncatedLanes.map { (lanes[$0.key].source, $0.value) }, uniquingKeysWith: max)
        let present = max(watermark, restoration.committedWatermark)
        let inherited = restoration.inherited?.remaining(at: present)
        let lost = reachBack.incomplete(logFrom: logFrom, watermark: present)
        incomplete = lost.map { lost in inherited?.adding(lost) ?? lost } ?? inherited
        guard let incomplete else { return }
        if settings.refusesIncompleteState { throw incomplete }
        observer?.didNotice(.incomplete(incomplete))
    }

    /// Ends the restoration once everything that was committed is read again; tells how far it has come.
    func finishRestoration() throws {
        guard let restoration else { return }
        self.restoration?.watermark = watermark.time
        let now = clock.nanoseconds
        if restoration.follower == nil
            && lanes.allSatisfy({ $0.stateOffset >= $0.start.mutedUntil || $0.hasReached($0.start.mutedUntil) })
        {
            try judgeRestoration(at: watermark.time)
            if restoration.hasGuards { pipeline.setReplayGuard(nil) }
            self.restoration = nil
            if restoration.offsets > 0 {
                observer?.didNotice(
                    .restoreFinished(nanoseconds: now - restoration.startedAt, isWhole: incomplete == nil))
            }
        } else if now - restoration.lastNotice >= Self.noticeEveryNanoseconds {
            self.restoration?.lastNotice = now
            let done = lanes.reduce(0) { $0 + max(0, min($1.stateOffset, $1.start.mutedUntil) - $1.start.offset) }
            let taken = accounts.reduce(0) { $0 + $1.consumed }
            let buffered = lanes.reduce(0) { $0 + UInt64($1.buffered) }
            observer?.didNotice(.restored(offsets: done, of: restoration.offsets, events: taken - buffered))
        }
    }

    private static var noticeEveryNanoseconds: Int64 { 1_000_000_000 }
}

extension LaneStart {
    /// From `offset` on, muted up to where the group is to go on, or a new one is to begin.
    init(_ lane: AssignedLane, from offset: Int64) {
        self.init(
            topic: lane.topic, partition: lane.partition, offset: offset,
            mutedUntil: max(offset, lane.committed ?? lane.scoresFrom))
    }
}

import Events
import Workers

/// After an unclean end: the events that were in work go one at a time, so that one that kills is found.
extension StreamEngine {
    /// Reads what the last process left; before anything is taken.
    func beginInFlight() {
        guard let inFlight else { return }
        leftover = inFlight.begin()
        if let found = leftover.newlyQuarantined {
            observer?.didNotice(.quarantined(lane: found.name, offset: found.offset))
        }
        let count = leftover.suspects.values.reduce(0) { $0 + ($1.upperBound - $1.lowerBound) }
        if count > 0 { observer?.didNotice(.carefulRestart(offsets: count)) }
    }

    /// The lanes of a new assignment: which of their offsets are suspects, or quarantined.
    func watchLanes() {
        guard let inFlight else { return }
        inFlight.setLanes(lanes.map { Self.name($0.start) }, at: lanes.map(\.stateOffset))
        for lane in lanes {
            let name = Self.name(lane.start)
            lane.suspects = leftover.suspects[name]
            lane.quarantined = leftover.quarantined[name] ?? []
        }
    }

    /// What is in work now, and what is still suspected; before records are decoded.
    func noteInFlight() {
        guard let inFlight else { return }
        for index in lanes.indices {
            let lane = lanes[index]
            inFlight.note(lane: index, from: lane.stateOffset, to: max(lane.position, lane.suspects?.upperBound ?? 0))
        }
    }

    /// Ends the suspicion of lanes that have passed it.
    func clearSuspects() {
        for lane in lanes {
            guard let suspects = lane.suspects, lane.hasReached(suspects.upperBound) else { continue }
            lane.suspects = nil
            leftover.suspects[Self.name(lane.start)] = nil
        }
    }

    /// Whether some lane holds suspects, so that a batch is one event.
    var isCareful: Bool { lanes.contains { $0.holdsSuspects } }

    /// Decodes what was taken; suspects one after the other, each with its mark.
    func decodeTaken() {
        var rows = 0
        for chunk in decode.chunks { rows += chunk.recordCount - chunk.batch.count }
        if !isCareful {
            pipeline.pool.run(decode, tasks: decode.chunks.count, isInline: rows <= pipeline.inlineRowsMax)
            return
        }
        for (task, chunk) in decode.chunks.enumerated() {
            let lane = lanes[Int(chunk.lane)]
            let isSuspect = lane.holdsSuspects && chunk.recordCount - chunk.batch.count == 1
            if isSuspect {
                inFlight?.beginSingle(Self.name(lane.start), offset: chunk.records[chunk.batch.count].offset)
            }
            decode.perform(task: task, worker: 0)
            if isSuspect { inFlight?.endSingle() }
        }
    }

    /// Scores a batch; one that is a single suspect with its mark.
    func process(_ context: BatchContext) {
        let isSingle = context.batch.count == 1 && isCareful
        // Here and nowhere else, so that one set scores all of its rows.
        context.models = models.models
        if isSingle {
            let lane = lanes[Int(context.batch.lanes[0])]
            inFlight?.beginSingle(Self.name(lane.start), offset: context.batch.offsets[0])
        }
        pipeline.process(context, origin: assignment.origin)
        if isSingle { inFlight?.endSingle() }
    }
}

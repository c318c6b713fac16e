/// From acknowledgements to committed offsets, and the books.
extension StreamEngine {
    /// Takes note of batches that are wholly acknowledged, and commits if it is time.
    ///
    /// - Returns: `superseded` where the group no longer takes this assignment's commits.
    /// - Throws: `CommitFailure` where it is the commit that failed.
    @discardableResult
    func commitFinished(isFinal: Bool) throws -> CommitOutcome {
        ledger.retire { entry in
            if entry.epoch != epoch {
                // Its partitions are another's by now: what it counted belongs to accounts that are closed.
                return
            }
            if entry.isDiscarded {
                for lane in 0..<entry.laneCount { accounts[lane].released += entry.rows[lane] }
                return
            }
            for lane in 0..<entry.laneCount {
                let counts = entry.counts[lane]
                if entry.rows[lane] == 0 {
                    if let offset = counts.nextOffset { didPass(offset, lane: lane) }
                    continue
                }
                accounts[lane].scored += counts.scored
                accounts[lane].absorbed += counts.absorbed
                accounts[lane].deadLettered += counts.deadLettered
                accounts[lane].lateDropped += counts.lateDropped
                accounts[lane].muted += counts.muted
                if let offset = counts.nextOffset { lanes[lane].finishedOffset = offset }
                // While state is rebuilt, offsets before the committed one pass again: a commit never goes back.
                if let offset = counts.nextOffset, !assignment.isRebuilding(lane, offset) {
                    pendingPositions[lane] = offset
                }
            }
            pendingWatermark = entry.watermark
            deadLetters.add(entry.deadLetters)
        }
        let now = clock.nanoseconds
        let isDue = isFinal || now - lastCommit >= Int64(settings.commitEveryMilliseconds) * 1_000_000
        if !isDue { return .accepted }
        lastCommit = now
        try checkAccounts()
        showBooks(isClosed: false)
        if pendingPositions.isEmpty && !isFinal { return .accepted }
        let positions = pendingPositions.sorted { $0.key < $1.key }
            .map { assignment.position(lane: $0.key, offset: $0.value) }
        pendingPositions.removeAll(keepingCapacity: true)
        if !positions.isEmpty { summary.commits += 1 }
        // In a transaction they were committed with their outputs.
        if sink.transactions != nil { return .accepted }
        let commit = OffsetCommit(positions: positions, note: CommitNote(watermark: pendingWatermark).text)
        do {
            return try source.commit(commit, isFinal: isFinal)
        } catch {
            throw CommitFailure(reason: error)
        }
    }

    /// Both identities for every lane: what was consumed is finished or in flight, and offsets are records or gaps.
    func checkAccounts() throws {
        let inFlight = inFlightRows()
        for (index, lane) in lanes.enumerated() {
            try accounts[index].check(inFlight: inFlight[index], start: lane.start.offset, position: lane.position)
        }
    }

    /// Waits until everything sent is acknowledged, for at most the drain's time, and commits it.
    @discardableResult
    func drain(isFinal: Bool) throws -> CommitOutcome {
        isDraining = true
        output.requestFlush()
        defer {
            output.flushed()
            isDraining = false
        }
        let deadline = clock.nanoseconds + Int64(settings.drainMilliseconds) * 1_000_000
        while !ledger.isEmpty && output.failed == nil && clock.nanoseconds < deadline {
            try commitFinished(isFinal: false)
            if ledger.isEmpty { break }
            if settings.sendsInline { serveInline(milliseconds: 1) } else { source.wait(milliseconds: 10) }
        }
        let outcome = try commitFinished(isFinal: isFinal)
        if let failure = output.failed { throw failure }
        return outcome
    }

    /// The same at the end of an assignment, where a commit that is not taken is no reason to stop.
    ///
    /// - Returns: why it was not; `nil`: it was.
    func drainAssignment() throws -> String? {
        do {
            if case .superseded(let reason) = try drain(isFinal: true) { return reason }
        } catch let failure as CommitFailure {
            return "\(failure)"
        }
        return nil
    }
}

/// Offsets could not be committed; nothing is lost by it, since their events are read again.
struct CommitFailure: Error, CustomStringConvertible {
    let reason: any Error

    var description: String { "\(reason)" }
}

/// From acknowledgements to committed offsets, and the books.
extension StreamEngine {
    /// Takes note of batches that are wholly acknowledged, and commits if it is time.
    func commitFinished(isFinal: Bool) throws {
        ledger.retire { entry in
            if entry.epoch != epoch {
                // Its partitions are another's by now: what it counted belongs to accounts that are closed.
                return
            }
            if entry.isDiscarded {
                for lane in 0..<entry.laneCount { accounts[lane].released += entry.rows[lane] }
                return
            }
            for lane in 0..<entry.laneCount where entry.rows[lane] > 0 {
                let counts = entry.counts[lane]
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
        if !isDue { return }
        lastCommit = now
        try checkAccounts()
        showBooks(isClosed: false)
        if pendingPositions.isEmpty && !isFinal { return }
        let positions = pendingPositions.sorted { $0.key < $1.key }
            .map { assignment.position(lane: $0.key, offset: $0.value) }
        pendingPositions.removeAll(keepingCapacity: true)
        if !positions.isEmpty { summary.commits += 1 }
        // In a transaction they were committed with their outputs.
        if sink.transactions != nil { return }
        try source.commit(
            OffsetCommit(positions: positions, note: CommitNote(watermark: pendingWatermark).text), isFinal: isFinal)
    }

    /// Both identities for every lane: what was consumed is finished or in flight, and offsets are records or gaps.
    func checkAccounts() throws {
        let inFlight = inFlightRows()
        for (index, lane) in lanes.enumerated() {
            try accounts[index].check(inFlight: inFlight[index], start: lane.start.offset, position: lane.position)
        }
    }

    /// Waits until everything sent is acknowledged, for at most the drain's time, and commits it.
    func drain(isFinal: Bool) throws {
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
        try commitFinished(isFinal: isFinal)
        if let failure = output.failed { throw failure }
    }
}

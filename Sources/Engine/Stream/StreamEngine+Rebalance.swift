import Features

/// Partitions come and go.
extension StreamEngine: SourceObserver {
    public func sourceDidAssign(epoch: UInt64, lanes assigned: [AssignedLane]) -> [LaneStart] {
        releaseLanes()
        var starts: [LaneStart]
        do {
            starts = try restore(assigned)
        } catch {
            // Nothing is taken before the failure is thrown.
            assignmentFailure = error
            starts = assigned.map { LaneStart($0, from: $0.committed ?? $0.begin) }
        }
        assignment = Assignment(epoch: epoch, starts: starts, membership: source.membership)
        lanes = starts.map { start in
            Lane(
                start: start, source: plan.source(ofTopic: start.topic),
                highestTime: laneMemories[Self.name(start)]?.highestTime ?? .min)
        }
        lanesInOrder = Lane.inTieOrder(lanes, of: plan)
        accounts = starts.map { LaneAccount(topic: $0.topic, partition: $0.partition) }
        watchLanes()
        merge.reset()
        summary.rebalances += 1
        return starts
    }

    public func sourceWillRevoke(epoch: UInt64, isLost: Bool) {
        // After `run` the lanes are given back already: there is nothing to drain, and nobody to send.
        if self.epoch == 0 { return }
        let deadline = drainDeadline
        if !isLost {
            do {
                if let reason = try drainAssignment() {
                    // A snapshot of what is not committed would be of no use to anybody.
                    observer?.didNotice(.commitRefused(reason: reason))
                } else if ledger.isEmpty {
                    completeSnapshot(by: deadline)
                }
            } catch {
                output.fail(error)
            }
        }
        abandonSnapshot(by: deadline)
        releaseLanes()
        if isLost {
            // Another instance goes on from the committed offsets; what this one knows beyond them is no longer true.
            laneMemories.removeAll()
        }
    }

    /// Gives back what was taken and not scored, and closes the books of the assignment.
    func releaseLanes() {
        if epoch == 0 { return }
        output.giveUp(epoch: epoch)
        rememberLanes()
        // What was not finished will be read again, by whomever, and perhaps taken in another order.
        if lanes.contains(where: { $0.finishedOffset < $0.stateOffset }) { laneMemories.removeAll() }
        for (index, lane) in lanes.enumerated() {
            for chunk in lane.chunks {
                let rest = chunk.next..<chunk.recordCount
                accounts[index].released += UInt64(rest.count)
                source.release(UnsafeMutableBufferPointer(rebasing: chunk.records[rest]))
                chunk.removeAll()
                freeChunks.append(chunk)
            }
            lane.chunks.removeAll()
            lane.buffered = 0
            lane.bufferedBytes = 0
        }
        ledger.forEachOpen { entry in
            if entry.epoch != epoch { return }
            for lane in 0..<entry.laneCount { accounts[lane].released += entry.rows[lane] }
        }
        copyWaits()
        showBooks(isClosed: true)
        for account in accounts {
            closedAccounts[
                "\(account.topic)/\(account.partition)",
                default: LaneAccount(
                    topic: account.topic, partition: account.partition)
            ].add(account)
        }
        lanes = []
        lanesInOrder = []
        accounts = []
        // What was not committed until now is another's to read again; its lanes have no numbers any more.
        pendingPositions.removeAll(keepingCapacity: true)
        // Batches of this assignment that are still on their way belong to no account any more.
        assignment = Assignment(epoch: 0, starts: [], membership: nil)
    }

    func rememberLanes() {
        for lane in lanes {
            laneMemories[Self.name(lane.start)] = LaneMemory(offset: lane.stateOffset, highestTime: lane.highestTime)
        }
    }
}

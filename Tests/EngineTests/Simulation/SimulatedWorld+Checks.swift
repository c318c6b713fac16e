import Events

@testable import Engine

/// The invariants: some at every step, the whole output at the end.
extension SimulatedWorld {
    func didBecomeVisible(_ place: EventPlace, kind: Int) {
        visible[place.partition][Int(place.offset)] += 1
        if scenario.isExactlyOnce && visible[place.partition][Int(place.offset)] > 1 {
            fail("\(place) has \(visible[place.partition][Int(place.offset)]) outputs")
        }
    }

    /// A commit passes only events whose output is there to stay, or that have none.
    func checkCommit(_ partition: Int, from: Int64, to: Int64) {
        if to < from { return fail("a commit goes back in \(partition), from \(from) to \(to)") }
        guard to <= Int64(events[partition].count) else {
            return fail("a commit of \(partition)/\(to), behind the log")
        }
        if to > from && events[partition][Int(to) - 1] == nil { note("commit behind a marker") }
        for offset in from..<to where visible[partition][Int(offset)] == 0 {
            guard events[partition][Int(offset)] != nil, offset >= mutedUntil[partition] else { continue }
            // A label has no output but as a dead letter, which is looked for at the end.
            if scenario.isLabel(partition) { continue }
            let place = EventPlace(partition: partition, offset: offset)
            if scenario.late.action != .drop {
                return fail("the commit of \(partition)/\(to) passes \(place), which has no output")
            }
            silent.insert(place)
        }
    }

    /// Memory is bounded by what the settings say, whatever happens.
    func checkBounds(_ instance: SimulatedInstance) {
        let chunk = min(1_024, scenario.batchRows)
        let rows = scenario.lanes * chunk * 5 + (scenario.unacknowledgedBatches + 2) * scenario.batchRows
        if instance.source.openLoans > rows {
            fail("\(instance.source.openLoans) records are held, of at most \(rows)")
        }
        if instance.source.strays > 0 { fail("records are given back that were not lent") }
    }

    /// Why a process may end, and what it must leave behind.
    func checkOutcome(_ instance: SimulatedInstance, _ outcome: SimulatedInstance.Outcome) {
        if instance.isDead { return }
        if instance.source.openLoans > 0 { fail("\(instance.source.openLoans) records are kept at the end of a run") }
        switch outcome {
        case .ended(let summary):
            if !summary.isBalanced { fail("the summary does not balance: \(summary)") }
        case .failed(let error):
            if error is SimulatedFailure && error as? SimulatedFailure != .outOfRange { return }
            if error is TransactionFailure { return }
            fail("life \(instance.number) ends with: \(error)")
        }
    }

    // MARK: - At the end

    func checkEnd() {
        let order = orderTaken()
        if !violations.isEmpty { return }
        if !scenario.isExactlyOnce && scenario.isForeign {
            note("at least once, order \(isOrderCertain ? "certain" : "uncertain")")
        }
        let oracle = SimulationOracle(
            scenario, models: sets.flatMap(\.models), order: order, events: events, mutedUntil: mutedUntil)
        var outputs: [EventPlace: [SimulatedEntry]] = [:]
        for kind in 0...1 {
            for (partition, log) in cluster.outputs[kind].enumerated() {
                var last: [Int: Int64] = [:]
                for (_, entry) in log.committedRecords {
                    guard let place = entry.origin else { return fail("an output without an origin") }
                    if scenario.isExactlyOnce && last[place.partition, default: -1] >= place.offset {
                        fail("\(place) stands behind a later event in output \(kind)/\(partition)")
                    }
                    last[place.partition] = place.offset
                    outputs[place, default: []].append(entry)
                }
            }
        }
        for place in silent.sorted() where oracle.expected[place] != .nothing {
            fail("\(place) was committed without an output")
        }
        for (partition, log) in events.enumerated() {
            for (offset, event) in log.enumerated() {
                guard let event else { continue }
                let place = EventPlace(partition: partition, offset: Int64(offset))
                guard let expected = oracle.expected[place] else {
                    if place.offset >= mutedUntil[partition] { fail("\(place) is not in the order taken") }
                    continue
                }
                compare(outputs[place] ?? [], with: expected, event, at: place)
            }
        }
        if versions.count > 1 { note("scores of both models") }
    }

    private func compare(
        _ found: [SimulatedEntry], with expected: SimulationOracle.Expected, _ event: SimulatedEvent,
        at place: EventPlace
    ) {
        // A duplicate after a crash may differ where a foreign entity's order was not recorded yet; the last one is of
        // the order that was.
        var found = found
        if !scenario.isExactlyOnce && scenario.isForeign {
            if !isOrderCertain {
                if found.isEmpty && expected != .nothing && scenario.late.action != .drop {
                    fail("\(place) has no output")
                }
                return
            }
            if expected == .nothing { return }
            // By the last life: what earlier ones sent without having recorded their order may differ.
            let last = found.map(\.writer).max()
            found = found.filter { $0.writer == last }
        }
        if expected == .nothing {
            if !found.isEmpty { fail("\(place) has an output, though it is dropped") }
            return
        }
        if found.isEmpty { fail("\(place) has no output") }
        if scenario.isExactlyOnce && found.count > 1 { fail("\(place) has \(found.count) outputs") }
        for entry in found {
            switch expected {
            case .nothing: break
            case .deadLetter(let code):
                if entry.code != code { fail("\(place) is \(entry.code ?? "scored"), not \(code)") }
            case .score(var wanted, let byModel):
                let score = entry.code == nil ? entry.value.flatMap { SimulatedScore($0) } : nil
                wanted.version = score?.version ?? ""
                wanted.score = byModel[wanted.version]
                versions.insert(wanted.version)
                if score != wanted { fail("\(place) is \(entry.code ?? "\(score as Any)"), not \(wanted)") }
            }
        }
    }

    /// The order in which events were taken: as recorded, or any where it decides nothing.
    private func orderTaken() -> [EventPlace] {
        if !scenario.isOrderRecorded {
            return events.enumerated().flatMap { partition, log in
                log.indices.map { EventPlace(partition: partition, offset: Int64($0)) }
            }
        }
        let records = cluster.outputs[2][0].committedRecords.map { $0.entry.value ?? [] }
        let log = SimulatedOrderLog(records, events: events, mutedUntil: mutedUntil)
        if scenario.isExactlyOnce, let problem = log.problems.first { fail(problem) }
        for (partition, end) in log.ends.enumerated() {
            let last = Int64(events[partition].lastIndex { $0 != nil } ?? -1)
            if end <= last && last >= mutedUntil[partition] {
                fail("the order of \(partition) ends at \(end), before \(last)")
            }
        }
        if scenario.isBacklog && isOrderCertain { checkMergeOrder(log.order) }
        return log.order
    }

    /// In a backlog the order is that of (highest available time so far in the partition, labels first, partition,
    /// offset).
    private func checkMergeOrder(_ order: [EventPlace]) {
        var rows: [(time: Int64, place: EventPlace)] = []
        for (partition, log) in events.enumerated() {
            var highest = Int64.min
            for (offset, event) in log.enumerated() {
                guard let event else { continue }
                if event.fault == nil { highest = max(highest, event.orderTime) }
                rows.append((highest, EventPlace(partition: partition, offset: Int64(offset))))
            }
        }
        func rank(_ place: EventPlace) -> Int { scenario.isLabel(place.partition) ? 0 : 1 }
        rows.sort { ($0.time, rank($0.place), $0.place) < ($1.time, rank($1.place), $1.place) }
        if rows.map(\.place) != order { fail("a backlog was not taken in merge order") }
    }

    // MARK: - What happens

    func didAssign(_ instance: SimulatedInstance) { plantAssigned(instance) }

    func willReadOrder(_ instance: SimulatedInstance) {
        for other in instances where other !== instance && !other.isDead {
            if other.source.hasAssignment || other.sink.hasQueued { isOrderCertain = false }
        }
    }
}

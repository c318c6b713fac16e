import Engine

/// What a simulated port fails with.
enum SimulatedFailure: Error, Hashable {
    /// The process is dead: nothing that it does has any effect.
    case crash
    /// Another producer has the transactional id.
    case fenced
    /// No coordinator answered a commit that was waited for.
    case commitTimedOut
    /// The log does not hold an offset that was asked for.
    case outOfRange
}

/// A member of the group, reading the simulated cluster's input.
final class SimulatedSource: SourcePort {
    private unowned let instance: SimulatedInstance
    private let world: SimulatedWorld
    private(set) var member: Int?
    private var generation = -1
    private(set) var lanes: [Int] = []
    private(set) var positions: [Int64] = []
    /// The ends of partitions as of the last fetch.
    private var knownEnds: [Int64] = []
    private var epoch: UInt64 = 0
    private(set) var hasAssignment = false
    private(set) var membership: AnyObject?
    private var waiting: [Int: SimulatedGroup.Committed] = [:]
    private var underway: (positions: [Int: SimulatedGroup.Committed], membership: SimulatedGroup.Membership)?
    private var loans: [UInt: Int] = [:]
    /// Records given back that were not lent.
    private(set) var strays = 0

    var openLoans: Int { loans.count }

    init(_ instance: SimulatedInstance, _ world: SimulatedWorld) {
        self.instance = instance
        self.world = world
    }

    deinit { for address in loans.keys { UnsafeMutableRawPointer(bitPattern: address)?.deallocate() } }

    private var cluster: SimulatedCluster { world.cluster }
    private var group: SimulatedGroup { world.cluster.group }

    // MARK: - The group

    func poll(_ observer: any SourceObserver) throws {
        try world.pass(instance, .poll)
        if let member {
            group.polled(member, now: cluster.now)
            if group.fenced.contains(member) { throw SimulatedFailure.fenced }
        }
        sendCommits(isFinal: false)
        if world.isCoordinatorDown { return }
        guard let id = member, let state = group.member(id) else {
            if hasAssignment { revoke(isLost: true, from: observer) }
            try world.pass(instance, .poll)
            generation = -1
            member = group.join(instance: world.scenario.isStatic ? instance.name : nil, now: cluster.now)
            return
        }
        if group.isRebalancing {
            if state.hasJoined { return }
            if hasAssignment { revoke(isLost: false, from: observer) }
            try world.pass(instance, .poll)
            group.rejoin(id)
        } else if generation != group.generation {
            // Offsets that a transaction may still change are waited for.
            if state.partitions.allSatisfy({ group.isStable($0) }) { try assign(state, observer) }
        }
    }

    func keepAlive() throws {}

    private func assign(_ state: SimulatedGroup.Member, _ observer: any SourceObserver) throws {
        epoch += 1
        generation = group.generation
        lanes = state.partitions.shuffled(using: &world.random)
        membership = SimulatedGroup.Membership(member: state.id, generation: generation)
        hasAssignment = true
        let assigned = lanes.map { partition in
            let log = cluster.input[partition]
            let committed = group.committed[partition]
            let place = world.scenario.place(ofLane: partition)
            return AssignedLane(
                topic: place.topic, partition: place.partition,
                committed: world.plant(.committed(instance), committed?.offset, partition: partition),
                note: committed?.note ?? "", low: log.start, high: log.end, begin: log.start,
                scoresFrom: world.scenario.beginsMuted ? log.end : log.start)
        }
        // Retention leaves alone what the engine may choose.
        positions = assigned.map(\.low)
        knownEnds = assigned.map(\.high)
        let starts = observer.sourceDidAssign(epoch: epoch, lanes: assigned)
        world.trace("\(instance.name) life \(instance.number) is assigned \(assigned) and begins \(starts)")
        positions = starts.map(\.offset)
        // Where a new group begins is committed before anything is taken.
        for (lane, partition) in zip(assigned, lanes) where lane.committed == nil {
            world.didBegin(partition, at: lane.scoresFrom)
            group.commit(partition, lane.scoresFrom, note: "")
        }
        world.didAssign(instance)
        try world.pass(instance, .poll)
    }

    private func revoke(isLost: Bool, from observer: any SourceObserver) {
        observer.sourceWillRevoke(epoch: epoch, isLost: isLost)
        world.note(isLost ? "lost" : "revoked")
        lanes = []
        positions = []
        waiting = [:]
        underway = nil
        membership = nil
        hasAssignment = false
    }

    /// Leaves the group, as a process does that ends by itself.
    func leave() {
        if let member { group.remove(member, now: cluster.now) }
        hasAssignment = false
        positions = []
    }

    // MARK: - Commits

    func commit(_ commit: OffsetCommit, isFinal: Bool) throws -> CommitOutcome {
        for position in commit.positions {
            waiting[position.simulatedLane] = SimulatedGroup.Committed(
                offset: world.plant(.commit, position.offset), note: commit.note)
        }
        try world.pass(instance, .commit)
        if !isFinal {
            sendCommits(isFinal: false)
            return .accepted
        }
        let deadline = cluster.now + Self.finalCommitMilliseconds
        while !waiting.isEmpty || underway != nil {
            try world.pass(instance, .commit)
            if cluster.now >= deadline { throw SimulatedFailure.commitTimedOut }
            if !sendCommits(isFinal: true) { return .superseded(reason: "the group has a newer generation") }
        }
        try world.pass(instance, .commit)
        return .accepted
    }

    private static let finalCommitMilliseconds: Int64 = 10_000

    /// One commit is under way at a time; false: the group refuses.
    @discardableResult
    private func sendCommits(isFinal: Bool) -> Bool {
        if world.isCoordinatorDown { return true }
        if let (positions, membership) = underway {
            if !isFinal && world.chance(2) { return true }
            underway = nil
            if !group.accepts(membership) { return false }
            apply(positions)
        }
        guard !waiting.isEmpty, let membership = membership as? SimulatedGroup.Membership else { return true }
        underway = (waiting, membership)
        waiting = [:]
        return true
    }

    private func apply(_ positions: [Int: SimulatedGroup.Committed]) {
        for (partition, committed) in positions.sorted(by: { $0.key < $1.key }) {
            group.commit(partition, committed.offset, note: committed.note)
        }
    }

    /// What was on its way may still arrive.
    func crash() {
        if let (positions, membership) = underway, world.chance(2), group.accepts(membership) { apply(positions) }
        underway = nil
        waiting = [:]
        hasAssignment = false
        positions = []
    }

    // MARK: - Records

    func take(
        _ lane: LaneIndex, bytesMax: Int, into buffer: UnsafeMutableBufferPointer<RecordReference>
    ) throws -> Taken {
        try world.pass(instance, .take)
        let partition = lanes[lane.rawValue]
        let log = cluster.input[partition]
        var position = positions[lane.rawValue]
        if position < log.start { throw SimulatedFailure.outOfRange }
        let scenario = world.scenario
        if world.isStalled(partition) || (!scenario.isBacklog && world.chance(6)) {
            return Taken(count: 0, position: position)
        }
        let rowsMax = min(buffer.count, world.pick(1...scenario.fetchRows))
        var count = 0
        while position < log.end && count < rowsMax {
            let entry = log.entries[Int(position)]
            if entry.kind == .record {
                buffer.initializeElement(at: count, to: lend(entry, offset: position))
                count += 1
            }
            position += 1
        }
        positions[lane.rawValue] = position
        knownEnds[lane.rawValue] = log.end
        return Taken(count: count, position: position)
    }

    private func lend(_ entry: SimulatedEntry, offset: Int64) -> RecordReference {
        let (key, value) = (entry.key ?? [], entry.value ?? [])
        let block = UnsafeMutableRawPointer.allocate(byteCount: key.count + value.count + 1, alignment: 1)
        UnsafeMutableRawBufferPointer(start: block, count: key.count).copyBytes(from: key)
        UnsafeMutableRawBufferPointer(start: block + key.count, count: value.count).copyBytes(from: value)
        loans[UInt(bitPattern: block)] = key.count + value.count
        return RecordReference(
            key: entry.key.map { _ in UnsafeRawPointer(block) }, keyCount: key.count,
            value: entry.value.map { _ in UnsafeRawPointer(block) + key.count }, valueCount: value.count,
            offset: offset, timestamp: entry.timestamp, handle: block)
    }

    func isAtEnd(_ lane: LaneIndex) -> Bool {
        !world.isStalled(lanes[lane.rawValue]) && positions[lane.rawValue] >= knownEnds[lane.rawValue]
    }

    func release(_ records: UnsafeMutableBufferPointer<RecordReference>) {
        for record in records {
            guard let block = record.handle, let bytes = loans.removeValue(forKey: UInt(bitPattern: block)) else {
                strays += 1
                continue
            }
            // Whoever reads it after this reads what no event holds.
            block.initializeMemory(as: UInt8.self, repeating: 0xDD, count: bytes)
            block.deallocate()
        }
    }

    func wait(milliseconds: Int) {
        world.sleep(instance, milliseconds: min(max(1, milliseconds), 20))
        try? world.pass(instance, .wait)
    }

    func wake() {}

    func offsets(notBefore recordTime: Int64) throws -> [Int64] {
        try world.pass(instance, .poll)
        let time = world.plant(.horizon, recordTime)
        return lanes.map { cluster.input[$0].offset(notBefore: time) }
    }

    func header(_ name: StaticString, of record: RecordReference) -> UnsafeRawBufferPointer? { nil }
    func forEachHeader(of record: RecordReference, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer?) -> Void) {}
}

extension LanePosition {
    /// The lane of the scenario.
    var simulatedLane: Int { Scenario.lane(topic: topic, partition: Int(partition)) }
}

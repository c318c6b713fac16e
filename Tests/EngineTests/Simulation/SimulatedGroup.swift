/// The members of a consumer group and its offsets, as their coordinator knows them.
final class SimulatedGroup {
    struct Member {
        var id: Int
        /// Its static instance id, if it has one.
        var instance: String?
        var heartbeatAt: Int64
        var polledAt: Int64
        var hasJoined: Bool
        var partitions: [Int]
    }

    struct Committed {
        var offset: Int64
        var note: String
    }

    /// What a member may show: that it belongs to a generation.
    final class Membership {
        let member: Int
        let generation: Int

        init(member: Int, generation: Int) {
            self.member = member
            self.generation = generation
        }
    }

    let partitionCount: Int
    /// One member gets everything: the plan needs to see all partitions.
    let isExclusive: Bool
    let sessionMilliseconds: Int64
    let rebalanceMilliseconds: Int64
    let pollMilliseconds: Int64
    private(set) var members: [Member] = []
    private(set) var generation = 0
    private(set) var isRebalancing = false
    private var rebalanceStartedAt: Int64 = 0
    private var nextMember = 1
    /// Members whose static id another one has taken: they may not come back.
    private(set) var fenced: Set<Int> = []
    private(set) var committed: [Committed?]
    /// Transactions whose offsets are neither in nor out yet.
    var pending: [SimulatedTransaction] = []
    /// Hears of each committed offset before it is in.
    var onCommit: (_ partition: Int, _ from: Int64, _ to: Int64) -> Void = { _, _, _ in }

    init(partitions: Int, isExclusive: Bool, sessionMilliseconds: Int64) {
        partitionCount = partitions
        self.isExclusive = isExclusive
        self.sessionMilliseconds = sessionMilliseconds
        rebalanceMilliseconds = sessionMilliseconds * 2
        pollMilliseconds = sessionMilliseconds * 4
        committed = Array(repeating: nil, count: partitions)
    }

    func member(_ id: Int) -> Member? { members.first { $0.id == id } }

    private func update(_ id: Int, _ body: (inout Member) -> Void) {
        if let index = members.firstIndex(where: { $0.id == id }) { body(&members[index]) }
    }

    func heartbeat(_ id: Int, now: Int64) { update(id) { $0.heartbeatAt = now } }
    func polled(_ id: Int, now: Int64) { update(id) { $0.polledAt = now } }

    /// Joins as a new member; one with a static id takes the place of the one that had it, without a rebalance.
    func join(instance: String?, now: Int64) -> Int {
        let id = nextMember
        nextMember += 1
        if let instance, let index = members.firstIndex(where: { $0.instance == instance }) {
            fenced.insert(members[index].id)
            members[index].id = id
            members[index].heartbeatAt = now
            members[index].polledAt = now
            members[index].hasJoined = true
            return id
        }
        members.append(
            Member(
                id: id, instance: instance, heartbeatAt: now, polledAt: now, hasJoined: true, partitions: []))
        rebalance(now: now)
        update(id) { $0.hasJoined = true }
        return id
    }

    /// Every member has to join again.
    func rebalance(now: Int64) {
        if !isRebalancing { rebalanceStartedAt = now }
        isRebalancing = true
        for index in members.indices { members[index].hasJoined = false }
    }

    func rejoin(_ id: Int) { update(id) { $0.hasJoined = true } }

    func remove(_ id: Int, now: Int64) {
        guard members.contains(where: { $0.id == id }) else { return }
        members.removeAll { $0.id == id }
        if !members.isEmpty { rebalance(now: now) }
    }

    /// Lets sessions expire and ends a rebalance; `first` chooses who comes first.
    func tick(now: Int64, first: (Int) -> Int) {
        for member in members
        where now - member.heartbeatAt > sessionMilliseconds || now - member.polledAt > pollMilliseconds {
            remove(member.id, now: now)
        }
        guard isRebalancing else { return }
        if now - rebalanceStartedAt > rebalanceMilliseconds { members.removeAll { !$0.hasJoined } }
        if members.isEmpty {
            isRebalancing = false
            return
        }
        guard members.allSatisfy(\.hasJoined) else { return }
        isRebalancing = false
        generation += 1
        let start = first(members.count)
        for index in members.indices {
            let place = (index + start) % members.count
            members[index].partitions = (0..<partitionCount).filter { partition in
                isExclusive ? place == 0 : partition % members.count == place
            }
        }
    }

    func accepts(_ membership: Membership) -> Bool {
        membership.generation == generation && member(membership.member) != nil
    }

    /// Whether an offset is known: a transaction that is being ended may still change it.
    func isStable(_ partition: Int) -> Bool {
        !pending.contains { transaction in transaction.offsets.contains { $0.partition == partition } }
    }

    func commit(_ partition: Int, _ offset: Int64, note: String) {
        onCommit(partition, committed[partition]?.offset ?? 0, offset)
        committed[partition] = Committed(offset: offset, note: note)
    }
}

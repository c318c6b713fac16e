import Engine

/// A producer over the simulated cluster, idempotent and, where the scenario says so, transactional.
///
/// What is sent waits in a queue of the process. It reaches the log of its partition in order, some time later; the
/// acknowledgement comes later again.
final class SimulatedSink: SinkPort, TransactionPort {
    private struct Queued {
        var entry: SimulatedEntry
        var kind: Int
        var partition: Int
        var token: UInt64
    }

    private unowned let instance: SimulatedInstance
    private let world: SimulatedWorld
    private let producer: SimulatedCluster.Producer
    private weak var observer: (any SinkObserver)?
    private var queue: [Queued] = []
    private var unacknowledged: [(token: UInt64, orderEnd: Int64?)] = []
    private(set) var orderPosition: Int64 = -1
    private var epoch = -1
    /// The transaction has failed: what is sent into it is void.
    private var isVoid = false
    var hasQueued: Bool { !queue.isEmpty }

    init(_ instance: SimulatedInstance, _ world: SimulatedWorld) {
        self.instance = instance
        self.world = world
        producer = world.cluster.producer(instance.name)
    }

    private var cluster: SimulatedCluster { world.cluster }

    var transactions: (any TransactionPort)? { world.scenario.isExactlyOnce ? self : nil }

    func attach(_ observer: (any SinkObserver)?) { self.observer = observer }

    func send(_ output: OutputRecord) throws -> SendOutcome {
        try world.pass(instance, .send)
        let bytes = output.headers.reduce((output.key?.count ?? 0) + (output.value?.count ?? 0)) {
            $0 + $1.name.utf8CodeUnitCount + $1.value.count
        }
        if bytes > SimulatedInput.recordBytesMax && output.kind != .order { return .tooLarge }
        if queue.count + unacknowledged.count >= world.scenario.sinkCapacity { return .full }
        let isEarly = transactions == nil && world.isPlanted(.commitBeforeAcknowledgement)
        defer { if isEarly { observer?.sinkDidAcknowledge(token: output.token) } }
        if output.kind == .order && world.losesOrder() {
            if transactions == nil { unacknowledged.append((output.token, nil)) }
            return .queued
        }
        queue.append(queued(output))
        return .queued
    }

    private func queued(_ output: OutputRecord) -> Queued {
        var entry = SimulatedEntry(key: output.key.map { Array($0) }, value: output.value.map { Array($0) })
        entry.writer = instance.number
        for header in output.headers {
            let text = String(decoding: header.value, as: UTF8.self)
            switch "\(header.name)" {
            case "riffle-origin": entry.origin = EventPlace(text)
            case "riffle-error-code": entry.code = text
            default: break
            }
        }
        let places = cluster.outputs[Int(output.kind.rawValue)].count
        let partition = (entry.key ?? []).reduce(0) { ($0 &* 31 &+ Int($1)) & 0xFFFF } % places
        return Queued(entry: entry, kind: Int(output.kind.rawValue), partition: partition, token: output.token)
    }

    /// It is served on the engine's own thread.
    func wake() {}

    func serve(milliseconds: Int) {
        if milliseconds > 0 { world.sleep(instance, milliseconds: min(milliseconds, 5)) }
        guard (try? world.pass(instance, .serve)) != nil, !world.isSinkStuck else { return }
        for _ in 0..<world.pick(0...12) where !queue.isEmpty { deliver() }
        acknowledge(world.pick(0...12))
    }

    private func acknowledge(_ count: Int) {
        let isEarly = world.isPlanted(.commitBeforeAcknowledgement)
        for _ in 0..<count where !unacknowledged.isEmpty {
            // Those of one partition come in order; those of different ones as they like.
            let next = unacknowledged.remove(at: world.pick(0...min(3, unacknowledged.count - 1)))
            if let end = next.orderEnd { orderPosition = max(orderPosition, end) }
            if !isEarly { observer?.sinkDidAcknowledge(token: next.token) }
            if (try? world.pass(instance, .acknowledge)) == nil { return }
        }
    }

    /// Brings the first record of some partition to its log.
    private func deliver() {
        let chosen = queue[world.pick(0...queue.count - 1)]
        guard let index = queue.firstIndex(where: { $0.kind == chosen.kind && $0.partition == chosen.partition }) else {
            return
        }
        let next = queue[index]
        if world.scenario.isExactlyOnce {
            if isVoid {
                queue.removeAll()
                return
            }
            do {
                if next.kind == 1 && world.isPlanted(.deadLetterOutside) {
                    cluster.append(next.entry, kind: next.kind, partition: next.partition)
                } else {
                    try cluster.append(
                        next.entry, kind: next.kind, partition: next.partition, producer: producer, epoch: epoch)
                }
            } catch .busy { return } catch {
                isVoid = true
                queue.removeAll()
                return
            }
            if next.kind == 2 { orderPosition = cluster.outputs[2][0].end }
        } else {
            cluster.append(next.entry, kind: next.kind, partition: next.partition)
            unacknowledged.append((next.token, next.kind == 2 ? cluster.outputs[2][0].end : nil))
        }
        queue.remove(at: index)
        _ = try? world.pass(instance, .deliver)
    }

    /// What the process had handed to its sockets may still arrive.
    func crash() {
        var left = world.pick(0...queue.count)
        while left > 0 && !queue.isEmpty {
            left -= 1
            let before = queue.count
            deliver()
            if queue.count == before { break }
        }
        queue.removeAll()
        unacknowledged.removeAll()
    }

    /// Brings out what is left, as a process does that ends by itself.
    func close() {
        if !world.scenario.isExactlyOnce { while !queue.isEmpty { deliver() } }
        queue.removeAll()
    }

    // MARK: - Transactions

    func initialize() throws {
        while true {
            try world.pass(instance, .begin)
            if world.isCoordinatorDown { continue }
            do {
                epoch = try cluster.initialize(producer)
                return
            } catch .busy { continue } catch {
                throw SimulatedFailure.fenced
            }
        }
    }

    func begin() throws {
        try world.pass(instance, .begin)
        isVoid = false
    }

    func commit(_ commit: OffsetCommit, membership: AnyObject?) throws -> TransactionOutcome {
        let outcome = try end(commit, membership: membership)
        if case .stale = outcome, world.isPlanted(.resendAfterRevoke) { try resend() }
        return outcome
    }

    private func end(_ commit: OffsetCommit, membership: AnyObject?) throws -> TransactionOutcome {
        while !queue.isEmpty && !isVoid {
            try world.pass(instance, .deliver)
            if !world.isSinkStuck { deliver() }
        }
        if instance.isDead { throw SimulatedFailure.crash }
        if isVoid { return .failed(reason: "the transaction is over") }
        if world.takeAbort() { return .failed(reason: "an abortable error") }
        if !commit.positions.isEmpty {
            guard try sendOffsets(commit, membership) else {
                world.note("stale")
                return .stale(reason: "another generation")
            }
            if isVoid { return .failed(reason: "the transaction is over") }
        }
        while true {
            try world.pass(instance, .endTransaction)
            if world.isCoordinatorDown || world.takeLostRequest() { continue }
            do { try cluster.end(producer, epoch: epoch, .committed) } catch { throw fenced() }
            if world.takeLostAnswer() { continue }
            break
        }
        try world.pass(instance, .ended)
        return .committed
    }

    /// False: the group does not know the membership.
    private func sendOffsets(_ commit: OffsetCommit, _ membership: AnyObject?) throws -> Bool {
        let offsets = commit.positions.map {
            (partition: $0.simulatedLane, offset: world.plant(.commit, $0.offset), note: commit.note)
        }
        while true {
            try world.pass(instance, .offsets)
            if world.isCoordinatorDown { continue }
            if !world.isPlanted(.epochNotChecked) {
                guard let membership = membership as? SimulatedGroup.Membership, cluster.group.accepts(membership)
                else {
                    return false
                }
            }
            do {
                try cluster.addOffsets(offsets, producer: producer, epoch: epoch)
                return true
            } catch .busy { continue } catch {
                isVoid = true
                return true
            }
        }
    }

    private func fenced() -> SimulatedFailure {
        world.note("fenced")
        return .fenced
    }

    func abort() throws {
        queue.removeAll()
        world.note("abort")
        while true {
            try world.pass(instance, .endTransaction)
            if world.isCoordinatorDown { continue }
            if epoch != producer.epoch {
                // A coordinator that gave up on us lets us go on with a new epoch; another instance does not.
                if producer.timedOutEpoch != epoch { throw fenced() }
                try initialize()
            } else {
                do { try cluster.end(producer, epoch: epoch, .aborted) } catch { throw fenced() }
            }
            break
        }
        isVoid = false
        try world.pass(instance, .ended)
    }

    /// The planted bug: outputs of an assignment that is over are sent again.
    private func resend() throws {
        guard let open = producer.open else { return }
        let entries = cluster.outputs.enumerated().flatMap { kind, partitions in
            partitions.enumerated().flatMap { partition, log in
                log.entries.filter { $0.transaction === open }.map { (kind, partition, $0) }
            }
        }
        for (kind, partition, entry) in entries where kind != 2 {
            var entry = entry
            entry.transaction = nil
            cluster.append(entry, kind: kind, partition: partition)
        }
    }
}

extension EventPlace {
    /// From `topic/partition/offset`.
    init?(_ text: String) {
        let parts = text.split(separator: "/")
        guard parts.count == 3, let partition = Int(parts[1]), let offset = Int64(parts[2]) else { return nil }
        self.init(partition: Scenario.lane(topic: parts[0], partition: partition), offset: offset)
    }
}

/// Reads the recorded order of committed transactions, up to the end of the log as it was when it was opened.
final class SimulatedOrder: OrderPort {
    private unowned let instance: SimulatedInstance
    private let world: SimulatedWorld
    private var cursor: Int64 = 0
    private var end: Int64 = 0

    init(_ instance: SimulatedInstance, _ world: SimulatedWorld) {
        self.instance = instance
        self.world = world
    }

    func open(from offset: Int64) throws -> Range<Int64> {
        try world.pass(instance, .order)
        world.willReadOrder(instance)
        let log = world.cluster.outputs[2][0]
        cursor = max(offset, log.start)
        end = max(cursor, log.end)
        return cursor..<end
    }

    func next() throws -> (offset: Int64, value: [UInt8])? {
        while cursor < end {
            try world.pass(instance, .order)
            // A transaction that is not ended yet is waited for.
            let log = world.cluster.outputs[2][0]
            if cursor >= log.stableEnd { continue }
            cursor += 1
            if let entry = log.committedRecord(cursor - 1) { return (cursor - 1, entry.value ?? []) }
        }
        return nil
    }
}

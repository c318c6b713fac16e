import Events

/// The records of a trial as topics of one partition each, and a group's offsets in them: what outlives an engine.
///
/// A record is there for an engine only once it was revealed; when it has nothing left to do, it is told what comes
/// next.
// SAFETY: an engine that sends on its own thread calls everything on the thread of `TrialRun.run`.
final class TrialSource: SourcePort, @unchecked Sendable {
    private struct Topic {
        let name: String
        var records: [TrialRecord] = []
        /// By offset, the record's place among all of the trial.
        var numbers: [Int] = []
        /// How many of them are there for an engine.
        var revealed = 0
        var committed: Int64?
    }

    private var topics: [Topic]
    private var blocks: [UnsafeMutableRawPointer] = []
    private var places: [[UnsafeMutableRawPointer]]
    private var positions: [Int64] = []
    private var note = ""
    private var epoch: UInt64 = 0
    private var isAssigned = false
    /// Called on the engine's thread when all that is there has been dealt with.
    var onIdle: () -> Void = {}
    /// Called when an engine has decided where it begins.
    var onAssign: () -> Void = {}

    init(_ plan: ScoringPlan, _ steps: [TrialStep]) {
        topics = plan.sources.map { Topic(name: $0.topic) }
        places = plan.sources.map { _ in [] }
        var number = 0
        for case .records(let records) in steps {
            for record in records {
                topics[record.source].records.append(record)
                topics[record.source].numbers.append(number)
                places[record.source].append(keep(record.value))
                number += 1
            }
        }
    }

    deinit {
        for block in blocks { block.deallocate() }
    }

    private func keep(_ bytes: [UInt8]) -> UnsafeMutableRawPointer {
        let block = UnsafeMutableRawPointer.allocate(byteCount: max(1, bytes.count), alignment: 1)
        bytes.withUnsafeBytes { if let start = $0.baseAddress { block.copyMemory(from: start, byteCount: $0.count) } }
        blocks.append(block)
        return block
    }

    // MARK: - For the run

    /// Makes records available, which come next in their topics.
    func reveal(_ records: [TrialRecord]) {
        for record in records { topics[record.source].revealed += 1 }
    }

    /// The place of a record among all of the trial.
    func number(lane: Int, offset: Int64) -> Int { topics[lane].numbers[Int(offset)] }

    /// The next engine is given the partitions anew.
    func restart() { isAssigned = false }

    // MARK: - SourcePort

    func poll(_ observer: any SourceObserver) throws {
        if isAssigned { return }
        isAssigned = true
        epoch += 1
        let lanes = topics.map { topic in
            AssignedLane(
                topic: topic.name, partition: 0, committed: topic.committed, note: note, low: 0,
                high: Int64(topic.revealed), begin: 0, scoresFrom: 0)
        }
        // As with a cluster, a group that begins commits its start: a restart finds an offset everywhere.
        for index in topics.indices where topics[index].committed == nil { topics[index].committed = 0 }
        positions = observer.sourceDidAssign(epoch: epoch, lanes: lanes).map(\.offset)
        onAssign()
    }

    func take(
        _ lane: LaneIndex, bytesMax: Int, into buffer: UnsafeMutableBufferPointer<RecordReference>
    ) throws -> Taken {
        let topic = topics[lane.rawValue]
        var position = Int(positions[lane.rawValue])
        var count = 0
        while position < topic.revealed && count < buffer.count {
            let record = topic.records[position]
            buffer.initializeElement(
                at: count,
                to: RecordReference(
                    key: nil, keyCount: 0, value: UnsafeRawPointer(places[lane.rawValue][position]),
                    valueCount: record.value.count, offset: Int64(position), timestamp: record.timestamp, handle: nil))
            position += 1
            count += 1
        }
        positions[lane.rawValue] = Int64(position)
        return Taken(count: count, position: Int64(position))
    }

    func isAtEnd(_ lane: LaneIndex) -> Bool { positions[lane.rawValue] >= Int64(topics[lane.rawValue].revealed) }

    func wait(milliseconds: Int) { onIdle() }

    func commit(_ commit: OffsetCommit, isFinal: Bool) -> CommitOutcome {
        for position in commit.positions { topics[position.lane.rawValue].committed = position.offset }
        note = commit.note
        return .accepted
    }

    func offsets(notBefore recordTime: Int64) throws -> [Int64] {
        topics.map { topic in
            // A record without a time may be of any.
            let first = topic.records[..<topic.revealed].firstIndex {
                $0.timestamp == .min || $0.timestamp >= recordTime
            }
            return Int64(first ?? topic.revealed)
        }
    }

    var membership: AnyObject? { nil }

    // What is lent lives as long as the trial, and nothing is ever waited for.
    func release(_ records: UnsafeMutableBufferPointer<RecordReference>) {}
    func wake() {}
    func keepAlive() throws {}

    func header(_ name: StaticString, of record: RecordReference) -> UnsafeRawBufferPointer? { nil }
    func forEachHeader(
        of record: RecordReference, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer?) -> Void
    ) {}
}

import Engine
import Testing
import Workers

/// An engine with its ports over a log in memory, to be scripted and run.
struct StreamRun {
    let engine: StreamEngine
    let source: MemorySource
    let sink: MemorySink
    let clock: ManualClock
    let pool: WorkerPool
    let log: MemoryLog

    /// On one thread with a clock of its own, up to the end of the log, unless `configure` says otherwise.
    init(
        _ plan: ScoringPlan, _ log: MemoryLog, workers: Int = 1,
        inlineRowsMax: Int = ScoringPipeline.inlineRowsMaxDefault,
        isThreaded: Bool = false, order: MemoryOrder? = nil, snapshots: SnapshotStore? = nil,
        inFlight: InFlightRecord? = nil, models: ModelSlot? = nil, questions: QuestionQueue? = nil,
        transactions: (any TransactionPort)? = nil, configure: (inout StreamSettings) -> Void = { _ in }
    ) {
        var settings = StreamSettings()
        settings.batchRowsMax = 64
        settings.commitEveryMilliseconds = 5
        settings.drainMilliseconds = 2_000
        settings.sendsInline = !isThreaded
        let ends = log.partitions.map { Int64($0.count) }
        settings.endOffsets = { _, partition in ends[Int(partition)] }
        configure(&settings)
        let clock = ManualClock()
        self.clock = clock
        self.log = log
        source = MemorySource(log, clock: isThreaded ? nil : clock)
        sink = MemorySink(clock: isThreaded ? nil : clock)
        sink.transactions = transactions
        pool = WorkerPool(workerCount: workers)
        engine = StreamEngine(
            plan: plan, settings: settings, source: source, sink: sink, pool: pool, order: order,
            snapshots: snapshots, inFlight: inFlight, models: models, questions: questions,
            clock: isThreaded ? MonotonicClock() : clock, inlineRowsMax: inlineRowsMax)
    }

    func run() throws -> StreamSummary {
        defer { pool.shutDown() }
        return try engine.run()
    }

    /// Every record that was lent was given back, once.
    func expectAllReleased(_ context: String, at location: SourceLocation = #_sourceLocation) {
        let loans = source.loanCounts
        #expect(loans.open == 0, "\(context): records kept", sourceLocation: location)
        #expect(loans.strays == 0, "\(context): records given back twice", sourceLocation: location)
    }

    /// Checks at each commit that nothing below it still waits for an acknowledgement; `silent` events produce nothing.
    func checkCommits(silent: Set<String> = [], _ context: String) {
        let (log, sink) = (log, sink)
        source.onCommit = { [unowned source] positions in
            let acknowledged = Set(sink.outputs.lazy.filter(\.isAcknowledged).map(\.origin))
            for position in positions {
                let partition = source.lanePartitions[position.lane.rawValue]
                #expect(position.offset > log.committed[partition], "\(context): a commit goes back")
                for offset in Int(log.committed[partition])..<Int(position.offset)
                where log.partitions[partition][offset].record != nil {
                    let origin = "\(log.topic)/\(partition)/\(offset)"
                    if !acknowledged.contains(origin) && !silent.contains(origin) {
                        Issue.record("\(context): commit \(position.offset) passes \(origin)")
                    }
                }
            }
        }
    }
}

extension StreamSummary {
    /// What the books say of all partitions together.
    var isBalanced: Bool { consumed == scored + absorbed + deadLettered + lateDropped + muted + released }
}

import Engine
import Events

/// Takes batches from the engine and makes rows and measures of them.
// SAFETY: everything runs on the thread that runs the engine, which is the one that made it.
final class TopicReplayJournal: StreamObserver, @unchecked Sendable {
    private let rows: ReplayStreamRows
    private let sink: (any ByteSink)?
    private let metrics: ReplayMetrics?
    private let comparison: ScoreComparison?
    private let source: TopicReplaySource
    private let lanes: [AssignedLane]
    private unowned let engine: StreamEngine
    weak var observer: (any TopicReplayObserver)?
    private var faultsShown = 0
    /// Why rows could not be written; the engine is stopped then.
    private(set) var failure: (any Error)?

    init(
        rows: ReplayStreamRows, sink: (any ByteSink)?, metrics: ReplayMetrics?, comparison: ScoreComparison?,
        source: TopicReplaySource, lanes: [AssignedLane], engine: StreamEngine
    ) {
        self.rows = rows
        self.sink = sink
        self.metrics = metrics
        self.comparison = comparison
        self.source = source
        self.lanes = lanes
        self.engine = engine
    }

    func didScore(_ context: BatchContext, plan: ScoringPlan) {
        if failure != nil { return }
        do {
            try rows.add(context, to: sink) { lane, offset, fault in
                show(fault, lane: lanes[lane], offset: offset, plan: plan)
            }
        } catch {
            failure = error
            engine.requestStop()
            return
        }
        metrics?.add(context)
        comparison?.add(context, plan: plan)
        observer?.replayDidAdvance(
            ReplayProgress(summary: rows.summary, inputRead: source.offsetsRead, inputTotal: source.offsetsTotal))
    }

    private func show(_ fault: Fault, lane: AssignedLane, offset: Int64, plan: ScoringPlan) {
        if faultsShown == ReplayService.faultsShownMax { return }
        faultsShown += 1
        observer?.replayDidFind(
            origin: "\(lane.topic)/\(lane.partition)/\(offset)", code: fault.code.name,
            message: fault.message(schema: plan.schema))
    }
}

public import Engine
import Events

/// `riffle monitor --input`: scores from files, without Kafka.
///
/// Each file is a lane; the one that is farthest behind in event time is read next.
public final class FileMonitoring {
    /// What was read and told.
    public struct Summary: Hashable, Sendable {
        public var rows = 0
        public var lateRows = 0
        public var foreignRows = 0
        public var faultyRows = 0
        /// What is wrong with the first of a file's, for each file that has any.
        public var firstFaults: [String] = []
        public var fired = 0
        public var resolved = 0
        /// What became of labels; `nil`: none were read.
        public var labels: LabelJoinCounts?
        /// Alerts that are open at the end.
        public var open: [String] = []
    }

    private let monitor: DriftMonitor
    private let readers: [any MonitorFileReader]
    private let batches: [EventBatch]
    private let plan: MonitorPlan
    private static let batchRows = 4_096

    /// What was read and told as a page; `nil`: `keepHistory` was not called. Call it after `run`.
    public var report: MonitorReport? { MonitorReport(monitor) }

    /// Keeps what a report is made of; call it before `run`.
    public func keepHistory() { monitor.keepHistory() }

    public typealias Input = (name: String, source: any ByteSource)

    /// - Parameters:
    ///   - rowID: the field that names an event in the rows of `riffle replay`, where labels are to be joined with them.
    ///   - labels: what the plan's source of labels holds; none: labels are not watched.
    ///   - deadLetters: as `riffle dead-letter list --format json` writes them; none: they are not watched.
    /// - Precondition: the plan has `labels` where there are files of them.
    public init(
        plan: MonitorPlan, inputs: [Input], rowID: ScoreRecordSchema.Field? = nil, labels: [Input] = [],
        deadLetters: [Input] = []
    ) throws {
        let scores = try inputs.map { input in
            try ScoreFileReader(
                input.source, name: input.name, features: plan.records.features, fields: plan.records.fields,
                rowID: rowID)
        }
        let columns = plan.labels?.columns
        precondition(labels.isEmpty || columns != nil, "labels of a plan that has none")
        let labelled = try labels.compactMap { input in
            try columns.map { try LabelFileReader(input.source, name: input.name, columns: $0) }
        }
        let refused = deadLetters.compactMap { input in
            plan.deadLetters.map { DeadLetterFileReader(input.source, name: input.name, columns: $0) }
        }
        readers = scores + labelled + refused
        batches =
            scores.map { EventBatch(schema: $0.schema, capacity: Self.batchRows) }
            + labelled.map { _ in plan.makeBatch(of: .labels, capacity: Self.batchRows) }
            + refused.map { _ in plan.makeBatch(of: .deadLetters, capacity: Self.batchRows) }
        self.plan = plan
        monitor = DriftMonitor(
            plan: plan,
            lanes: inputs.map { MonitorLane(topic: $0.name, partition: 0) }
                + labels.map { MonitorLane(topic: $0.name, partition: 0, role: .labels) }
                + (plan.deadLetters == nil ? [] : deadLetters).map {
                    MonitorLane(topic: $0.name, partition: 0, role: .deadLetters)
                })
    }

    /// Reads all and tells what has to be told.
    ///
    /// - Parameters:
    ///   - onRows: called with all rows so far, now and then.
    ///   - onWindow: called with each series of each window that has ended.
    ///   - onPerformance: called with what is known of each window's performance.
    public func run(
        onRows: (Int) -> Void = { _ in }, onWindow: ((WindowReport) throws -> Void)? = nil,
        onPerformance: (PerformanceRecord) throws -> Void = { _ in },
        tell: (DriftAlert) throws -> Void
    ) throws -> Summary {
        monitor.describesWindows = onWindow != nil
        var summary = Summary()
        var open = Array(readers.indices)
        while !open.isEmpty {
            guard let lane = open.min(by: { (monitor.watermark(lane: $0), $0) < (monitor.watermark(lane: $1), $1) })
            else { break }
            let batch = batches[lane]
            batch.removeAll()
            try readers[lane].fill(batch)
            if batch.count == 0 {
                monitor.raise(lane: lane, to: .max)
                open.removeAll { $0 == lane }
            } else {
                monitor.add(batch, lane: lane, position: batch.offsets[batch.count - 1] + 1)
            }
            try tellAll(open.isEmpty ? monitor.finish() : monitor.advance(), &summary, tell)
            if let onWindow { for report in monitor.takeWindowReports() { try onWindow(report) } }
            for record in monitor.takePerformance() { try onPerformance(record) }
            onRows(monitor.tally.rows)
        }
        let tally = monitor.tally
        summary.rows = tally.rows
        summary.lateRows = tally.lateRows
        summary.foreignRows = tally.foreignRows
        summary.faultyRows = tally.faultyRows
        summary.firstFaults = readers.compactMap(\.firstFault)
        summary.open = monitor.openAlerts
        summary.labels = monitor.labelCounts
        return summary
    }

    private func tellAll(
        _ alerts: [DriftAlert], _ summary: inout Summary, _ tell: (DriftAlert) throws -> Void
    ) throws {
        for alert in alerts {
            if alert.state == .firing { summary.fired += 1 }
            if alert.state == .resolved { summary.resolved += 1 }
            try tell(alert)
        }
    }
}

/// A file that is a lane.
protocol MonitorFileReader {
    var firstFault: String? { get }
    /// Fills an emptied batch; no row: the file has ended.
    func fill(_ batch: EventBatch) throws
}

extension ScoreFileReader: MonitorFileReader {}
extension LabelFileReader: MonitorFileReader {}
extension DeadLetterFileReader: MonitorFileReader {}

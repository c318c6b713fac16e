public import Engine
import Events
import Synchronization

/// `riffle monitor`: reads scores as they come and tells what moved, until it is stopped.
///
/// Alerts follow from the lanes' records and the recorded closings alone. So a restart, from whatever state is left, comes
/// to the same alerts with the same ids; those that are on the drift topic already are not sent again.
// SAFETY: `run` is called once, by one thread; others only ask for its end.
public final class MonitorLoop: @unchecked Sendable {
    public struct Settings: Sendable {
        /// Without a record for so long, a lane that is at its end holds nothing back.
        public var idleNanoseconds: Int64 = 30_000_000_000
        /// `nil`: time alone saves nothing.
        public var saveEveryNanoseconds: Int64? = 60_000_000_000
        public var saveEveryRows: Int?
        public var noteEveryNanoseconds: Int64 = 5_000_000_000
        /// How often `Notice.stands` comes; `nil`: never, since nobody looks.
        public var statusEveryNanoseconds: Int64?
        /// Lanes that are ahead wait while so many buckets are open.
        public var openBucketsMax = 64
        public var batchRows = 1_024
        /// `nil`: a page is made at the end and when it is asked for, and not before.
        public var reportEveryNanoseconds: Int64?
        /// Ends when all lanes are at their ends, and closes what is open.
        public var endsAtEnd = false

        public init() {}
    }

    /// What happened, to be logged.
    public enum Notice: Sendable {
        case restored(events: Int)
        case began
        case stateRefused(String)
        case stateNotSaved(String)
        case stateSaved
        case reportNotWritten(String)
        case closed(LaneClosing)
        case told(DriftAlert)
        /// Sent by an earlier run.
        case toldBefore(DriftAlert)
        /// What a window's performance was; not what an earlier run told.
        case measured(PerformanceRecord)
        /// Every so often, before the first record and after the last.
        case stands(MonitorStatus)
    }

    private let monitor: DriftMonitor
    private let source: any MonitorSource
    private let sink: any MonitorSink
    private let store: (any MonitorStore)?
    private let settings: Settings
    private let clock: any EngineClock
    private let wall: any WallClock
    private let onReport: ((MonitorReport) throws -> Void)?
    private let onNotice: (Notice) -> Void
    private let isReportRequested = Atomic<Bool>(false)
    private let isStopRequested = Atomic<Bool>(false)
    /// By role.
    private let batches: [MonitorLane.Role: EventBatch]
    private var told: Set<String> = []
    private var isAtEnd: [Bool]
    private var lastRows: [Int64]
    private var readRecords: [UInt64]
    private var lastStatus: Int64 = 0
    private var lastSave: Int64 = 0
    private var lastNote: Int64 = 0
    private var lastReport: Int64 = 0
    private var savedRows = 0
    private static let waitMilliseconds = 100

    /// - Parameter onReport: writes a page of what was seen since `run` began; `nil`: nobody asks for one, and nothing is kept
    ///   for it.
    public init(
        monitor: DriftMonitor, source: any MonitorSource, sink: any MonitorSink, store: (any MonitorStore)?,
        settings: Settings, clock: any EngineClock, wall: any WallClock = SystemWallClock(),
        onReport: ((MonitorReport) throws -> Void)? = nil, onNotice: @escaping (Notice) -> Void
    ) {
        self.monitor = monitor
        self.source = source
        self.sink = sink
        self.store = store
        self.settings = settings
        self.clock = clock
        self.wall = wall
        self.onReport = onReport
        self.onNotice = onNotice
        batches = Dictionary(
            uniqueKeysWithValues: Set(monitor.lanes.map(\.role)).map { role in
                (role, monitor.plan.makeBatch(of: role, capacity: settings.batchRows))
            })
        isAtEnd = Array(repeating: false, count: monitor.lanes.count)
        lastRows = Array(repeating: 0, count: monitor.lanes.count)
        readRecords = Array(repeating: 0, count: monitor.lanes.count)
    }

    /// Ends `run` after its state is saved; from any thread.
    public func requestStop() { isStopRequested.store(true, ordering: .sequentiallyConsistent) }

    /// Has a page made soon; from any thread.
    public func requestReport() { isReportRequested.store(true, ordering: .sequentiallyConsistent) }

    private var isStopped: Bool { isStopRequested.load(ordering: .sequentiallyConsistent) }

    /// Takes up what an earlier run left. - Returns: whether there was a state.
    ///
    /// A state that cannot be used spoils the monitor: the caller makes a new one for the next older state.
    public func restore(_ state: [UInt8]) throws {
        try monitor.restore(state)
        savedRows = monitor.takenRows
        onNotice(.restored(events: monitor.eventCount))
    }

    /// Blocks. - Throws: what cannot be gone on from; what was told stays told.
    public func run() throws {
        told = try sink.publishedIDs()
        if let freshness = monitor.freshnessFingerprint {
            monitor.takeUpFreshness(try sink.openLimit(fingerprint: freshness))
        }
        monitor.follow(try sink.recordedClosings())
        try source.begin(at: monitor.lanes.indices.map { monitor.position(lane: $0) })
        let start = clock.nanoseconds
        (lastSave, lastNote, lastReport) = (start, start, start)
        if onReport != nil { monitor.keepHistory() }
        for lane in lastRows.indices { lastRows[lane] = start }
        showStatus()
        while !isStopped {
            let hasRows = try takeAll()
            try tell(monitor.advance())
            try closeIdle()
            try watchFreshness()
            if settings.endsAtEnd, !hasRows, isAtEnd.allSatisfy({ $0 }) {
                try tell(monitor.finish())
                break
            }
            try keep()
            if let every = settings.statusEveryNanoseconds, clock.nanoseconds - lastStatus >= every { showStatus() }
            if !hasRows { try source.wait(milliseconds: Self.waitMilliseconds) }
        }
        if !settings.endsAtEnd { save() }
        showStatus()
        writeReport()
        try source.note(positions: positions)
    }

    private var positions: [Int64] { monitor.lanes.indices.map { monitor.position(lane: $0) } }

    /// One batch of each lane that may be read.
    private func takeAll() throws -> Bool {
        var hasRows = false
        monitor.believe(recordTimesUntil: wall.microseconds)
        for lane in monitor.lanes.indices where !isStopped {
            if monitor.mustWait(lane: lane, openBucketsMax: settings.openBucketsMax) { continue }
            guard let batch = batches[monitor.lanes[lane].role] else { continue }
            batch.removeAll()
            let taken = try source.take(lane: lane, into: batch)
            isAtEnd[lane] = taken.isAtEnd
            if batch.count == 0, taken.position == monitor.position(lane: lane) { continue }
            if batch.count > 0 {
                hasRows = true
                lastRows[lane] = clock.nanoseconds
                readRecords[lane] &+= UInt64(batch.count)
            }
            monitor.add(batch, lane: lane, position: taken.position)
        }
        return hasRows
    }

    /// A look at history says nothing about now.
    private func watchFreshness() throws {
        if settings.endsAtEnd { return }
        try tell(
            monitor.judgeFreshness(
                at: wall.microseconds, isAllRead: monitor.scoreLanes.allSatisfy { isAtEnd[$0] }))
    }

    /// Raises lanes that have nothing to say to where the others are: lanes of scores to the others of these, all else to
    /// where the scores are.
    private func closeIdle() throws {
        let now = clock.nanoseconds
        func isIdle(_ lane: Int) -> Bool { isAtEnd[lane] && now - lastRows[lane] >= settings.idleNanoseconds }
        let idle = monitor.scoreLanes.filter(isIdle)
        let others = monitor.scoreLanes.filter { !idle.contains($0) }
        if let target = others.map({ monitor.watermark(lane: $0) }).min() { try close(idle, to: target) }
        let rest = monitor.lanes.indices.dropFirst(monitor.scoreLanes.count).filter(isIdle)
        try close(rest, to: monitor.scoreWatermark)
    }

    private func close(_ lanes: [Int], to target: Int64) throws {
        if lanes.isEmpty || target == .min { return }
        let width = monitor.plan.settings.bucketMicroseconds
        for lane in lanes where monitor.watermark(lane: lane) < target - target % width {
            let closing = LaneClosing(
                topic: monitor.lanes[lane].topic, partition: monitor.lanes[lane].partition,
                offset: monitor.position(lane: lane), watermark: target)
            try sink.record(closing)
            monitor.raise(lane: lane, to: target)
            onNotice(.closed(closing))
        }
        try tell(monitor.advance())
    }

    private func showStatus() {
        if settings.statusEveryNanoseconds == nil { return }
        lastStatus = clock.nanoseconds
        var status = MonitorStatus(monitor)
        status.lanes = monitor.lanes.enumerated().map { index, lane in
            MonitorStatus.Lane(
                lane: lane, records: readRecords[index], position: monitor.position(lane: index),
                end: source.end(lane: index))
        }
        onNotice(.stands(status))
    }

    private func tell(_ alerts: [DriftAlert]) throws {
        try tellPerformance()
        if alerts.isEmpty { return }
        let news = alerts.filter { !told.contains($0.id) }
        try sink.publish(news)
        for alert in alerts {
            onNotice(told.insert(alert.id).inserted ? .told(alert) : .toldBefore(alert))
        }
    }

    private func tellPerformance() throws {
        let news = monitor.takePerformance().filter { !told.contains($0.id) }
        if news.isEmpty { return }
        try sink.publish(news)
        for record in news {
            told.insert(record.id)
            onNotice(.measured(record))
        }
    }

    private func keep() throws {
        let now = clock.nanoseconds
        let isTime = settings.saveEveryNanoseconds.map { now - lastSave >= $0 } ?? false
        let isFull = settings.saveEveryRows.map { monitor.takenRows - savedRows >= $0 } ?? false
        if isTime || isFull { save() }
        let isReportDue = settings.reportEveryNanoseconds.map { now - lastReport >= $0 } ?? false
        if isReportRequested.exchange(false, ordering: .sequentiallyConsistent) || isReportDue { writeReport() }
        if now - lastNote >= settings.noteEveryNanoseconds {
            lastNote = now
            try source.note(positions: positions)
        }
    }

    /// A page that is not written costs nobody an alert.
    private func writeReport() {
        lastReport = clock.nanoseconds
        guard let onReport, let report = MonitorReport(monitor) else { return }
        do {
            try onReport(report)
        } catch {
            onNotice(.reportNotWritten("\(error)"))
        }
    }

    /// A state that is not saved costs the next start time, and nothing else.
    private func save() {
        lastSave = clock.nanoseconds
        guard let store, monitor.takenRows != savedRows else { return }
        do {
            try store.save(monitor.stateBytes())
            savedRows = monitor.takenRows
            onNotice(.stateSaved)
        } catch {
            onNotice(.stateNotSaved("\(error)"))
        }
    }
}

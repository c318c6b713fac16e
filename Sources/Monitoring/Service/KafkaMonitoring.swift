public import Configuration
import Engine
public import Kafka
public import Logging
import Synchronization

/// `riffle monitor` over Kafka: the sidecar of one pipeline.
// SAFETY: `run` is called once, by one thread; others reach the loop behind the mutex.
public final class KafkaMonitoring: @unchecked Sendable {
    public struct Options: Sendable {
        /// `nil`: nothing is kept, and a start reads the whole score topic.
        public var stateDirectory: String?
        public var untilEnd = false
        /// Between pages; `nil`: one is made at the end and when it is asked for.
        public var reportEveryMicroseconds: Int64?
        /// Without a state, begin where the score topic ends now, rather than with what it still holds: a log that drops its
        /// oldest records all the time would overtake the monitor.
        public var beginsAtEnd = false
        /// Where a pipeline says nothing else: properties for librdkafka.
        public var propertyDefaults: [String: String] = [:]
        /// Whether somebody wants to know how it stands (`MonitorLoop.Notice.stands`).
        public var showsStatus = false

        public init() {}
    }

    private let plan: MonitorPlan
    private let pipeline: PipelineSpec
    private let spec: MonitorSpec
    private let brokers: String
    private let properties: KafkaProperties
    private let options: Options
    private let logger: Logger
    private let onReport: ((MonitorReport) throws -> Void)?
    private let observer: (MonitorLoop.Notice) -> Void
    private let loop = Mutex<MonitorLoop?>(nil)
    private let isStopRequested = Atomic<Bool>(false)
    private static let answerMilliseconds = 30_000

    /// - Parameters:
    ///   - observer: hears what happens, on the monitor's thread.
    ///   - onReport: writes a page, on the monitor's thread; `nil`: none is asked for.
    public init(
        plan: MonitorPlan, pipeline: PipelineSpec, brokers: String, properties: KafkaProperties, options: Options,
        logger: Logger, observer: @escaping (MonitorLoop.Notice) -> Void = { _ in },
        onReport: ((MonitorReport) throws -> Void)? = nil
    ) throws(MonitorFailure) {
        guard let spec = pipeline.monitor else {
            throw MonitorFailure("the pipeline has no \"monitor\" section: add one, with a topic and a reference")
        }
        self.plan = plan
        self.pipeline = pipeline
        self.spec = spec
        self.brokers = brokers
        self.properties = properties.withDefaults(options.propertyDefaults)
        self.options = options
        self.logger = logger
        self.onReport = onReport
        self.observer = observer
    }

    /// Ends `run` after its state is saved; from any thread.
    public func requestStop() {
        isStopRequested.store(true, ordering: .sequentiallyConsistent)
        loop.withLock { $0 }?.requestStop()
    }

    /// Has a page made soon, where `onReport` was given; from any thread.
    public func requestReport() { loop.withLock { $0 }?.requestReport() }

    /// Blocks. - Throws: what cannot be gone on from.
    public func run() throws {
        let admin = try KafkaAdmin(brokers: brokers, properties: properties, onLog: onLog)
        let lanes = try prepareTopics(admin)
        let sink = try KafkaMonitorSink(
            brokers: brokers, group: group, properties: properties, pipeline: plan.pipeline, alerts: spec.topic.value,
            closings: spec.closingsTopic, performance: spec.labels?.topic,
            onFailure: { [logger] in Self.warn($0, logger) }, onLog: onLog)
        let consumer = try KafkaConsumer(brokers: brokers, group: group, properties: properties, onLog: onLog)
        let source = KafkaMonitorSource(consumer: consumer, lanes: lanes, plan: plan) { [logger] in
            Self.warn($0, logger)
        }
        let store = options.stateDirectory.map {
            FileMonitorStore(directory: $0, name: pipeline.name.value, keep: pipeline.state.keep)
        }
        let cluster = store == nil ? "" : try admin.clusterID(milliseconds: Self.answerMilliseconds)
        let loop = try makeLoop(lanes, cluster, admin, source, sink, store)
        self.loop.withLock { $0 = loop }
        if isStopRequested.load(ordering: .sequentiallyConsistent) { loop.requestStop() }
        defer { self.loop.withLock { $0 = nil } }
        try loop.run()
    }

    private static func warn(_ failure: KafkaFailure, _ logger: Logger) {
        logger.warning("kafka", metadata: ["reason": "\(failure)"])
    }

    /// Its place is shown under a name of its own.
    private var group: String { "\(pipeline.kafka.group)-monitor" }

    private var onLog: KafkaLogSink {
        { [logger] entry in
            // What is said of connections comes as an error, too.
            let level: Logger.Level =
                entry.facility == "FAIL" ? .info : entry.level <= 4 ? .warning : entry.level <= 6 ? .info : .debug
            logger.log(level: level, "librdkafka \(entry.facility)", metadata: ["reason": "\(entry.message)"])
        }
    }

    /// The score topic has to be there; the monitor's own are made.
    private func prepareTopics(_ admin: KafkaAdmin) throws -> [MonitorLane] {
        let scores = pipeline.output.topic.value
        guard let metadata = try admin.metadata(of: scores, milliseconds: Self.answerMilliseconds) else {
            throw MonitorFailure(
                "topic \"\(scores)\" does not exist on \(brokers): start `riffle run` first, which makes it, or create it"
            )
        }
        for topic in [spec.topic.value, spec.closingsTopic, spec.labels?.topic].compactMap({ $0 })
        where try admin.metadata(of: topic, milliseconds: Self.answerMilliseconds) == nil {
            try admin.createTopic(topic, partitions: 1, milliseconds: Self.answerMilliseconds)
            logger.notice("topic created", metadata: ["topic": "\(topic)", "partitions": "1"])
        }
        return metadata.partitions.map { MonitorLane(topic: scores, partition: $0.id) }
            + (try labelLanes(admin)) + (try deadLetterLanes(admin))
    }

    private func deadLetterLanes(_ admin: KafkaAdmin) throws -> [MonitorLane] {
        guard plan.deadLetters != nil else { return [] }
        return try lanes(
            admin, .deadLetters, of: pipeline.deadLetter.topic.value,
            missing:
                "of dead letters does not exist on \(brokers): start `riffle run` first, which makes it, or create it")
    }

    private func labelLanes(_ admin: KafkaAdmin) throws -> [MonitorLane] {
        guard let labels = spec.labels, plan.labels != nil else { return [] }
        return try lanes(
            admin, .labels, of: pipeline.sources[labels.source].topic.value,
            missing: "of labels does not exist on \(brokers): create it, or take \"labels\" out of \"monitor\"")
    }

    /// - Parameter missing: what to say of a topic that is not there.
    private func lanes(
        _ admin: KafkaAdmin, _ role: MonitorLane.Role, of topic: String, missing: String
    ) throws -> [MonitorLane] {
        guard let metadata = try admin.metadata(of: topic, milliseconds: Self.answerMilliseconds) else {
            throw MonitorFailure("topic \"\(topic)\" \(missing)")
        }
        return metadata.partitions.map { MonitorLane(topic: topic, partition: $0.id, role: role) }
    }

    /// A loop that goes on from the newest state that can be used.
    private func makeLoop(
        _ lanes: [MonitorLane], _ cluster: String, _ admin: KafkaAdmin, _ source: KafkaMonitorSource,
        _ sink: KafkaMonitorSink, _ store: FileMonitorStore?
    ) throws -> MonitorLoop {
        let states = try store?.states() ?? []
        for state in states {
            let (loop, monitor) = makeLoop(lanes, cluster, source, sink, store)
            do {
                try loop.restore(state)
                try begin(monitor, admin, hasState: true)
                return loop
            } catch let failure as KafkaFailure {
                throw failure
            } catch {
                notice(.stateRefused("\(error)"))
            }
        }
        let (loop, monitor) = makeLoop(lanes, cluster, source, sink, store)
        try begin(monitor, admin, hasState: false)
        notice(.began)
        return loop
    }

    private func makeLoop(
        _ lanes: [MonitorLane], _ cluster: String, _ source: KafkaMonitorSource, _ sink: KafkaMonitorSink,
        _ store: FileMonitorStore?
    ) -> (MonitorLoop, DriftMonitor) {
        var settings = MonitorLoop.Settings()
        settings.idleNanoseconds = spec.idleAfterMicroseconds * 1_000
        settings.endsAtEnd = options.untilEnd
        settings.statusEveryNanoseconds = options.showsStatus ? 1_000_000_000 : nil
        settings.reportEveryNanoseconds = options.reportEveryMicroseconds.map { $0 * 1_000 }
        settings.saveEveryNanoseconds = pipeline.state.snapshotEvery.microseconds.map { $0 * 1_000 }
        settings.saveEveryRows = pipeline.state.snapshotEvery.events.map { Int($0) }
        let monitor = DriftMonitor(plan: plan, lanes: lanes, cluster: cluster)
        let loop = MonitorLoop(
            monitor: monitor, source: source, sink: sink, store: store, settings: settings, clock: MonotonicClock(),
            onReport: onReport
        ) { [self] in notice($0) }
        return (loop, monitor)
    }

    /// Lanes that no state tells of begin at the first record that the log holds; those that it tells of must be there.
    private func begin(_ monitor: DriftMonitor, _ admin: KafkaAdmin, hasState: Bool) throws {
        for (index, lane) in monitor.lanes.enumerated() {
            let marks = try admin.watermarks(
                topic: lane.topic, partition: lane.partition, milliseconds: Self.answerMilliseconds)
            let position = monitor.position(lane: index)
            if position == 0 {
                monitor.begin(lane: index, at: options.beginsAtEnd ? marks.high : marks.low)
            } else if position > marks.high || position < marks.low {
                throw MonitorFailure(
                    "partition \(lane.partition) of topic \"\(lane.topic)\" holds \(marks.low) to \(marks.high), and the state goes on "
                        + "at \(position): it is another log, or retention has overtaken the monitor")
            }
        }
    }

    private func notice(_ notice: MonitorLoop.Notice) {
        switch notice {
        case .began: logger.notice("no state: the scores are read from the beginning of the topic")
        case .restored(let events): logger.notice("state restored", metadata: ["events": "\(events)"])
        case .stateRefused(let reason): logger.warning("a state is not used", metadata: ["reason": "\(reason)"])
        case .stateNotSaved(let reason):
            logger.error("the state could not be saved", metadata: ["reason": "\(reason)"])
        case .stateSaved, .stands: break
        case .reportNotWritten(let reason):
            logger.error("the report could not be written", metadata: ["reason": "\(reason)"])
        case .closed(let closing):
            logger.info(
                "a partition without new scores is not waited for",
                metadata: ["topic": "\(closing.topic)", "partition": "\(closing.partition)"])
        case .told(let alert):
            logger.notice(
                "alert \(alert.state.rawValue)",
                metadata: ["series": "\(alert.subject)", "severity": "\(alert.severity)", "id": "\(alert.id)"])
        case .toldBefore(let alert):
            logger.info("alert was sent before", metadata: ["series": "\(alert.subject)", "id": "\(alert.id)"])
        case .measured(let record):
            logger.info(
                record.isMeasured ? "performance" : "performance without labels, an estimate",
                metadata: ["window": "\(String(decoding: record.data, as: UTF8.self))", "id": "\(record.id)"])
        }
        observer(notice)
    }
}

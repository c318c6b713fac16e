import Configuration
import Drift
import Engine
import Events
import Foundation
import Generation
import Logging
import Monitoring
import Scoring
import Synchronization

/// The monitor of a demonstration: what `riffle baseline` and `riffle monitor` do, in the demonstration's process.
///
/// Its reference is of the demonstration's own history, scored by replay: another seed has other customers, whom a
/// reference made elsewhere would not know.
// SAFETY: what changes is behind mutexes; `prepare` and `watch` are called one after the other.
final class DemoMonitor: DemonstrationCompanion, @unchecked Sendable {
    private let assembly: PipelineAssembly
    private let spec: MonitorSpec
    private let logger: Logger
    /// Shows the reference beside the scores; `nil`: nobody looks.
    private let figures: LiveFigures?
    private let current = Mutex(DriftStatus())
    private let board = Mutex(AlertBoard())
    private let plan = Mutex<MonitorPlan?>(nil)
    private let running = Mutex<KafkaMonitoring?>(nil)
    private let generating = Mutex<GenerateService?>(nil)
    private let isStopRequested = Atomic<Bool>(false)

    /// `nil`: the pipeline has no "monitor" section.
    init?(_ assembly: PipelineAssembly, logger: Logger, figures: LiveFigures? = nil) {
        guard let spec = assembly.spec.monitor else { return nil }
        self.assembly = assembly
        self.spec = spec
        self.logger = logger
        self.figures = figures
    }

    var status: DriftStatus { current.withLock { $0 } }

    func prepare(_ history: CardTransactionOptions, from firstDay: Int) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "riffle-demo-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(at: folder) }
        let start = EventTime(
            microseconds: history.firstDay.microseconds + Int64(firstDay) * 86_400_000_000)
        let scores = folder.appending(path: "scores.csv").path
        do {
            try replay(history, in: folder, from: start, to: scores)
        } catch {
            // Half a history need not be one.
            if !isStopRequested.load(ordering: .relaxed) { throw error }
        }
        if isStopRequested.load(ordering: .relaxed) { return }
        let source = try FileByteSource(path: scores)
        let settings = BaselineSettings(assembly.plan, spec)
        let baseline = Baseline(settings)
        try baseline.read(
            ScoreFileReader(
                source, name: "the history", features: settings.records.features, fields: settings.records.fields))
        let reference = folder.appending(path: "reference.json")
        try baseline.finish().reference.encoded().write(to: reference)
        let made = try MonitorPlan(assembly.plan, referencePath: reference.path)
        plan.withLock { $0 = made }
        if let figures, let scores = made.reference.series["score"], scores.categories == nil {
            figures.show(reference: figures.bins.shares(of: scores))
        }
        current.withLock {
            $0 = DriftStatus(
                phase: .watching, seriesCount: made.seriesNames.count, eventsPerFalseAlarm: made.settings.runLength)
        }
    }

    /// The history's scores, as `riffle generate` and `riffle replay` make them.
    private func replay(
        _ history: CardTransactionOptions, in folder: URL, from start: EventTime, to scores: String
    ) throws {
        let hasLabels = GeneratedFields.hasLabelSource(assembly)
        let events = folder.appending(path: "events.csv").path
        let labels = folder.appending(path: "labels.csv").path
        var options = GenerateOptions()
        options.transactions = history
        let generator = GenerateService(options)
        generating.withLock { $0 = generator }
        if isStopRequested.load(ordering: .relaxed) { return }
        _ = try generator.write(to: events, labels: hasLabels ? labels : nil)
        let names = assembly.scoring.sources.map(\.name)
        var replay = ReplayOptions(
            inputs: zip(names, [events, labels]).map { "\($0)=\($1)" }, output: scores, workers: 1)
        replay.rows.from = start
        replay.isWanted = { [self] in !isStopRequested.load(ordering: .relaxed) }
        let service = try ReplayService(plan: assembly.scoring, options: replay)
        _ = try service.run()
    }

    func watch(brokers: String) throws {
        guard let plan = plan.withLock({ $0 }), !isStopRequested.load(ordering: .relaxed) else { return }
        var options = KafkaMonitoring.Options()
        // The mock cluster searches its log from the beginning for each fetch: seldom is often enough for a sidecar.
        options.propertyDefaults = ["fetch.wait.max.ms": "200"]
        options.beginsAtEnd = true
        let service = try KafkaMonitoring(
            plan: plan, pipeline: assembly.spec, brokers: brokers, properties: assembly.properties, options: options,
            logger: logger
        ) { [self] notice in
            if case .told(let alert) = notice { note(alert) }
        }
        running.withLock { $0 = service }
        if isStopRequested.load(ordering: .relaxed) { return }
        try service.run()
    }

    func requestStop() {
        isStopRequested.store(true, ordering: .relaxed)
        generating.withLock { $0 }?.requestStop()
        running.withLock { $0 }?.requestStop()
    }

    // MARK: - Alerts

    private func note(_ alert: DriftAlert) {
        let known = board.withLock { board in
            board.note(alert.data, pipeline: assembly.scoring.pipeline)
            return board.alerts
        }
        current.withLock { status in
            status.alerts = known.map {
                DemonstrationAlert(series: $0.series, text: $0.text, since: $0.since, until: $0.until)
            }
        }
    }
}

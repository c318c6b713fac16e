import ArgumentParser
import Configuration
import Console
import Engine
import Foundation
import Monitoring
import Scoring

/// `riffle monitor`: watches a pipeline's scores for drift.
struct MonitorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "monitor", abstract: "Watch a pipeline's scores, and tell what has moved.",
        discussion: """
            Reads the pipeline's output topic beside `riffle run`, holds it against the reference that `riffle \
            baseline` made, and publishes alerts to the topic of the "monitor" section: CloudEvents, see \
            schemas/alert.v1.schema.json. SIGTERM and SIGINT end it in order. A restart comes to the same alerts with \
            the same ids, and sends none twice.

            With --input scores come from files (as the output topic holds them, or as `riffle replay` writes rows) \
            and alerts go to --output, a line each; no Kafka is needed. With --calibrate the alerts that your own past \
            would have raised are counted against the budget: of a time in which nothing was wrong, other than the \
            reference's.

            --report writes a page for a browser of what the monitor has seen since it began: over Kafka at its end, \
            at each SIGHUP, and with --report-every from time to time. --until-end --no-state makes one of the whole \
            topic.

            Examples:
              riffle monitor pipelines/card-fraud/pipeline.yaml
              riffle monitor pipeline.yaml --input scores.ndjson.gz --output alerts.ndjson
              riffle monitor pipeline.yaml --input scores.ndjson.gz \\
                --labels labels.csv.gz --output alerts.ndjson --report report.html
              riffle monitor pipeline.yaml --until-end --no-state --report report.html
              riffle monitor pipeline.yaml --calibrate last-year.csv.gz

            Exit codes: 0 stopped in order (whatever was found), 1 failed, 2 usage or configuration.
            """)

    @Argument(help: "The pipeline file.")
    var pipeline: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Scores from a file instead of Kafka, also .gz; - is standard input; may be given again.",
            valueName: "file|-"))
    var input: [String] = []

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "With --input: where alerts go, one JSON object a line; - is standard output.", valueName: "file|-"))
    var output = "-"

    @Option(
        help: ArgumentHelp(
            "With --input: where every window of every series is described, a line each.", valueName: "file"))
    var windows: String?

    @Option(
        help: ArgumentHelp(
            "With --input: what events were, .ndjson or .csv, also .gz; may be given again.", valueName: "file"))
    var labels: [String] = []

    @Option(
        help: ArgumentHelp(
            "With --input: dead letters, as `riffle dead-letter list --format json` writes them; may be given again.",
            valueName: "file"))
    var deadLetters: [String] = []

    @Option(
        help: ArgumentHelp(
            "With --input: the performance of each window, measured with labels or estimated, a line each.",
            valueName: "file"))
    var performance: String?

    @Option(
        help: ArgumentHelp(
            "A page for a browser: distributions, evidence, alerts and performance, in one file.", valueName: "file"))
    var report: String?

    @Option(
        help: ArgumentHelp(
            "Over Kafka: write the report anew so often, such as 10m; without it at the end, and at each SIGHUP.",
            valueName: "duration"))
    var reportEvery: CommandDuration?

    @Option(
        help: ArgumentHelp(
            "Count the alerts that scores of a quiet time would have raised; may be given again.", valueName: "file|-"))
    var calibrate: [String] = []

    @Option(help: ArgumentHelp("A reference to use instead of the pipeline's.", valueName: "file"))
    var reference: String?

    @OptionGroup var options: ServiceOptions
    @OptionGroup var exposition: ExpositionOptions

    func validate() throws {
        if !input.isEmpty && !calibrate.isEmpty {
            throw ValidationError("--input and --calibrate exclude each other")
        }
        let readsFiles = !input.isEmpty || !calibrate.isEmpty
        if readsFiles && options.areOfKafka {
            throw ValidationError("--brokers, --for, --until-end, --state and --no-state are of Kafka, not of files")
        }
        if readsFiles && exposition.isWanted {
            throw ValidationError("--http and --metrics-file are of Kafka: of files there is a summary")
        }
        if input.isEmpty && (output != "-" || windows != nil || performance != nil) {
            throw ValidationError("--output, --windows and --performance need --input")
        }
        if report != nil && !calibrate.isEmpty { throw ValidationError("--report and --calibrate exclude each other") }
        if reportEvery != nil && (report == nil || readsFiles) {
            throw ValidationError("--report-every is for --report over Kafka")
        }
        if !readsFiles && !deadLetters.isEmpty {
            throw ValidationError("--dead-letters is for files: over Kafka dead letters come from their topic")
        }
        if !readsFiles && !labels.isEmpty {
            throw ValidationError("--labels is for files: over Kafka labels come from their topic")
        }
    }

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        let assembly = try PipelineLoading.load(pipeline)
        let plan: MonitorPlan
        do {
            plan = try MonitorPlan(assembly.plan, referencePath: reference)
        } catch {
            Terminal.printFailure("riffle monitor", error)
            throw ExitCode(2)
        }
        if !input.isEmpty, let keys = assembly.spec.monitor?.keysOfTopics, !keys.isEmpty {
            Terminal.printError(
                "not asked of files, which do not say when scores were written: "
                    + keys.map { "monitor.\($0)" }.joined(separator: ", "))
        }
        // Of files, dead letters are watched where they are given, which is asked for below.
        let unwatched = plan.unwatched.filter { input.isEmpty || $0 != "\(SeriesName(.deadLetters))" }
        if !unwatched.isEmpty {
            Terminal.printError("not watched, since the reference has no such series: \(Self.list(unwatched))")
        }
        if plan.labels == nil && !labels.isEmpty {
            Terminal.printError(
                "riffle monitor: --labels: the \"monitor\" section has no \"labels\", which says what their fields are")
            throw ExitCode(2)
        }
        if plan.deadLetters == nil && !deadLetters.isEmpty {
            Terminal.printError(
                "riffle monitor: --dead-letters: the reference has no series \"dead_letters\", or \"quality\" is not watched: "
                    + "make it anew with `riffle baseline --dead-letters`")
            throw ExitCode(2)
        }
        do {
            if !calibrate.isEmpty {
                try calibrateFiles(plan, assembly.plan)
            } else if !input.isEmpty {
                try readFiles(plan, assembly.plan)
            } else {
                try watchTopic(assembly, plan)
            }
        } catch let error as ExitCode {
            throw error
        } catch let error as ReplayFailure where error.kind == .brokenPipe {
            // Whoever read the alerts has enough of them.
            throw ExitCode(1)
        } catch {
            Terminal.printFailure("riffle monitor", error)
            throw ExitCode(1)
        }
    }

    private static func list(_ names: [String]) -> String {
        names.prefix(8).joined(separator: ", ") + (names.count > 8 ? " and \(names.count - 8) more" : "")
    }

    private func watchTopic(_ assembly: PipelineAssembly, _ plan: MonitorPlan) throws {
        guard let brokers = options.brokers ?? Self.address(assembly) else {
            Terminal.printError(
                "riffle monitor: the embedded cluster lives in the process that started it: give its address with --brokers"
            )
            throw ExitCode(2)
        }
        var running = KafkaMonitoring.Options()
        running.untilEnd = options.untilEnd
        running.stateDirectory = options.noState ? nil : options.state ?? assembly.spec.state.directory
        running.propertyDefaults = options.propertyDefaults
        running.reportEveryMicroseconds =
            reportEvery?.microseconds ?? (exposition.http == nil ? nil : Self.pageMicroseconds)
        running.showsStatus = exposition.isWanted
        let logger = options.logger
        let settings = try exposition.http.map {
            try HTTPOption.settings($0.address, command: "monitor", eventBytesMax: 0)
        }
        let metrics = MonitorMetrics(pipeline: plan.pipeline)
        let console = MonitorConsole(metrics)
        let onReport: (MonitorReport) throws -> Void = { [report, exposition] page in
            if exposition.http != nil { console.show(page) }
            if let report { try ReportFile.write(page, to: report) }
        }
        let makesReports = report != nil || exposition.http != nil
        let service = try KafkaMonitoring(
            plan: plan, pipeline: assembly.spec, brokers: brokers, properties: assembly.properties, options: running,
            logger: logger, observer: { console.hear($0) }, onReport: makesReports ? onReport : nil)
        // The first page is there before the first minute is over.
        if exposition.http != nil { console.whenItBegins { service.requestReport() } }
        let writer = try exposition.writer("monitor") {
            try MetricsFileWriter(
                to: $0, everyMilliseconds: $1, logger: logger, failures: metrics.fileFailures, text: { metrics.text() })
        }
        defer { writer?.stop() }
        let server = try settings.map {
            try HTTPOption.start($0, command: "monitor", probes: console, logger: logger)
        }
        defer { server?.stop() }
        if let server { Terminal.printError("report, health and metrics at http://\(server.address)/") }
        let onReload: (@Sendable () -> Void)? = report == nil ? nil : { @Sendable in service.requestReport() }
        let signals = StopSignals({ service.requestStop() }, onReload: onReload)
        defer { signals.cancel() }
        options.afterDuration { service.requestStop() }
        try service.run()
    }

    /// How old a page is at most that is shown by HTTP.
    private static let pageMicroseconds: Int64 = 60_000_000

    private static func address(_ assembly: PipelineAssembly) -> String? {
        switch assembly.spec.kafka.brokers.value {
        case .addresses(let brokers): brokers
        case .embedded: nil
        }
    }

    private func sources(_ paths: [String]) throws -> [(name: String, source: any ByteSource)] {
        try paths.map { path in
            let source = try FileByteSource(path: path)
            return (source.name, source)
        }
    }

    private func monitoring(_ plan: MonitorPlan, _ pipeline: PipelinePlan, of paths: [String]) throws -> FileMonitoring
    {
        try FileMonitoring(
            plan: plan, inputs: sources(paths), rowID: ScoreRecordSchema.Field(idOf: pipeline),
            labels: sources(labels), deadLetters: sources(deadLetters))
    }

    private func readFiles(_ plan: MonitorPlan, _ pipeline: PipelinePlan) throws {
        let monitoring = try monitoring(plan, pipeline, of: input)
        let alerts = try AlertFile(output)
        let reports = try windows.map { try AlertFile($0) }
        let performance = try performance.map { try AlertFile($0) }
        if report != nil { monitoring.keepHistory() }
        let summary = try monitoring.run(
            onWindow: reports.map { reports in { try reports.write($0.line) } },
            onPerformance: { try performance?.write($0.line) },
            tell: { try alerts.write($0.line) })
        try alerts.close()
        try reports?.close()
        try performance?.close()
        if let report, let page = monitoring.report { try ReportFile.write(page, to: report) }
        Terminal.printError(MonitorSummaryText.lines(summary))
    }

    private func calibrateFiles(_ plan: MonitorPlan, _ pipeline: PipelinePlan) throws {
        let monitoring = try monitoring(plan.withoutLimits(), pipeline, of: calibrate)
        var calibration = Calibration(plan)
        let summary = try monitoring.run { calibration.add($0) }
        print(calibration.text(summary), terminator: "")
        if summary.faultyRows > 0 { Terminal.printError(MonitorSummaryText.faults(summary)) }
    }
}

/// Lines to a file for its owner alone, or to standard output; each goes out at once, since it may be what somebody waits
/// for.
private final class AlertFile {
    private let name: String
    private let handle: FileHandle

    init(_ path: String) throws {
        if path == "-" {
            (name, handle) = ("standard output", .standardOutput)
            return
        }
        guard FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600]),
            let opened = FileHandle(forWritingAtPath: path)
        else { throw MonitorFailure("\(path): it cannot be written") }
        (name, handle) = (path, opened)
    }

    /// - Throws: `ReplayFailure`; one of kind `brokenPipe` where nobody reads any more.
    func write(_ line: Data) throws {
        try line.withUnsafeBytes { bytes in
            var rest = bytes
            while !rest.isEmpty {
                let count = Foundation.write(handle.fileDescriptor, rest.baseAddress, rest.count)
                if count < 0 {
                    if errno == EINTR { continue }
                    throw ReplayFailure.system(name, "cannot be written")
                }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
        }
    }

    func close() throws { if handle !== FileHandle.standardOutput { try handle.close() } }
}

import ArgumentParser
import Configuration
import Dispatch
import Events
import Foundation
import Generation
import Logging
import Scoring

/// `riffle generate`: card transactions for a pipeline.
struct GenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Make card transactions, to a pipeline's topic or to a file.",
        discussion: """
            The same options make the same transactions on every machine. Records are keyed by customer. A rate is \
            kept whatever becomes of the events sent before (open loop). Without --days, events to Kafka end at the \
            present: pipelines refuse events from the future. Where the pipeline has a source of labels, events carry \
            none: they go to its topic, or to --labels-output, when they become known. They have a channel (web, pos, \
            atm) and the region of the terminal only where the pipeline's source reads a field "channel" or "region", \
            as text.

            Drifts (--drift KIND, KIND@DAY or KIND@FIRST-LAST; the first day of all is 0, the default day \
            \(PlantedDrift.firstDayDefault)):
            \(driftList)

            Before its first and after its last day payments are the same as without it. The rules of fraud stay the \
            same: a payment that is over \(CardTransaction.largeAmountCents / 100) by a drift is fraud like any other.

            Examples:
              riffle generate pipelines/card-fraud/pipeline.yaml \\
                --brokers localhost:9092 --rate 500
              riffle generate pipelines/card-fraud/pipeline.yaml --output events.csv.gz \\
                --labels-output labels.csv.gz --days 90
              riffle generate pipelines/card-fraud/replay-labelled.yaml \\
                --output events.csv.gz --days 90 --fraud-wave 60
              riffle generate pipelines/card-fraud/replay-labelled.yaml \\
                --output events.csv.gz --days 90 --drift amount-mean@60-74

            Exit codes: 0 done or stopped in order, 1 failed or not all delivered, 2 usage or configuration.
            """)

    @Argument(help: "The pipeline file.")
    var pipeline: String

    @Option(help: ArgumentHelp("Brokers to use instead of the pipeline's.", valueName: "host:port"))
    var brokers: String?

    @Option(
        help: ArgumentHelp(
            "Write .csv, .ndjson, .csv.gz or .ndjson.gz instead; - is ndjson on standard output.", valueName: "file|-"))
    var output: String?

    @Option(
        help: ArgumentHelp(
            "With --output: the labels, where the pipeline has a source of them; named as --output.", valueName: "file")
    )
    var labelsOutput: String?

    @Option(help: ArgumentHelp("How long after its event a label is known; default: 6d.", valueName: "duration"))
    var labelDelay: CommandDuration?

    @Option(help: ArgumentHelp("Events a second; without it, as fast as it goes.", valueName: "n"))
    var rate: Double?

    @Option(help: ArgumentHelp("End after so many events.", valueName: "n"))
    var events: Int?

    @Option(help: ArgumentHelp("End after so many days of event time.", valueName: "n"))
    var days: Int?

    @Option(help: ArgumentHelp("The first day.", valueName: "yyyy-mm-dd"))
    var start: CommandDay = CommandDay(argument: "2025-01-01")!

    @Option(help: ArgumentHelp("Another seed makes other events.", valueName: "n"))
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("How many customers there are; each pays about twice a day.", valueName: "n"))
    var customers: Int = 5_000

    @Option(help: ArgumentHelp("How many terminals there are.", valueName: "n"))
    var terminals: Int = 10_000

    @Option(
        help: ArgumentHelp(
            "Ten times as many terminals are compromised for a week from this day on; the first is 0.",
            valueName: "day"))
    var fraudWave: Int?

    @Option(
        help: ArgumentHelp("Plant a drift of a kind; may be given again.", valueName: "kind[@day[-day]]"),
        transform: { text in
            do { return try PlantedDrift(text) } catch { throw ValidationError("--drift: \(error)") }
        })
    var drift: [PlantedDrift] = []

    private static var driftList: String {
        let width = PlantedDrift.Kind.allCases.map(\.rawValue.count).max() ?? 0
        return HelpList.text(
            PlantedDrift.Kind.allCases.map { kind in
                kind.rawValue.padding(toLength: width + 2, withPad: " ", startingAt: 0) + kind.summary
            }.joined(separator: "\n"))
    }

    func validate() throws {
        if brokers != nil && output != nil { throw ValidationError("--brokers and --output exclude each other") }
        if labelsOutput != nil && output == nil { throw ValidationError("--labels-output needs --output") }
        if let rate, !(rate > 0 && rate <= SendPacer.eventsPerSecondMax) {
            throw ValidationError("--rate \(rate): expected more than 0, at most \(Int(SendPacer.eventsPerSecondMax))")
        }
        if let events, events < 0 { throw ValidationError("--events \(events): expected 0 or more") }
        // What depends on the pipeline is looked at when it is known.
        var complete = transactions
        complete.hasChannels = true
        if let problem = complete.problems().first { throw ValidationError(problem) }
        if let output {
            do {
                _ = try GenerateService.format(of: output)
            } catch {
                throw ValidationError("--output \(error)")
            }
            if output != ReplayOptions.standardStream && days == nil && events == nil {
                throw ValidationError("a file needs an end: add --days or --events")
            }
        }
    }

    private var transactions: CardTransactionOptions {
        CardTransactionOptions(
            seed: seed, firstDay: start.time, days: days, customers: customers, terminals: terminals,
            fraudWave: fraudWave.map { CardTransactionOptions.FraudWave(firstDay: $0) }, drifts: drift)
    }

    func run() throws {
        let assembly = try PipelineLoading.load(pipeline)
        let problems = GeneratedFields.problems(of: assembly)
        if !problems.isEmpty {
            for problem in problems { Terminal.printError("riffle generate: \(pipeline): \(problem)") }
            Terminal.printError("generated events have \(GeneratedFields.summary(of: assembly))")
            throw ExitCode(2)
        }
        if output != nil && (labelsOutput != nil) != GeneratedFields.hasLabelSource(assembly) {
            Terminal.printError(
                "riffle generate: \(pipeline): "
                    + (labelsOutput == nil
                        ? "the pipeline has a source of labels: say --labels-output"
                        : "the pipeline has no source of labels: its events carry them"))
            throw ExitCode(2)
        }
        var options = GenerateOptions()
        options.transactions = transactions
        GeneratedFields.add(to: &options.transactions, for: assembly)
        options.eventsMax = events
        options.eventsPerSecond = rate
        if let labelDelay { options.labelDelayMicroseconds = labelDelay.microseconds }
        let target = try target(of: assembly)
        if case .topic = target, days == nil { options.transactions.days = daysToPresent }
        if let problem = options.transactions.problems().first {
            Terminal.printError("riffle generate: \(pipeline): \(problem)")
            throw ExitCode(2)
        }
        let service = GenerateService(options)
        let signals = StopSignals { service.requestStop() }
        defer { signals.cancel() }
        let progress = GenerateProgressLine(service.progress)
        defer { progress.stop() }
        let summary: GenerateSummary
        do {
            summary = try perform(target, with: service, assembly)
        } catch {
            if (error as? ReplayFailure)?.kind == .brokenPipe { return }
            progress.stop()
            Terminal.printFailure("riffle generate", error)
            throw ExitCode(1)
        }
        progress.stop()
        Terminal.printError(GenerateSummaryText.line(summary, to: target.name))
        if summary.failed > 0 { throw ExitCode(1) }
    }

    /// Where events go.
    private enum Target {
        case file(String)
        /// - followsGroup: the brokers keep little, so that the pipeline must be waited for.
        case topic(brokers: String, name: String, followsGroup: Bool)

        var name: String {
            switch self {
            case .file(let path): path == ReplayOptions.standardStream ? "standard output" : path
            case .topic(_, let name, _): "topic \(name)"
            }
        }
    }

    private func target(of assembly: PipelineAssembly) throws -> Target {
        if let output { return .file(output) }
        let topic = assembly.spec.sources[0].topic.value
        switch (assembly.spec.kafka.brokers.value, brokers) {
        case (.embedded, let brokers?): return .topic(brokers: brokers, name: topic, followsGroup: true)
        case (.addresses, let brokers?): return .topic(brokers: brokers, name: topic, followsGroup: false)
        case (.addresses(let addresses), nil): return .topic(brokers: addresses, name: topic, followsGroup: false)
        case (.embedded, nil):
            Terminal.printError(
                "riffle generate: \(pipeline) has \"brokers: embedded\": that cluster lives inside \"riffle run\" or "
                    + "\"riffle demo\", which print its address; give it with --brokers, or write a file with --output")
            throw ExitCode(2)
        }
    }

    private func perform(
        _ target: Target, with service: GenerateService, _ assembly: PipelineAssembly
    ) throws -> GenerateSummary {
        switch target {
        case .file(let path): return try service.write(to: path, labels: labelsOutput)
        case .topic(let brokers, _, let followsGroup):
            let logger = LogSetup.logger(format: .text, level: .notice)
            return try service.publish(to: brokers, of: assembly, followsGroup: followsGroup, logger: logger)
        }
    }

    /// Whole days from the first to now.
    private var daysToPresent: Int {
        let now = Int64(Date().timeIntervalSince1970 * 1e6)
        return Int(max(0, (now - start.time.microseconds) / 86_400_000_000))
    }
}

/// A day on the command line: `2025-01-31`, at midnight UTC.
struct CommandDay: ExpressibleByArgument {
    let time: EventTime
    let defaultValueDescription: String

    init?(argument: String) {
        let parts = argument.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.count) == [4, 2, 2], parts.allSatisfy({ $0.allSatisfy { $0.isASCII && $0.isNumber } }),
            let date = try? Date(argument, strategy: .iso8601.year().month().day())
        else { return nil }
        // A day such as 2025-02-30 would be read as one in March.
        guard date.formatted(.iso8601.year().month().day()) == argument else { return nil }
        time = EventTime(microseconds: Int64(date.timeIntervalSince1970) * 1_000_000)
        defaultValueDescription = argument
    }
}

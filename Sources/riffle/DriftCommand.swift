import ArgumentParser
import Drift
import Monitoring
import Scoring

/// `riffle drift`: statistics and detectors by themselves, over numbers from files and topics.
struct DriftCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drift", abstract: "Compare samples of numbers, and look for changes in a stream of them.",
        discussion: """
            Examples:
              riffle drift compare last-month.csv this-month.csv --column score
              riffle drift detect page-hinkley scores.csv --column score
            """,
        subcommands: [CompareCommand.self, DetectCommand.self])

    struct CompareCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "compare",
            abstract: "Hold a sample of numbers against a reference by all usual statistics.",
            discussion: """
                The files hold one number a line, or a table or JSON lines with a column of numbers; plain or gzip. \
                All numbers are held in memory, at most \(SampleComparison.numbersMax) a file.

                Either side can be a piece of a topic: topic:NAME, topic:NAME/PARTITION, with @FROM..TO behind it, \
                each of the two an offset or a time (2026-06-01, or 2026-06-01T12:00:00Z) of the records' timestamps, \
                TO not included. Values are JSON objects with a member for --column, or numbers. Only committed \
                records are read.

                Statistics:
                \(HelpList.text(StatisticCatalogue.standard.list))

                docs/DRIFT.md defines each of them, and says when to believe it.

                Examples:
                  riffle drift compare july.txt august.txt
                  riffle drift compare scores-july.ndjson.gz scores-august.ndjson.gz \\
                    --column score --format json
                  riffle drift compare topic:card.scores@2026-06-01..2026-07-01 \\
                    topic:card.scores@2026-07-01.. --column score \\
                    --pipeline pipelines/card-fraud/pipeline.yaml

                Exit codes: 0 compared, whatever came of it, 1 failed, 2 usage.
                """)

        @Argument(help: ArgumentHelp("The reference.", valueName: "reference"))
        var reference: String

        @Argument(help: ArgumentHelp("What is held against it; - is standard input.", valueName: "current"))
        var current: String

        @OptionGroup var column: NumberColumn
        @OptionGroup var access: TopicAccess

        @Option(name: .shortAndLong, help: ArgumentHelp("A statistic, or all; may be given again.", valueName: "name"))
        var statistic: [String] = []

        @Option(help: ArgumentHelp("The level below which a p-value is called a difference.", valueName: "level"))
        var alpha = 0.05

        @Option(help: ArgumentHelp("How it is printed.", valueName: "table|json"))
        var format = Format.table

        enum Format: String, ExpressibleByArgument { case table, json }

        func validate() throws {
            guard alpha > 0, alpha < 1 else { throw ValidationError("--alpha \(alpha): expected above 0 and below 1") }
            if reference == ReplayOptions.standardStream && current == ReplayOptions.standardStream {
                throw ValidationError("only one of the two can be standard input")
            }
            for side in [reference, current] {
                guard let topic = try NumberColumn.topic(side) else { continue }
                if access.brokers == nil && access.pipeline == nil {
                    throw ValidationError("\(topic): say where its cluster is, with --brokers or --pipeline")
                }
            }
            for name in statistic where name != "all" && !StatisticCatalogue.standard.names.contains(name) {
                let known = StatisticCatalogue.standard.names.joined(separator: ", ")
                throw ValidationError("--statistic \(name): there is none of this name; there are \(known), and all")
            }
        }

        func run() throws {
            try DriftFailure.reported {
                let comparison = try SampleComparison(
                    reference: column.numbers(of: reference, access), current: column.numbers(of: current, access),
                    alpha: alpha,
                    statistics: statistic)
                print(format == .json ? comparison.json : comparison.text)
            }
        }
    }

    struct DetectCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "detect",
            abstract: "Print where one detector raises the alarm in a stream of numbers.",
            discussion: """
                A position is the number's place in the stream, counted from 0. The detector that decides in the monitor:

                \(HelpList.text(SequentialRun.list))

                The others are River's, alarm for alarm, with River's names for parameters:

                \(HelpList.text(DetectorRun.list()))

                The stream is read as it comes, in constant memory. docs/DRIFT.md says what each detector sees, and \
                how often it alarms without a change.

                Examples:
                  riffle drift detect adwin scores.txt --param delta=0.0005
                  riffle drift detect page-hinkley scores.csv.gz --column score \\
                    --param threshold=5
                  riffle drift detect esr august.txt --param reference=july.txt \\
                    --param false_alarms=100_000 --format json

                Exit codes: 0 read to the end, whatever came of it, 1 failed, 2 usage.
                """)

        @Argument(help: ArgumentHelp("Its name.", valueName: "detector"))
        var detector: String

        @Argument(help: ArgumentHelp("The stream; - is standard input.", valueName: "file"))
        var file: String

        @OptionGroup var column: NumberColumn

        @Option(name: .shortAndLong, help: ArgumentHelp("A parameter; may be given again.", valueName: "name=value"))
        var param: [DetectorSetting] = []

        @Option(help: ArgumentHelp("A position a line, or one JSON object.", valueName: "lines|json"))
        var format = Format.lines

        enum Format: String, ExpressibleByArgument { case lines, json }

        func validate() throws { _ = try prepared() }

        /// What the command line says; references are not read yet.
        private enum Prepared {
            case sequential(SequentialRun.Settings)
            case named(DetectorRun)
        }

        private func prepared() throws -> Prepared {
            let parameters = param.map { (name: $0.name, value: $0.value) }
            do {
                if detector == SequentialRun.name { return .sequential(try SequentialRun.Settings(parameters)) }
                let names = [SequentialRun.name] + DetectorCatalogue.standard.detectors.map { $0.name }
                if !names.contains(detector) {
                    throw DetectorRefusal(
                        "there is no detector \"\(detector)\"; there are \(names.joined(separator: ", "))")
                }
                return .named(try DetectorRun(detector, parameters: parameters))
            } catch { throw ValidationError("\(error)") }
        }

        func run() throws {
            let prepared = try prepared()
            try DriftFailure.reported {
                let isJSON = format == .json
                let onAlarm = { (place: Int) in if !isJSON { print(place) } }
                let summary: DetectorRun.Summary
                switch prepared {
                case .sequential(let settings):
                    var detection = SequentialRun(try reference(settings), settings)
                    summary = try detection.run(column.reader(of: file), keeps: isJSON, onAlarm: onAlarm)
                case .named(var detection):
                    summary = try detection.run(column.reader(of: file), keeps: isJSON, onAlarm: onAlarm)
                }
                if isJSON { print(summary.json) }
            }
        }

        private func reference(_ settings: SequentialRun.Settings) throws -> SeriesReference {
            let path = settings.reference
            if let series = try DetectionReference.series(settings.series, of: path) {
                if series.strata.count > 1 {
                    Terminal.printError(
                        "note: \(path) knows hours of the day, and numbers have no times: a daily cycle can raise alarms"
                    )
                }
                return series
            }
            let reader = try column.reader(of: path)
            return try SequentialRun.reference(of: reader.rest(countMax: SampleComparison.numbersMax))
        }
    }
}

/// `name=value`.
struct DetectorSetting: ExpressibleByArgument {
    let name: String
    let value: String

    init?(argument: String) {
        guard let sign = argument.firstIndex(of: "="), sign > argument.startIndex else { return nil }
        name = String(argument[..<sign])
        value = String(argument[argument.index(after: sign)...])
    }
}

enum DriftFailure {
    /// What goes wrong is printed, and ends the command with status 1.
    static func reported(_ body: () throws -> Void) throws {
        do { try body() } catch let code as ExitCode {
            throw code
        } catch {
            Terminal.printFailure("riffle drift", error)
            throw ExitCode(1)
        }
    }
}

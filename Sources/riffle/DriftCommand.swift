import ArgumentParser
import Monitoring
import Scoring

/// `riffle drift`: statistics and detectors by themselves, over files of numbers.
struct DriftCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drift", abstract: "Compare samples of numbers, and look for changes in a stream of them.",
        subcommands: [CompareCommand.self, DetectCommand.self])

    struct CompareCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "compare",
            abstract: "Hold a sample of numbers against a reference by all usual statistics.",
            discussion: """
                The files hold one number a line, or a table or JSON lines with a column of numbers; plain or gzip. All
                numbers are held in memory, at most \(SampleComparison.numbersMax) a file.

                Statistics:
                \(StatisticCatalogue.standard.list)

                docs/DRIFT.md defines each of them, and says when to believe it.

                Examples:
                  riffle drift compare july.txt august.txt
                  riffle drift compare scores-july.ndjson.gz scores-august.ndjson.gz --column score --format json

                Exit codes: 0 compared, whatever came of it, 1 failed, 2 usage.
                """)

        @Argument(help: ArgumentHelp("The reference.", valueName: "reference"))
        var reference: String

        @Argument(help: ArgumentHelp("What is held against it; - is standard input.", valueName: "current"))
        var current: String

        @OptionGroup var column: NumberColumn

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
            for name in statistic where name != "all" && !StatisticCatalogue.standard.names.contains(name) {
                let known = StatisticCatalogue.standard.names.joined(separator: ", ")
                throw ValidationError("--statistic \(name): there is none of this name; there are \(known), and all")
            }
        }

        func run() throws {
            try DriftFailure.reported {
                let comparison = try SampleComparison(
                    reference: column.numbers(of: reference), current: column.numbers(of: current), alpha: alpha,
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
                A position is the number's place in the stream, counted from 0. The detectors are River's, alarm for alarm,
                with River's names for parameters:

                \(DetectorRun.list())

                The stream is read as it comes, in constant memory. docs/DRIFT.md says what each detector sees, and how
                often it alarms without a change.

                Examples:
                  riffle drift detect adwin scores.txt --param delta=0.0005
                  riffle drift detect page-hinkley scores.csv.gz --column score --param threshold=5

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

        private func prepared() throws -> DetectorRun {
            do {
                return try DetectorRun(detector, parameters: param.map { (name: $0.name, value: $0.value) })
            } catch { throw ValidationError("\(error)") }
        }

        func run() throws {
            var detection = try prepared()
            try DriftFailure.reported {
                let isJSON = format == .json
                let summary = try detection.run(column.reader(of: file), keeps: isJSON) { place in
                    if !isJSON { print(place) }
                }
                if isJSON { print(summary.json) }
            }
        }
    }
}

/// Where numbers stand in a file.
struct NumberColumn: ParsableArguments {
    @Option(help: ArgumentHelp("The column of a table, or the member of JSON lines: a.b is b in a.", valueName: "name"))
    var column: String?

    @Flag(help: "Pass over missing values: empty cells, null and nan.")
    var skipMissing = false

    func reader(of path: String) throws -> NumberReader {
        let source = try FileByteSource(path: path)
        return try NumberReader(source, name: source.name, column: column, skipsMissing: skipMissing)
    }

    func numbers(of path: String) throws -> SampleComparison.Numbers {
        let reader = try reader(of: path)
        let values = try reader.rest(countMax: SampleComparison.numbersMax)
        return SampleComparison.Numbers(name: path, values: values, missing: reader.missingCount)
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
        do { try body() } catch {
            Terminal.printError("error: \(error)")
            throw ExitCode(1)
        }
    }
}

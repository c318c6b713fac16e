import ArgumentParser
import Configuration
import Engine
import Events
import Foundation
import Monitoring
import Scoring

/// `riffle baseline`: a reference from a history of scores.
struct BaselineCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "baseline",
        abstract: "Make the reference that `riffle monitor` holds scores against, from a time in which all was well.",
        discussion: """
            Scores come from files, as the output topic holds them or as `riffle replay` writes rows, or from the \
            pipeline's output topic. For each series that the "monitor" section watches, and for each segment, the \
            reference has counts on a grid, by hour of the day where hours differ, and how far they spread beyond \
            chance. A history has to hold the cycles, waves and bursts that nobody should be woken for: give several \
            weeks.

            With --labels the reference knows the precision and recall of decisions, too: events of the section's \
            source of labels, from a file.

            A reference is never replaced in silence: where there is one, what would change is printed and nothing is \
            written, unless --replace is given.

            Examples:
              riffle baseline pipeline.yaml --input scores.ndjson.gz
              riffle replay pipeline.yaml -i history.csv.gz -o rows.csv.gz \\
                && riffle baseline pipeline.yaml -i rows.csv.gz
              riffle baseline pipeline.yaml --from-topic --from 2026-03-01 \\
                --to 2026-06-01 -o references/spring.json

            Exit codes: 0 made, or the same as before, 1 failed, 2 usage, configuration, or a reference that is in the \
            way.
            """)

    @Argument(help: "The pipeline file.")
    var pipeline: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Scores, also .gz; - is standard input; may be given again.", valueName: "file|-"))
    var input: [String] = []

    @Flag(help: "Read the scores from the pipeline's output topic.")
    var fromTopic = false

    @Option(help: ArgumentHelp("With --from-topic: brokers to use instead of the pipeline's.", valueName: "host:port"))
    var brokers: String?

    @Option(help: ArgumentHelp("The first event time that counts.", valueName: "yyyy-mm-dd[Thh:mm:ssZ]"))
    var from: CommandTime?

    @Option(help: ArgumentHelp("The first event time that does not.", valueName: "yyyy-mm-dd[Thh:mm:ssZ]"))
    var to: CommandTime?

    @Option(help: ArgumentHelp("What events were: .ndjson or .csv, also .gz.", valueName: "file"))
    var labels: String?

    @Option(
        help: ArgumentHelp(
            "With --input: dead letters of the same time, as `riffle dead-letter list --format json` writes them; may be given again.",
            valueName: "file|-"))
    var deadLetters: [String] = []

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Where the reference goes; default: where the \"monitor\" section has it.", valueName: "file"))
    var output: String?

    @Flag(help: "Take the place of a reference that is there.")
    var replace = false

    func validate() throws {
        if fromTopic == !input.isEmpty { throw ValidationError("expected either --input or --from-topic") }
        if fromTopic && !deadLetters.isEmpty {
            throw ValidationError("--dead-letters is for files: with --from-topic they come from their topic")
        }
        if brokers != nil && !fromTopic { throw ValidationError("--brokers needs --from-topic") }
        if input.filter({ $0 == ReplayOptions.standardStream }).count > 1 {
            throw ValidationError("--input: standard input can be read once")
        }
        if let from, let to, from.time >= to.time { throw ValidationError("--from has to be before --to") }
    }

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        let assembly = try PipelineLoading.load(pipeline, checksProperties: fromTopic)
        guard let monitor = assembly.spec.monitor else {
            throw BaselineCommand.usage(
                "\(pipeline) has no \"monitor\" section, which says what the reference is about")
        }
        let progress = BaselineProgress()
        do {
            let outcome = try make(assembly, monitor, progress)
            progress.finish()
            let watch = BaselineSettings(assembly.plan, monitor).watch
            try store(
                outcome, at: output ?? monitor.referencePath, runLength: monitor.eventsPerFalseAlarm,
                advice: WatchAdvice(outcome.reference, watch: watch))
        } catch let error as ExitCode {
            throw error
        } catch {
            progress.finish()
            Terminal.printFailure("riffle baseline", error)
            throw ExitCode(1)
        }
    }

    private static func usage(_ text: String) -> ExitCode {
        Terminal.printError("riffle baseline: \(text)")
        return ExitCode(2)
    }

    // MARK: - Making it

    private func make(
        _ assembly: PipelineAssembly, _ monitor: MonitorSpec, _ progress: BaselineProgress
    ) throws -> Baseline.Outcome {
        var settings = BaselineSettings(assembly.plan, monitor)
        settings.from = from?.time
        settings.before = to?.time
        let baseline = Baseline(settings)
        if let labels { baseline.labels = try readLabels(labels, assembly.spec, monitor) }
        try readDeadLetters(assembly, settings, into: baseline)
        if fromTopic {
            let source = try topicSource(assembly, settings)
            try baseline.read(source, onRows: progress.show)
            for text in source.gone { Terminal.printError("no longer there: \(text)") }
        }
        let rowID = ScoreRecordSchema.Field(idOf: assembly.plan)
        let records = settings.records
        for path in input {
            let bytes = try FileByteSource(path: path)
            let reader = try ScoreFileReader(
                bytes, name: bytes.name, features: records.features, fields: records.fields, rowID: rowID)
            try baseline.read(reader, onRows: progress.show)
            if let fault = reader.firstFault {
                Terminal.printError("\(reader.faultCount) lines of \(bytes.name) are no scores: \(fault)")
            }
        }
        progress.finish()
        reportRows(baseline)
        return try baseline.finish()
    }

    private func readDeadLetters(
        _ assembly: PipelineAssembly, _ settings: BaselineSettings, into baseline: Baseline
    ) throws {
        let columns = DeadLetterColumns(assembly.spec)
        for path in deadLetters {
            let bytes = try FileByteSource(path: path)
            let reader = DeadLetterFileReader(bytes, name: bytes.name, columns: columns)
            try baseline.readDeadLetters(reader.fill)
            if let fault = reader.firstFault {
                Terminal.printError("\(reader.faultCount) lines of \(bytes.name) are no dead letters: \(fault)")
            }
        }
        if fromTopic, settings.watch.quality {
            do {
                let source = try TopicScoreSource(
                    topic: assembly.spec.deadLetter.topic.value, deadLetters: columns, from: from?.time,
                    access: access(assembly))
                try baseline.readDeadLetters(source.fill)
                for text in source.gone { Terminal.printError("no longer there: \(text)") }
            } catch let failure as NumberFailure {
                Terminal.printError("not in the reference: dead letters: \(failure)")
            }
        }
        if let count = baseline.deadLetterCount { print("\(count) dead letters of events of \(columns.origin)") }
    }

    private func topicSource(_ assembly: PipelineAssembly, _ settings: BaselineSettings) throws -> TopicScoreSource {
        try TopicScoreSource(
            topic: assembly.spec.output.topic.value, records: settings.records, from: from?.time,
            access: access(assembly))
    }

    private func access(_ assembly: PipelineAssembly) throws -> TopicNumbers.Access {
        var address = brokers
        if case .addresses(let addresses) = assembly.spec.kafka.brokers.value { address = address ?? addresses }
        guard let address else {
            throw BaselineCommand.usage(
                "the embedded cluster lives in the process that started it: give its address with --brokers")
        }
        return TopicNumbers.Access(
            brokers: address, group: assembly.spec.kafka.group, properties: assembly.properties)
    }

    private func readLabels(_ path: String, _ spec: PipelineSpec, _ monitor: MonitorSpec) throws -> LabelTable {
        guard let labels = monitor.labels else {
            throw BaselineCommand.usage(
                "--labels: the \"monitor\" section has no \"labels\", which says what their fields are")
        }
        let bytes = try FileByteSource(path: path)
        let reader = try LabelFileReader(
            bytes, name: bytes.name,
            columns: LabelColumns(spec.sources[labels.source], labels))
        let table = try reader.read()
        if let fault = reader.firstFault {
            Terminal.printError("\(reader.faultCount) lines of \(bytes.name) are no labels: \(fault)")
        }
        if table.contradictionCount > 0 {
            Terminal.printError("\(table.contradictionCount) labels contradict an earlier one, which counts")
        }
        return table
    }

    private func reportRows(_ baseline: Baseline) {
        if baseline.foreignRows > 0 { Terminal.printError("\(baseline.foreignRows) scores are of other pipelines") }
        if baseline.outsideRows > 0 { Terminal.printError("\(baseline.outsideRows) scores are of other times") }
    }

    // MARK: - Keeping it

    private func store(
        _ outcome: Baseline.Outcome, at path: String, runLength: Double, advice: WatchAdvice
    ) throws {
        let reference = outcome.reference
        let digest = try reference.sha256()
        print(ReferenceText(reference).text(digest: digest, runLength: runLength), terminator: "")
        report(outcome)
        for line in advice.lines { print(line) }
        if FileManager.default.fileExists(atPath: path), try !mayReplace(path, by: reference, digest) { return }
        try Self.write(try reference.encoded(), to: path)
        print("written to \(path)")
    }

    private func report(_ outcome: Baseline.Outcome) {
        if !outcome.empty.isEmpty {
            print("not in the reference, since no score has a value: \(outcome.empty.joined(separator: ", "))")
        }
        let rows = max(1, outcome.reference.origin?.events ?? 1)
        if outcome.lateRows * 20 > rows {
            print(
                "caution: \(outcome.lateRows) of \(rows) scores come late, behind a bucket that ended: is the history in the "
                    + "order in which its partitions hold it?")
        }
        if outcome.leftOutRows > 0 {
            print(
                "caution: up to \(outcome.leftOutRows) scores of a series were left out: the history has too many hours"
            )
        }
    }

    /// Whether the new reference is to be written; what is in the way is compared with it.
    private func mayReplace(_ path: String, by new: ReferenceFile, _ digest: String) throws -> Bool {
        let old = try? ReferenceFile(reading: Data(contentsOf: URL(fileURLWithPath: path)))
        guard let old else {
            if replace { return true }
            throw Self.usage("\(path) is there, and is no reference that could be read; --replace takes its place")
        }
        let oldDigest = try old.sha256()
        if oldDigest == digest {
            print("\(path) is the same already")
            return false
        }
        let lines = ReferenceDifference.lines(from: old, to: new).map { "  \($0)\n" }.joined()
        if replace {
            print("replaces sha256 \(oldDigest)\n\(lines)", terminator: "")
            return true
        }
        throw Self.usage(
            "\(path) is there, sha256 \(oldDigest); --replace takes its place. What would change:\n\(lines)")
    }

    /// Whole or not at all, and readable by whoever may read files of this user.
    private static func write(_ data: Data, to path: String) throws {
        let url = URL(fileURLWithPath: path)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        let partial = path + ".partial"
        try data.write(to: URL(fileURLWithPath: partial))
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: partial))
        try handle.synchronize()
        try handle.close()
        guard rename(partial, path) == 0 else {
            throw NumberFailure("\(path): \(String(cString: strerror(errno)).lowercased())")
        }
    }
}

/// How far a baseline has come: a line on a terminal, nothing elsewhere.
final class BaselineProgress {
    private var shown = 0
    private static let step = 100_000

    func show(_ rows: Int) {
        guard Terminal.isErrorInteractive, rows - shown >= Self.step else { return }
        shown = rows
        Terminal.printError("\r\(rows) scores\u{1B}[K", terminator: "")
    }

    /// Takes the line away.
    func finish() {
        if shown > 0 { Terminal.printError("\r\u{1B}[K", terminator: "") }
        shown = 0
    }
}

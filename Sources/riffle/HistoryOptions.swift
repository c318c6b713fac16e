import ArgumentParser
import Engine
import Events
import Scoring

/// Where history is read from and which of its rows are wanted, for every command that takes some.
struct HistoryOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Events: .csv or .ndjson, also .gz; - is standard input. Given again for each source.",
            valueName: "[source=]file|-"))
    var input: [String] = []

    @Option(help: ArgumentHelp("How the input is written, where its name does not tell.", valueName: "csv|ndjson"))
    var inputFormat: ReplayFormat?

    @Option(help: ArgumentHelp("The first event time of the rows.", valueName: "yyyy-mm-dd[Thh:mm:ssZ]"))
    var from: CommandTime?

    @Option(help: ArgumentHelp("The first event time behind the rows.", valueName: "yyyy-mm-dd[Thh:mm:ssZ]"))
    var to: CommandTime?

    @Option(
        help: ArgumentHelp(
            "Rows of so many of the keys that the scored topic is partitioned by; always the same ones.",
            valueName: "percent%"))
    var keys: CommandShare?

    @Option(
        help: ArgumentHelp(
            "Events of files are refused that are further ahead than \"ahead\" of this time; default: the present.",
            valueName: "yyyy-mm-dd[Thh:mm:ssZ]"))
    var now: CommandTime?

    @Option(help: ArgumentHelp("Threads that decode, compute and score; default: the pipeline's.", valueName: "count"))
    var workers: Int?

    /// Whether nothing was said.
    var isEmpty: Bool {
        input.isEmpty && inputFormat == nil && from == nil && to == nil && keys == nil && now == nil && workers == nil
    }

    /// What stands for the timestamps that the rows of a file do not have.
    var present: EventTime { now?.time ?? .wallClock }

    var rows: ReplayRows {
        var rows = ReplayRows()
        rows.from = from?.time
        rows.before = to?.time
        rows.keyShare = keys?.share
        return rows
    }
}

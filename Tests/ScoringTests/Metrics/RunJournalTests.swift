import Engine
import Logging
import Synchronization
import Testing

@testable import Scoring

/// What the log says of a restart.
struct RunJournalTests {
    final class Lines: Sendable {
        private let all = Mutex<[String]>([])
        func add(_ line: String) { all.withLock { $0.append(line) } }
        func take() -> [String] {
            all.withLock { lines in
                defer { lines = [] }
                return lines
            }
        }
    }

    struct Handler: LogHandler {
        let lines: Lines
        var logLevel = Logger.Level.notice
        var metadata: Logger.Metadata = [:]
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }
        func log(event: LogEvent) {
            let fields = (event.metadata ?? [:]).map { "\($0)=\($1)" }.sorted().joined(separator: " ")
            lines.add("\(event.level) \(event.message) [\(fields)]")
        }
    }

    /// At the default level.
    private func journal(_ lines: Lines) -> RunJournal {
        RunJournal(
            Logger(label: "test") { _ in Handler(lines: lines) }, metrics: RunMetrics(pipeline: "p", topics: ["t"]),
            ends: { _, _ in nil }, passingOnTo: nil)
    }

    /// The line of the end says the same as the warning before it.
    @Test func windowsAreCalledWholeOnlyWhereTheyAre() {
        let lines = Lines()
        let journal = journal(lines)
        let state = IncompleteState(
            features: [IncompleteState.Feature(name: "sum", wholeFrom: 1_700_000_000_000_000)], logFrom: 0)
        journal.didNotice(.incomplete(state))
        journal.didNotice(.restoreFinished(nanoseconds: 1_500_000_000, isWhole: false))
        #expect(
            lines.take() == [
                "warning scoring begins with incomplete windows [reason=\(state)]",
                "notice windows are rebuilt, but not whole; scoring begins [seconds=1.5]",
            ])
        journal.didNotice(.restoreFinished(nanoseconds: 1_500_000_000, isWhole: true))
        #expect(lines.take() == ["notice windows are whole; scoring begins [seconds=1.5]"])
    }
}

import Logging
import Synchronization

/// What a logger was told: `level message [field=value ...]`, fields sorted.
final class LoggedLines: Sendable {
    private let lines = Mutex<[String]>([])
    /// What is below is not logged.
    private let level: Logger.Level

    init(level: Logger.Level = .trace) { self.level = level }

    /// What came since the last call.
    func take() -> [String] {
        lines.withLock { lines in
            defer { lines = [] }
            return lines
        }
    }

    var all: [String] { lines.withLock { $0 } }
    func containing(_ text: String) -> [String] { all.filter { $0.contains(text) } }
    var logger: Logger { Logger(label: "test") { [self] _ in Handler(lines: self, logLevel: level) } }

    private struct Handler: LogHandler {
        let lines: LoggedLines
        var logLevel: Logger.Level
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let fields = (event.metadata ?? [:]).map { "\($0)=\($1)" }.sorted().joined(separator: " ")
            lines.lines.withLock { $0.append("\(event.level) \(event.message) [\(fields)]") }
        }
    }
}

import ArgumentParser
import Foundation
import Logging

enum LogFormat: String, ExpressibleByArgument, CaseIterable { case text, json }

/// Levels by what they ask of whoever reads: error (act now), warning (look today), notice, info, debug.
enum LogLevel: String, ExpressibleByArgument, CaseIterable {
    case debug, info, notice, warning, error

    var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .notice }
}

/// Logs to standard error: for people, or one JSON object a line.
enum LogSetup {
    static func logger(format: LogFormat, level: Logger.Level) -> Logger {
        var logger = Logger(label: "riffle") { _ in LineLogHandler(format: format) }
        logger.logLevel = level
        return logger
    }
}

/// Writes one line a message, whole, so that lines of several threads do not mix.
struct LineLogHandler: LogHandler {
    let format: LogFormat
    var logLevel: Logger.Level = .notice
    var metadata: Logger.Metadata = [:]

    init(format: LogFormat) { self.format = format }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        let time = Date().formatted(
            .iso8601.year().month().day().timeZone(separator: .omitted).time(includingFractionalSeconds: true))
        let line: String
        switch format {
        case .text:
            let details = all.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
            line = "\(time) \(event.level) \(event.message)\(details)"
        case .json:
            var object = ["time": time, "level": event.level.rawValue, "message": "\(event.message)"]
            for (key, value) in all { object[key] = "\(value)" }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            line = (try? encoder.encode(object)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        }
        Terminal.printError(line)
    }
}

import ArgumentParser
import Engine
import Foundation
import Logging
import Synchronization
import Telemetry

enum LogFormat: String, ExpressibleByArgument, CaseIterable { case text, json }

/// Levels by what they ask of whoever reads: error (act now), warning (look today), notice, info, debug.
enum LogLevel: String, ExpressibleByArgument, CaseIterable {
    case debug, info, notice, warning, error

    var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .notice }
}

/// Logs to standard error: for people, or one JSON object a line.
enum LogSetup {
    static func logger(format: LogFormat, level: Logger.Level) -> Logger {
        let throttle = SharedThrottle()
        var logger = Logger(label: "riffle") { _ in LineLogHandler(format: format, throttle: throttle) }
        logger.logLevel = level
        return logger
    }
}

/// One throttle for all copies of a logger.
final class SharedThrottle: Sendable {
    private let throttle = Mutex(LogThrottle())
    private let clock = MonotonicClock()

    func take(_ message: String) -> Int? { throttle.withLock { $0.take(message, now: clock.nanoseconds) } }
}

/// Writes one line a message, whole, so that lines of several threads do not mix.
struct LineLogHandler: LogHandler {
    let format: LogFormat
    var logLevel: Logger.Level = .notice
    var metadata: Logger.Metadata = [:]

    private let throttle: SharedThrottle

    init(format: LogFormat, throttle: SharedThrottle) {
        self.format = format
        self.throttle = throttle
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        // Whoever asks for details gets all of them.
        if event.level >= .notice {
            guard let leftOut = throttle.take("\(event.message)") else { return }
            if leftOut > 0 { all["left_out"] = "\(leftOut)" }
        }
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

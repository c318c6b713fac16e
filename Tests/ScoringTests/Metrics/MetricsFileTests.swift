import Foundation
import Logging
import Synchronization
import Testing

@testable import Scoring

@Suite final class MetricsFileTests {
    private let folder = NSTemporaryDirectory() + "riffle-metrics-\(UUID().uuidString)"

    init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func text(_ name: String) throws -> String {
        try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
    }

    private var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: folder) }
    }

    @Test func itIsReplacedWholeAndEverybodyMayRead() throws {
        let path = "\(folder)/riffle.prom"
        let old = umask(0o077)
        defer { umask(old) }
        let file = MetricsFile(path: path)
        try file.write(String(repeating: "long ", count: 100_000))
        let first = try #require(FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int)
        try file.write("short\n")
        #expect(try text("riffle.prom") == "short\n")
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o644)
        // A new file in the place of the old one, which a reader may still have open.
        #expect(attributes[.systemFileNumber] as? Int != first)
        #expect(try names == ["riffle.prom"])
    }

    @Test func aPathThatCannotBeWrittenIsSaid() throws {
        try FileManager.default.createDirectory(atPath: "\(folder)/is-a-folder", withIntermediateDirectories: true)
        for (path, reason) in [
            ("\(folder)/none/riffle.prom", "No such file or directory"), ("\(folder)/is-a-folder", "Is a directory"),
        ] {
            let failure = #expect(throws: MetricsFileFailure.self) { try MetricsFile(path: path).write("x") }
            #expect(failure?.description.contains(reason) == true, "\(failure?.description ?? "")")
            #expect(failure?.description.contains(path) == true)
        }
        #expect(try names == ["is-a-folder"])
    }

    /// A link with the name of the file beside it leads nowhere.
    @Test func whatLiesBesideItIsNotFollowed() throws {
        let target = "\(folder)/precious"
        try "precious".write(toFile: target, atomically: true, encoding: .utf8)
        let path = "\(folder)/riffle.prom"
        try FileManager.default.createSymbolicLink(atPath: "\(path).\(getpid()).tmp", withDestinationPath: target)
        try MetricsFile(path: path).write("x\n")
        #expect(try text("precious") == "precious")
        #expect(try text("riffle.prom") == "x\n")
    }

    @Test func theLastFiguresAreWrittenAtTheEnd() throws {
        let metrics = RunMetrics(pipeline: "p", topics: ["t"])
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let writer = try MetricsFileWriter(
            metrics, to: "\(folder)/riffle.prom", everyMilliseconds: 3_600_000, logger: logger)
        #expect(try text("riffle.prom").contains(#"riffle_stops_total{pipeline="p",reason="requested"} 0"#))
        metrics.didStop(nil)
        writer.stop()
        writer.stop()
        #expect(try text("riffle.prom").contains(#"riffle_stops_total{pipeline="p",reason="requested"} 1"#))
    }

    /// The folder goes away under it: counted, said once, and made good when it is back.
    @Test func aFileThatCannotBeWrittenAnyMoreStopsNothing() throws {
        let metrics = RunMetrics(pipeline: "p", topics: ["t"])
        let lines = LogLines()
        let logger = Logger(label: "test") { _ in lines.handler }
        let writer = try MetricsFileWriter(metrics, to: "\(folder)/riffle.prom", everyMilliseconds: 1, logger: logger)
        // Moved away first: the writer would put a file into a folder that is being emptied.
        try FileManager.default.moveItem(atPath: folder, toPath: "\(folder)-gone")
        try FileManager.default.removeItem(atPath: "\(folder)-gone")
        lines.wait(for: 1)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        lines.wait(for: 2)
        writer.stop()
        #expect(lines.all.map { $0.prefix(20) } == ["metrics not written;", "the metrics file is "])
        let failures = try text("riffle.prom").split(separator: "\n").first {
            $0.hasPrefix("riffle_metrics_file_failures_total")
        }
        #expect(failures?.hasSuffix(" 0") == false)
    }
}

/// What was logged, for a thread that waits for it.
private final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])
    private let added = DispatchSemaphore(value: 0)

    var all: [String] { lines.withLock { $0 } }
    var handler: Handler { Handler(lines: self) }

    func wait(for count: Int) {
        while all.count < count { added.wait() }
    }

    struct Handler: LogHandler {
        let lines: LogLines
        var logLevel = Logger.Level.trace
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            lines.lines.withLock { $0.append("\(event.message)") }
            lines.added.signal()
        }
    }
}

public import CoreMetrics
public import Logging
import Synchronization
import Workers

/// Writes a process' metrics to a file every so often, on a thread of its own, and a last time at the end.
public final class MetricsFileWriter: Sendable {
    private let text: @Sendable () -> String
    private let failures: Counter
    private let file: MetricsFile
    private let logger: Logger
    private let stopping = BoundedQueue<Void>(capacity: 1)
    private let thread = Mutex<ServiceThread?>(nil)
    /// One line of log for each time that writing stops to work, not one for each attempt.
    private let isFailing = Atomic<Bool>(false)

    /// Writes the file once, and goes on from there.
    ///
    /// - Parameters:
    ///   - text: the metrics as they are now; called on the writer's thread.
    ///   - failures: counts writes that failed.
    /// - Throws: `MetricsFileFailure`: the path is of no use. Later failures are counted and logged, and the run goes
    ///   on.
    public init(
        to path: String, everyMilliseconds: Int, logger: Logger, failures: Counter,
        text: @escaping @Sendable () -> String
    ) throws {
        self.text = text
        self.failures = failures
        self.logger = logger
        file = MetricsFile(path: path)
        try file.write(text())
        let wait = max(1, everyMilliseconds)
        thread.withLock { thread in
            thread = ServiceThread(name: "metrics") { [self] in
                while stopping.pop(milliseconds: wait) == nil { write() }
            }
        }
    }

    /// Those of a run.
    public convenience init(_ metrics: RunMetrics, to path: String, everyMilliseconds: Int, logger: Logger) throws {
        try self.init(
            to: path, everyMilliseconds: everyMilliseconds, logger: logger, failures: metrics.metricsFileFailures
        ) { metrics.text() }
    }

    /// Writes the last figures and ends the thread; calls after the first do nothing.
    public func stop() {
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        guard let running else { return }
        stopping.push(())
        running.join()
        write()
    }

    private func write() {
        do {
            try file.write(text())
            if isFailing.exchange(false, ordering: .relaxed) { logger.notice("the metrics file is written again") }
        } catch {
            failures.increment()
            if isFailing.exchange(true, ordering: .relaxed) { return }
            logger.warning(
                "metrics not written; the stream goes on, and the next write tries again",
                metadata: ["reason": "\(error)"])
        }
    }
}

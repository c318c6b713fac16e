import CoreMetrics
public import Logging
import Synchronization
import Workers

/// Writes a run's metrics to a file every so often, on a thread of its own, and a last time at the end.
public final class MetricsFileWriter: Sendable {
    private let metrics: RunMetrics
    private let file: MetricsFile
    private let logger: Logger
    private let stopping = BoundedQueue<Void>(capacity: 1)
    private let thread = Mutex<ServiceThread?>(nil)
    /// One line of log for each time that writing stops to work, not one for each attempt.
    private let isFailing = Atomic<Bool>(false)

    /// Writes the file once, and goes on from there.
    ///
    /// - Throws: `MetricsFileFailure`: the path is of no use. Later failures are counted and logged, and the run goes
    ///   on.
    public init(_ metrics: RunMetrics, to path: String, everyMilliseconds: Int, logger: Logger) throws {
        self.metrics = metrics
        self.logger = logger
        file = MetricsFile(path: path)
        try file.write(metrics.text())
        let wait = max(1, everyMilliseconds)
        thread.withLock { thread in
            thread = ServiceThread(name: "metrics") { [self] in
                while stopping.pop(milliseconds: wait) == nil { write() }
            }
        }
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
            try file.write(metrics.text())
            if isFailing.exchange(false, ordering: .relaxed) { logger.notice("the metrics file is written again") }
        } catch {
            metrics.metricsFileFailures.increment()
            if isFailing.exchange(true, ordering: .relaxed) { return }
            logger.warning(
                "metrics not written; the stream goes on, and the next write tries again",
                metadata: ["reason": "\(error)"])
        }
    }
}

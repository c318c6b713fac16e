import Console
import Engine
import Monitoring
import Synchronization

/// What a running monitor answers to probes and to Prometheus.
final class MonitorConsole: ProbePort {
    private let metrics: MonitorMetrics
    private let clock = MonotonicClock()
    /// When its loop last said how it stands; `nil`: it has not begun.
    private let lastTurn = Mutex<Int64?>(nil)
    private let shown = Mutex<String?>(nil)
    /// It says so every second, unless it waits for brokers.
    private static let silenceNanoseconds: Int64 = 20_000_000_000

    private let begun = Mutex<(@Sendable () -> Void)?>(nil)

    init(_ metrics: MonitorMetrics) { self.metrics = metrics }

    /// - Parameter body: called once, on the monitor's thread.
    func whenItBegins(_ body: @escaping @Sendable () -> Void) { begun.withLock { $0 = body } }

    /// On the monitor's thread.
    func hear(_ notice: MonitorLoop.Notice) {
        metrics.hear(notice)
        guard case .stands = notice else { return }
        let isFirst = lastTurn.withLock { turn in
            defer { turn = clock.nanoseconds }
            return turn == nil
        }
        if isFirst { begun.withLock { $0 }?() }
    }

    func readiness() -> Readiness {
        guard let turn = lastTurn.withLock({ $0 }) else {
            return Readiness(reasons: [
                Readiness.Reason(code: "starting", text: "the state is read, and what was told before")
            ])
        }
        let silence = clock.nanoseconds - turn
        if silence < Self.silenceNanoseconds { return Readiness(reasons: []) }
        return Readiness(reasons: [
            Readiness.Reason(
                code: "waiting",
                text: "nothing was read for \(silence / 1_000_000_000) s: the log says what it waits for")
        ])
    }

    func metricsText() -> String { metrics.text() }

    /// On the monitor's thread.
    func show(_ report: MonitorReport) {
        let html = report.html
        shown.withLock { $0 = html }
    }

    func page() -> String? { shown.withLock { $0 } }
}

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
    /// It says so every second, unless it waits for brokers.
    private static let silenceNanoseconds: Int64 = 20_000_000_000

    init(_ metrics: MonitorMetrics) { self.metrics = metrics }

    /// On the monitor's thread.
    func hear(_ notice: MonitorLoop.Notice) {
        metrics.hear(notice)
        if case .stands = notice { lastTurn.withLock { $0 = clock.nanoseconds } }
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
}

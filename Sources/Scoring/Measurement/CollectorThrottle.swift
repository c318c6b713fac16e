import Engine
import Events
import Features
import Synchronization
import Workers

/// Keeps a run from outrunning whoever reads its scores, on a cluster that forgets; and takes the time.
// SAFETY: everything that changes is behind the mutex.
final class CollectorThrottle: StreamObserver, @unchecked Sendable {
    private struct State {
        var scored = 0
        var collected = 0
        var expected: Int?
        var startNanoseconds: Int64?
        var endNanoseconds: Int64 = 0
        var startCPU = 0.0
        var endCPU = 0.0
        var hasGivenUp = false
    }

    private let state = Mutex<State>(State())
    /// Never filled: waiting on it is a pause that needs no thread.
    private let pause = BoundedQueue<Bool>(capacity: 1)
    private let aheadMax: Int
    private let clock: any EngineClock
    private let cpuSeconds: @Sendable () -> Double

    init(aheadMax: Int, clock: any EngineClock, cpuSeconds: @escaping @Sendable () -> Double) {
        self.aheadMax = aheadMax
        self.clock = clock
        self.cpuSeconds = cpuSeconds
    }

    var collected: Int { state.withLock { $0.collected } }
    var isComplete: Bool {
        state.withLock { state in
            guard let expected = state.expected else { return state.hasGivenUp }
            return state.hasGivenUp || state.collected >= expected
        }
    }
    var seconds: Double { state.withLock { Double($0.endNanoseconds - ($0.startNanoseconds ?? 0)) / 1e9 } }
    var cpuSecondsUsed: Double { state.withLock { $0.endCPU - $0.startCPU } }

    func didScore(_ context: BatchContext, plan: ScoringPlan) {
        var scores = 0
        for row in 0..<context.batch.count where context.frame.dispositions[row] == .score { scores += 1 }
        let now = clock.nanoseconds
        let cpu = cpuSeconds()
        state.withLock { state in
            if state.startNanoseconds == nil { (state.startNanoseconds, state.startCPU) = (now, cpu) }
            state.scored += scores
        }
        while isTooFarAhead { _ = pause.pop(milliseconds: 10) }
    }

    private var isTooFarAhead: Bool { state.withLock { !$0.hasGivenUp && $0.scored - $0.collected > aheadMax } }

    func add(_ count: Int) {
        if count == 0 { return }
        let now = clock.nanoseconds
        let cpu = cpuSeconds()
        state.withLock { state in
            state.collected += count
            (state.endNanoseconds, state.endCPU) = (now, cpu)
        }
    }

    /// So many scores will come in all.
    func expect(_ count: Int) { state.withLock { $0.expected = count } }

    func giveUp() { state.withLock { $0.hasGivenUp = true } }
}

import Synchronization

@testable import Console

/// A process that says what the test wants it to say.
final class TestPort: ConsolePort {
    private struct State {
        var readiness = Readiness(reasons: [])
        var answer = EngineAnswer.answer(#"{"score":0.5}"#)
        var asked: [EngineQuestion] = []
    }

    private let state = Mutex(State())
    /// Questions are never answered.
    private let isSilent: Bool

    init(isSilent: Bool = false) { self.isSilent = isSilent }

    var reasons: [Readiness.Reason] {
        get { state.withLock { $0.readiness.reasons } }
        set { state.withLock { $0.readiness = Readiness(reasons: newValue) } }
    }

    var answer: EngineAnswer {
        get { state.withLock { $0.answer } }
        set { state.withLock { $0.answer = newValue } }
    }

    var asked: [EngineQuestion] { state.withLock { $0.asked } }

    func readiness() -> Readiness { state.withLock { $0.readiness } }
    func metricsText() -> String { "riffle_events_total 7\n" }
    func pipeline() -> JSONContent { ["pipeline": "card-fraud"] }

    func sample() -> LiveSample {
        var sample = LiveSample()
        sample.pipeline = "card-fraud"
        sample.eventsPerSecond = 2_000
        return sample
    }

    func ask(_ question: EngineQuestion) async -> EngineAnswer {
        state.withLock { $0.asked.append(question) }
        if isSilent {
            let (nothing, continuation) = AsyncStream.makeStream(of: Void.self)
            for await _ in nothing {}
            withExtendedLifetime(continuation) {}
        }
        return answer
    }
}

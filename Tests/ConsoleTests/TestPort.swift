import Events
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
    func events() -> EventSchema { Self.events }

    static let events = EventSchema(
        fields: [
            FieldPlan(name: "id", path: ["id"], type: .int, integerRange: 0...Int64.max),
            FieldPlan(name: "at", path: ["meta", "at"], type: .time(.iso8601), isOptional: true),
            FieldPlan(name: "note", path: ["meta", "note"], type: .string, isOptional: true),
            FieldPlan(name: "risk", path: ["risk"], type: .float, isNullable: true, floatRange: 0...1),
            FieldPlan(name: "amount", path: ["sum", "amount"], type: .decimal(scale: 2), isOptional: true),
        ], time: .field(FieldIndex(1)))

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

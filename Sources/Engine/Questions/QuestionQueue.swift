import Synchronization

/// Questions on their way to an engine, a bounded number, each answered once.
///
/// While nobody asks it costs the engine one relaxed load a batch.
public final class QuestionQueue: Sendable {
    /// A question, and who waits for its answer.
    final class Pending: Sendable {
        let question: StateQuestion
        private let waiting: Mutex<(@Sendable (StateAnswer) -> Void)?>

        init(_ question: StateQuestion, _ receive: @escaping @Sendable (StateAnswer) -> Void) {
            self.question = question
            waiting = Mutex(receive)
        }

        var isAnswered: Bool { waiting.withLock { $0 == nil } }

        /// Calls after the first do nothing.
        func answer(_ answer: StateAnswer) {
            let receive = waiting.withLock { waiting in
                defer { waiting = nil }
                return waiting
            }
            receive?(answer)
        }
    }

    private struct State {
        var questions: [Pending] = []
        var isOpen = true
    }

    private let capacity: Int
    private let state = Mutex(State())
    private let count = Atomic<Int>(0)

    public init(capacity: Int = 16) {
        precondition(capacity > 0, "\(capacity) questions")
        self.capacity = capacity
    }

    /// Asks, and gives the answer when it comes; from any task.
    ///
    /// - Parameter wake: called behind it, so that an engine that waits for events looks up.
    /// - Returns: at once `busy` where as many are asked as may be; `abandoned` where the task is cancelled.
    public func ask(_ question: StateQuestion, wake: @Sendable () -> Void) async -> StateAnswer {
        let slot = Mutex<Pending?>(nil)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let pending = Pending(question) { continuation.resume(returning: $0) }
                slot.withLock { $0 = pending }
                if Task.isCancelled {
                    pending.answer(.abandoned)
                } else if let refusal = add(pending) {
                    pending.answer(.busy(refusal))
                } else {
                    wake()
                }
            }
        } onCancel: {
            slot.withLock { $0 }?.answer(.abandoned)
        }
    }

    /// - Returns: why not; `nil`: it is in.
    func add(_ pending: Pending) -> String? {
        state.withLock { state in
            guard state.isOpen else { return "the engine does not run" }
            // Who was given up on is in nobody's way.
            state.questions.removeAll(where: \.isAnswered)
            guard state.questions.count < capacity else { return "\(capacity) questions wait already" }
            state.questions.append(pending)
            count.store(state.questions.count, ordering: .relaxed)
            return nil
        }
    }

    /// Answers what waits, and all that comes from now on, by saying that nobody is there.
    public func close() {
        let left = state.withLock { state in
            state.isOpen = false
            defer { state.questions = [] }
            return state.questions
        }
        count.store(0, ordering: .relaxed)
        for pending in left { pending.answer(.busy("the engine has ended")) }
    }

    // MARK: - On the engine's thread

    var isWaiting: Bool { count.load(ordering: .relaxed) > 0 }

    /// The oldest question that somebody still waits for.
    func next() -> Pending? {
        state.withLock { state in
            while !state.questions.isEmpty {
                let first = state.questions.removeFirst()
                count.store(state.questions.count, ordering: .relaxed)
                if !first.isAnswered { return first }
            }
            return nil
        }
    }
}

import Generation
import Synchronization
import Workers

/// A companion at work: its two parts on threads of their own, one after the other.
// SAFETY: `prepare`, `watch` and `end` are called by one thread; `failure` is behind its mutex.
final class CompanionRun: @unchecked Sendable {
    private let companion: any DemonstrationCompanion
    private let failure = Mutex<(any Error)?>(nil)
    /// Called where the companion cannot go on, on its thread.
    private let onFailure: @Sendable () -> Void
    private var thread: ServiceThread?

    init(_ companion: any DemonstrationCompanion, onFailure: @escaping @Sendable () -> Void) {
        self.companion = companion
        self.onFailure = onFailure
    }

    func prepare(_ history: CardTransactionOptions, from firstDay: Int) {
        start { try $0.prepare(history, from: firstDay) }
    }

    /// Waits until it is prepared, and begins to watch.
    func watch(brokers: String) throws {
        try join()
        start { try $0.watch(brokers: brokers) }
    }

    /// Ends what it does, in order.
    func end() throws {
        companion.requestStop()
        try join()
    }

    private func start(_ body: @escaping @Sendable (any DemonstrationCompanion) throws -> Void) {
        thread = ServiceThread(name: "companion") { [self] in
            do {
                try body(companion)
            } catch {
                failure.withLock { $0 = $0 ?? error }
                onFailure()
            }
        }
    }

    private func join() throws {
        thread?.join()
        thread = nil
        if let failure = failure.withLock({ $0 }) { throw failure }
    }
}

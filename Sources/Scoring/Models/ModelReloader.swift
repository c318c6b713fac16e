import Synchronization
import Workers

/// Has a `ModelWatch` look once a second, and at once when it is asked, on a thread of its own: what a model costs to read
/// is not taken from scoring.
final class ModelReloader: Sendable {
    static let everyMilliseconds = 1_000

    private let isAsked = Atomic<Bool>(false)
    private let isStopped = Atomic<Bool>(false)
    /// One that was passed over by a look of its own accord, one asked for meanwhile, and the end: nobody waits for room.
    private let wakes = BoundedQueue<Void>(capacity: 3)
    private let thread = Mutex<ServiceThread?>(nil)

    /// - Parameter watch: belongs to the thread from here on.
    init(_ watch: ModelWatch) {
        thread.withLock { thread in
            thread = ServiceThread(name: "models") { [self] in
                while true {
                    _ = wakes.pop(milliseconds: Self.everyMilliseconds)
                    if isStopped.load(ordering: .relaxed) { return }
                    watch.look(isAsked: isAsked.exchange(false, ordering: .relaxed))
                }
            }
        }
    }

    /// All files are read now, whether or not they seem to have changed; from any thread.
    func ask() {
        if !isAsked.exchange(true, ordering: .relaxed) { wakes.push(()) }
    }

    /// Ends the thread, when it has read what it reads; calls after the first do nothing.
    func stop() {
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        guard let running else { return }
        isStopped.store(true, ordering: .relaxed)
        wakes.push(())
        running.join()
    }
}

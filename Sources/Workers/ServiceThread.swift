import Dispatch

/// A long-lived loop on a Dispatch queue of its own: for calls that block, which may not run on Swift's cooperative
/// pool.
public final class ServiceThread: Sendable {
    private let done = DispatchSemaphore(value: 0)

    /// Starts `body` at once; it returns when its owner tells it to, by means of its own.
    public init(name: String, _ body: @escaping @Sendable () -> Void) {
        DispatchQueue(label: "riffle.\(name)", qos: .userInitiated).async { [done] in
            body()
            done.signal()
        }
    }

    /// Waits until the body has returned; call it once.
    public func join() { done.wait() }

    /// The same, for so long at most.
    ///
    /// - Returns: false where the body has not returned by then; it may be joined again, and only then.
    public func join(milliseconds: Int) -> Bool {
        done.wait(timeout: .now() + .milliseconds(milliseconds)) == .success
    }
}

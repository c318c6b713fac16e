import CoreMetrics
import Synchronization

/// Tells, now and then, that the cluster holds the stream up: which looks like a slow Riffle, and is mended elsewhere.
struct PressureWatch {
    /// Since the run began.
    struct Totals: Hashable {
        /// For which brokers asked the clients to wait, by client.
        var throttledMilliseconds: [String: UInt64] = [:]
        /// Times that a record found the producer's queue full.
        var queueFull: UInt64 = 0
    }

    /// What came since the last line of its kind.
    enum Line: Hashable {
        case throttled(client: String, milliseconds: UInt64)
        case queueFull(times: UInt64)
    }

    /// Between two lines of one kind.
    static let everyNanoseconds: Int64 = 10_000_000_000

    /// Of each kind: what its last line has told, and when.
    private var told: [String: (total: UInt64, at: Int64)] = [:]

    /// The lines that are due. Complexity: O(kinds).
    mutating func lines(_ totals: Totals, now: Int64) -> [Line] {
        var lines: [Line] = []
        for (client, total) in totals.throttledMilliseconds.sorted(by: { $0.key < $1.key }) {
            if let more = more(total, of: client, now) { lines.append(.throttled(client: client, milliseconds: more)) }
        }
        if let more = more(totals.queueFull, of: "queue", now) { lines.append(.queueFull(times: more)) }
        return lines
    }

    private mutating func more(_ total: UInt64, of kind: String, _ now: Int64) -> UInt64? {
        let last = told[kind]
        guard total > last?.total ?? 0 else { return nil }
        if let last, now - last.at < Self.everyNanoseconds { return nil }
        told[kind] = (total, now)
        return total - (last?.total ?? 0)
    }
}

/// A counter whose count can be asked for.
final class ReadableCounter: Sendable {
    private let counter: Counter
    private let total = Atomic<UInt64>(0)

    init(_ counter: Counter) { self.counter = counter }

    var value: UInt64 { total.load(ordering: .relaxed) }

    func increment() {
        counter.increment()
        total.add(1, ordering: .relaxed)
    }
}

import Synchronization

/// Hands each sample to whoever listens: who is slow misses samples and holds nobody up.
final class LiveFeed: Sendable {
    /// The right to listen, until it is let go.
    final class Ticket: Sendable {
        /// Server-sent events, each whole; ends with the feed.
        let events: AsyncStream<String>
        private let feed: LiveFeed
        private let number: Int

        fileprivate init(_ events: AsyncStream<String>, _ feed: LiveFeed, _ number: Int) {
            self.events = events
            self.feed = feed
            self.number = number
        }

        deinit { feed.leave(number) }
    }

    private struct State {
        var listeners: [Int: AsyncStream<String>.Continuation] = [:]
        var nextNumber = 0
        var history: [JSONContent] = []
        var latest: String?
        var isClosed = false
    }

    private let listenersMax: Int
    private let state = Mutex(State())
    /// Samples that a new listener hears of in brief.
    static let historyMax = 120

    init(_ limits: ConsoleLimits) { listenersMax = limits.listenersMax }

    /// `nil`: as many listen as may, or the feed has ended.
    func enter() -> Ticket? {
        state.withLock { state in
            guard state.listeners.count < listenersMax, !state.isClosed else { return nil }
            // The history and the latest sample come first; of what cannot be sent in time only the newest waits.
            let (events, continuation) = AsyncStream.makeStream(
                of: String.self, bufferingPolicy: .bufferingNewest(2))
            continuation.yield(Self.event("history", JSONContent.array(state.history).text))
            if let latest = state.latest { continuation.yield(latest) }
            state.nextNumber += 1
            state.listeners[state.nextNumber] = continuation
            return Ticket(events, self, state.nextNumber)
        }
    }

    private func leave(_ number: Int) {
        state.withLock { _ = $0.listeners.removeValue(forKey: number) }
    }

    func publish(_ sample: LiveSample) {
        let event = Self.event("sample", sample.json.text)
        let point: JSONContent = [
            "seconds": .number(sample.seconds), "rate": sample.eventsPerSecond.map { .number($0) } ?? .null,
            "p50": sample.latency.map { .number($0.p50) } ?? .null,
            "p99": sample.latency.map { .number($0.p99) } ?? .null,
            "lag": sample.lag.map { .integer($0) } ?? .null,
        ]
        let listeners = state.withLock { state in
            state.latest = event
            state.history.append(point)
            if state.history.count > Self.historyMax { state.history.removeFirst() }
            return Array(state.listeners.values)
        }
        for listener in listeners { listener.yield(event) }
    }

    /// Ends all streams; nobody enters any more.
    func close() {
        let listeners = state.withLock { state in
            state.isClosed = true
            defer { state.listeners = [:] }
            return Array(state.listeners.values)
        }
        for listener in listeners { listener.finish() }
    }

    /// The text has no line feeds: it is JSON on one line.
    private static func event(_ name: String, _ text: String) -> String { "event: \(name)\ndata: \(text)\n\n" }
}

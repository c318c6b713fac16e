/// Every bound of the console, and what happens beyond it.
public struct ConsoleLimits: Sendable {
    /// Longer bodies are refused (413). Of the pipeline's `limits.event_bytes`: no event may be longer.
    public var bodyBytesMax = 256 << 10
    /// Header fields together; longer ones end the connection (400).
    public var headerBytesMax = 16 << 10
    public var headerCountMax = 64
    /// Connections at once; others wait until one closes.
    public var connectionsMax = 64
    /// A peer may send so many requests at once,
    public var requestBurst = 100.0
    /// and so many a second from then on; what is more is refused (429).
    public var requestsPerSecond = 50.0
    /// Peers that are told apart; all others share one allowance.
    public var peersMax = 1_024
    /// Until a connection's next request has to be there, headers included; else it is closed.
    public var headMilliseconds: Int64 = 15_000
    /// Until a request's body has to be there, and until a peer has to take what was sent to it.
    public var bodyMilliseconds: Int64 = 15_000
    public var sendMilliseconds: Int64 = 15_000
    /// Listeners to the stream at once; others are refused (503).
    public var listenersMax = 16
    /// Between two samples of the stream.
    public var sampleMilliseconds: Int64 = 1_000
    /// How long a question to the engine may wait for its answer (504).
    public var answerMilliseconds: Int64 = 5_000
    /// How long connections may take to end with the run.
    public var stopMilliseconds: Int64 = 2_000

    public init() {}
}

public import Events

/// What others ask of every process: whether it works, and what it has counted. Called on the console's own thread: it
/// must neither block nor take long.
public protocol ProbePort: Sendable {
    func readiness() -> Readiness
    /// All metrics in Prometheus' text format.
    func metricsText() -> String
    /// A page of HTML without scripts, where the process has one to show; `nil`: not yet.
    func page() -> String?
}

extension ProbePort {
    public func page() -> String? { nil }
}

/// What the console asks of the process that it stands in; the same holds.
public protocol ConsolePort: ProbePort {
    /// The plan that runs: for `/v1/pipeline`.
    func pipeline() -> JSONContent
    /// What events of the scored source look like: for `/openapi.json`.
    func events() -> EventSchema
    /// How things stand; called once every `ConsoleLimits.sampleMilliseconds`, whether or not anybody listens.
    func sample() -> LiveSample
    /// Passes a question to the engine, which answers it between batches.
    ///
    /// Cancelled when the console no longer waits; the question is then dropped if its turn has not come.
    func ask(_ question: EngineQuestion) async -> EngineAnswer
}

/// Whether the process scores what comes.
public struct Readiness: Hashable, Sendable {
    /// Why not: a stable code, and a sentence.
    public struct Reason: Hashable, Sendable {
        public let code: String
        public let text: String

        public init(code: String, text: String) {
            self.code = code
            self.text = text
        }
    }

    public let reasons: [Reason]

    /// - Parameter reasons: empty: it is ready.
    public init(reasons: [Reason]) { self.reasons = reasons }

    public var isReady: Bool { reasons.isEmpty }

    var json: JSONContent {
        [
            "ready": .bool(isReady),
            "reasons": .array(reasons.map { ["code": .string($0.code), "text": .string($0.text)] }),
        ]
    }
}

/// What can be asked of live state; no answer changes it.
public enum EngineQuestion: Hashable, Sendable {
    /// The record of an event of the scored source, as if it came now.
    case score(event: [UInt8])
    /// The same with the values of all features, and reasons whatever the pipeline says about when.
    case explain(event: [UInt8])
    /// The features of one key of an entity at the watermark, without an event.
    case features(entity: String, key: String)
}

/// What the engine says to a question.
public enum EngineAnswer: Hashable, Sendable {
    /// JSON.
    case answer(String)
    case refused(Refusal)

    /// A stable code, and a sentence.
    public struct Refusal: Hashable, Sendable {
        public enum Kind: Hashable, Sendable {
            /// The event is none that this pipeline could score.
            case event
            /// There is no such entity, or nothing is known of the key.
            case unknown
            /// The engine is not there, not ready, or has too many questions already.
            case busy
            case timedOut
        }

        public let kind: Kind
        public let code: String
        public let text: String

        public init(_ kind: Kind, code: String, text: String) {
            self.kind = kind
            self.code = code
            self.text = text
        }
    }
}

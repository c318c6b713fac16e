public import Kafka

/// Where an event was read: the `riffle-origin` header, `topic/partition/offset`.
public struct DeadLetterOrigin: Hashable, Sendable, CustomStringConvertible {
    public let topic: String
    public let partition: Int32
    public let offset: Int64

    public init(topic: String, partition: Int32, offset: Int64) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
    }

    /// Reads `topic/partition/offset`; `nil` for anything else. No topic has a `/` in its name.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, (1...249).contains(parts[0].utf8.count),
            parts[0].utf8.allSatisfy({ Self.isTopicByte($0) }),
            let partition = Self.number(parts[1]).flatMap(Int32.init(exactly:)),
            let offset = Self.number(parts[2])
        else { return nil }
        self.init(topic: String(parts[0]), partition: partition, offset: offset)
    }

    public var description: String { "\(topic)/\(partition)/\(offset)" }

    /// Digits only: `Int64` itself would take a sign.
    private static func number(_ text: Substring) -> Int64? {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int64(text) : nil
    }

    private static func isTopicByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

/// One record of a dead-letter topic, copied.
///
/// Anybody may write to the topic: every header may be missing, doubled or nonsense, and none is trusted.
public struct DeadLetter: Hashable, Sendable {
    /// Its own place, on the dead-letter topic.
    public var partition: Int32
    public var offset: Int64
    /// When it was written there; `nil` where the record says nothing.
    public var timeMicroseconds: Int64?
    /// `nil`: it does not say, or says it wrong.
    public var origin: DeadLetterOrigin?
    /// Empty where it does not say.
    public var code: String
    /// For people; without values of the event.
    public var message: String
    /// How often the event was tried, at least 1.
    public var attempts: Int
    /// What is missing of the event: `value`, or `key, value and headers`; `nil`: nothing.
    public var truncated: String?
    /// The event's own timestamp; `nil` where it had none, or where Riffle was too old to note it.
    public var eventTimestampMilliseconds: Int64?
    public var key: [UInt8]?
    /// `nil`: a tombstone, or it was too large to be kept.
    public var value: [UInt8]?
    /// The event's own, in order.
    public var headers: [KafkaHeaderCopy]

    static let headerPrefix = "riffle-"
    static let attemptsHeader: StaticString = "riffle-attempts"
    /// Six digits: as many as are read back.
    static let attemptsMax = 999_999

    public init(partition: Int32, _ record: KafkaRecord) {
        self.init(
            partition: partition, offset: record.offset,
            timeMicroseconds: record.timestampMicroseconds == .min ? nil : record.timestampMicroseconds,
            key: record.keyBytes.map { Array($0) }, value: record.valueBytes.map { Array($0) },
            headers: record.headers())
    }

    init(
        partition: Int32, offset: Int64, timeMicroseconds: Int64?, key: [UInt8]?, value: [UInt8]?,
        headers: [KafkaHeaderCopy]
    ) {
        self.partition = partition
        self.offset = offset
        self.timeMicroseconds = timeMicroseconds
        self.key = key
        self.value = value
        func text(_ name: String) -> String? {
            headers.last { $0.name == name }?.value.map { String(decoding: $0, as: UTF8.self) }
        }
        origin = text("riffle-origin").flatMap(DeadLetterOrigin.init)
        code = text("riffle-error-code") ?? ""
        message = text("riffle-error") ?? ""
        attempts = max(1, text("riffle-attempts").flatMap(Self.count) ?? 1)
        truncated = text("riffle-truncated")
        eventTimestampMilliseconds = text("riffle-timestamp").flatMap(Self.timestamp)
        self.headers = headers.filter { !$0.name.hasPrefix(Self.headerPrefix) }
    }

    /// As the pipeline counts: up to six digits.
    private static func count(_ text: String) -> Int? { text.utf8.count <= 6 ? timestamp(text).map(Int.init) : nil }

    private static func timestamp(_ text: String) -> Int64? {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int64(text) : nil
    }
}

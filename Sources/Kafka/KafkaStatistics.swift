public import Foundation

/// What librdkafka says of one client's connections and queue, at each `statistics.interval.ms`.
///
/// Only what is named here is read of librdkafka's JSON; what is absent or of another type counts as nothing.
public struct KafkaStatistics: Sendable {
    public struct Broker: Sendable {
        /// librdkafka's own name; it stays the same while the client lives.
        public let name: String
        /// -1 for addresses that stand in the configuration.
        public let nodeID: Int
        /// `host:port` of the broker that plays the part; it changes when a coordinator moves.
        public let nodeName: String
        public let isUp: Bool
        /// A part that some broker plays, such as the group's coordinator.
        public let isCoordinator: Bool
        public let disconnects: UInt64
        /// Since the client was made, as are the next ones.
        public let retries: UInt64
        public let timeouts: UInt64
        public let errors: UInt64
    }

    public let brokers: [Broker]
    /// Records that a producer holds.
    public let queuedRecords: UInt64
    public let queuedBytes: UInt64

    /// Longer statistics are refused: with hundreds of brokers and thousands of partitions they stay far below it.
    public static let bytesMax = 16 << 20
    /// More brokers are not looked at.
    public static let brokersMax = 1_000

    /// - Returns: `nil` for what is too long or no JSON object.
    /// Complexity: O(bytes), and allocates as much again: not on a thread that events wait for.
    public init?(json: Data) {
        guard json.count <= Self.bytesMax, let text = try? JSONDecoder().decode(Document.self, from: json) else {
            return nil
        }
        queuedRecords = text.msg_cnt?.count ?? 0
        queuedBytes = text.msg_size?.count ?? 0
        let found = (text.brokers ?? [:]).sorted { $0.key < $1.key }.prefix(Self.brokersMax)
        brokers = found.map { Broker(name: $0.key, $0.value) }
    }
}

extension KafkaStatistics.Broker {
    fileprivate init(name: String, _ text: Document.Broker) {
        self.name = name
        nodeID = text.nodeid?.signed ?? -1
        nodeName = text.nodename ?? ""
        isUp = text.state == "UP"
        isCoordinator = text.source == "logical"
        disconnects = text.disconnects?.count ?? 0
        retries = text.txretries?.count ?? 0
        timeouts = text.req_timeouts?.count ?? 0
        errors = (text.txerrs?.count ?? 0) &+ (text.rxerrs?.count ?? 0)
    }
}

/// librdkafka's names, as in its STATISTICS.md.
private struct Document: Decodable {
    struct Broker: Decodable {
        let nodeid: Number?
        let nodename: String?
        let source: String?
        let state: String?
        let disconnects: Number?
        let txretries: Number?
        let req_timeouts: Number?
        let txerrs: Number?
        let rxerrs: Number?
    }

    let msg_cnt: Number?
    let msg_size: Number?
    let brokers: [String: Broker]?
}

/// A whole number, or anything else, which is none: one odd field does not cost all others.
private struct Number: Decodable {
    let signed: Int?

    var count: UInt64 { UInt64(max(0, signed ?? 0)) }

    init(from decoder: any Decoder) throws {
        signed = try? decoder.singleValueContainer().decode(Int.self)
    }
}

/// Receives what a client says of itself beside failures, on the thread that polls it: it must be quick, and must not
/// call back into the client.
public protocol KafkaStatisticsSink: AnyObject, Sendable {
    /// How often statistics are wanted, unless the user has set `statistics.interval.ms`; `nil`: never.
    var statisticsMilliseconds: Int? { get }
    /// librdkafka's statistics, JSON in UTF-8; borrowed for the call.
    func didReport(_ statistics: UnsafeRawBufferPointer)
    /// A broker asks for a wait of so long before the next request.
    func didThrottle(milliseconds: Int)
}

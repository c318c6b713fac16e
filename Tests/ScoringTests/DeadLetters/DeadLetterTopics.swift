import Foundation
import Kafka
import Testing

@testable import Scoring

/// A record as it was read back, with its headers.
struct ReadRecord {
    var partition: Int32
    var key: [UInt8]?
    var value: [UInt8]?
    var headers: [KafkaHeaderCopy]
    var timeMicroseconds: Int64
}

/// An embedded cluster with the topics of the card-fraud pipeline.
struct DeadLetterTopics {
    let cluster: EmbeddedCluster
    private let assembly: PipelineAssembly
    private let sourcePartitions: Int
    private static let source = "card.transactions"
    private static let letters = "card.dead-letter"

    struct Refused {
        let offset: Int64
        let refusal: DeadLetterRefusal
    }

    /// - Parameter properties: for librdkafka, in the pipeline file.
    init(sourcePartitions: Int, letterPartitions: Int, properties: String = "") throws {
        cluster = try EmbeddedCluster()
        try cluster.createTopic(Self.source, partitions: sourcePartitions)
        try cluster.createTopic("card.labels", partitions: 1)
        if letterPartitions > 0 { try cluster.createTopic(Self.letters, partitions: letterPartitions) }
        let file = URL(fileURLWithPath: TestFiles.cardFraud)
        let model = file.deletingLastPathComponent().appending(path: "models/card-fraud.json").path
        let text = try String(contentsOf: file, encoding: .utf8)
            .replacing("models/card-fraud.json", with: model)
            .replacing("kafka:\n", with: "kafka:\n  properties: {\(properties)}\n")
        assembly = try #require(try TestFiles.assembly(text))
        self.sourcePartitions = sourcePartitions
    }

    /// Writes letters, each to its partition.
    func add(_ letters: [Letter]) throws {
        var delivered = 0
        let producer = try KafkaProducer(
            brokers: cluster.bootstrapServers, onDelivery: { if $0.isDelivered { delivered += 1 } })
        let topic = try producer.topic(Self.letters)
        for letter in letters {
            let headers = letter.headers.map { (Array($0.0.utf8), Array($0.1.utf8)) }
            let outcome = headers.flatMap { $0.0 + $0.1 }.withUnsafeBytes { bytes in
                var start = 0
                func next(_ count: Int) -> UnsafeRawBufferPointer {
                    defer { start += count }
                    return UnsafeRawBufferPointer(rebasing: bytes[start..<start + count])
                }
                let lent = headers.map { KafkaHeader(name: next($0.0.count), value: next($0.1.count)) }
                return lent.withUnsafeBufferPointer { lent in
                    lend(letter.key) { key in
                        lend(letter.value) { value in
                            producer.produce(
                                to: topic, partition: letter.partition, key: key, value: value, headers: lent,
                                timestampMilliseconds: letter.time.map { $0 / 1_000 }, token: 0)
                        }
                    }
                }
            }
            guard case .queued = outcome else { throw DeadlinePassed(description: "\(outcome)") }
        }
        #expect(producer.flush(milliseconds: 20_000) == 0)
        #expect(delivered == letters.count)
    }

    private func lend<Result>(_ text: String?, _ body: (UnsafeRawBufferPointer?) -> Result) -> Result {
        guard let text else { return body(nil) }
        return Array(text.utf8).withUnsafeBytes { body($0) }
    }

    /// Replays; what was done is in `summary` even where this throws.
    @discardableResult
    func replay(
        into summary: inout DeadLetterReplaySummary, isTrial: Bool = false,
        query change: (inout DeadLetterQuery) -> Void = { _ in }
    ) throws -> [Refused] {
        var query = DeadLetterQuery()
        change(&query)
        var refused: [Refused] = []
        let brokers = cluster.bootstrapServers
        let replay = try DeadLetterReplay(brokers: brokers, of: assembly, logger: PublishedTopic.quiet)
        var log = try DeadLetterLog(query, brokers: brokers, of: assembly, logger: PublishedTopic.quiet)
        try replay.run(&log, isTrial: isTrial, into: &summary) { letter, refusal in
            refused.append(Refused(offset: letter.offset, refusal: refusal))
        }
        return refused
    }

    func replay(
        isTrial: Bool = false, query change: (inout DeadLetterQuery) -> Void = { _ in }
    ) throws -> (summary: DeadLetterReplaySummary, refused: [Refused]) {
        var summary = DeadLetterReplaySummary()
        let refused = try replay(into: &summary, isTrial: isTrial, query: change)
        return (summary, refused)
    }

    /// The source topic, one partition after the other.
    func readSource() throws -> [ReadRecord] {
        var records: [ReadRecord] = []
        for partition in 0..<Int32(sourcePartitions) {
            let reader = try TopicReader(
                brokers: cluster.bootstrapServers, group: "reader", topic: Self.source, partition: partition, from: 0,
                milliseconds: 20_000)
            reading: while true {
                switch try reader.next(milliseconds: 20_000) {
                case .record(let record):
                    records.append(
                        ReadRecord(
                            partition: partition, key: record.keyBytes.map { Array($0) },
                            value: record.valueBytes.map { Array($0) }, headers: record.headers(),
                            timeMicroseconds: record.timestampMicroseconds))
                case .nothingYet: throw DeadlinePassed(description: "nothing came within 20 s")
                case .end: break reading
                }
            }
        }
        return records
    }
}

import Configuration
import Engine
import Events
import Foundation
import Kafka
import Synchronization
import Testing
import Workers

@testable import Generation
@testable import Scoring

/// A pipeline whose windows go by card, the topic's key, and by shop, which every partition has; its topics, and
/// seeded payments.
final class TopicReplayFixture {
    static let partitions = 3
    static let events = 600
    private static let rounds = 4
    private static let startMilliseconds: Int64 = 1_709_251_200_000

    static let pipeline = """
        pipeline: uneven
        kafka: {brokers: embedded, group: uneven}
        sources:
          payments:
            topic: payments
            format: json
            key: card
            id: id
            time: {field: at, format: epoch-ms}
            fields:
              id: int
              card: string
              shop: string
              amount: {type: decimal, scale: 2}
        features:
          - amount: amount
          - by: card
            over: [1h, 1d]
            aggregates:
              card_count: count()
              card_mean: mean(amount)
          - by: shop
            over: [1h, 1d]
            aggregates:
              shop_count: count()
              shop_mean: mean(amount)
          - ratio: amount / shop_mean_1h
        decide:
          - review: shop_count_1h > 5
          - allow: true
        output: {topic: scores, features: all}
        dead_letter: {topic: letters}
        merge: {wait: 1ms}

        """

    struct Payment {
        var key: String
        var json: String
        var milliseconds: Int64
    }

    /// By id, the bits of each feature; a missing one has none.
    typealias Rows = [Int: [String: UInt64?]]

    let cluster: EmbeddedCluster
    private let topic: String
    let assembly: PipelineAssembly
    private let folder: URL

    init(_ pipeline: String = TopicReplayFixture.pipeline, partitions: Int = TopicReplayFixture.partitions) throws {
        assembly = try #require(try TestFiles.assembly(pipeline))
        topic = assembly.spec.sources[0].topic.value
        cluster = try EmbeddedCluster(for: assembly.plan, partitions: partitions, onLog: { _ in })
        folder = FileManager.default.temporaryDirectory.appending(path: "riffle-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func path(_ name: String) -> String { folder.appending(path: name).path }
    var files: [String] { (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [] }

    // MARK: - Events

    /// Payments of a day, nearly in order of their times; one in fifty is no JSON.
    static func payments(seed: UInt64) -> [Payment] {
        var random = RandomSource(seed: seed, stream: 1)
        return (0..<events).map { id in
            let at = startMilliseconds + Int64(id) * 144_000 - Int64(random.below(900_000))
            let (card, shop) = ("card-\(random.below(12))", "shop-\(random.below(4))")
            let amount = "\(random.below(90_000)).\(10 + random.below(90))"
            var json = "{\"id\":\(id),\"card\":\"\(card)\",\"shop\":\"\(shop)\",\"at\":\(at),\"amount\":\(amount)}"
            if id % 50 == 49 { json.removeLast() }
            return Payment(key: card, json: json, milliseconds: at)
        }
    }

    func publish(_ payments: [Payment]) throws {
        let publisher = try TopicPublisher(
            brokers: cluster.bootstrapServers, topic: topic, properties: KafkaProperties(), logger: PublishedTopic.quiet
        )
        for payment in payments {
            _ = try Array(payment.key.utf8).withUnsafeBytes { key in
                try Array(payment.json.utf8).withUnsafeBytes { value in
                    try publisher.publish(key: key, value: value, timestampMilliseconds: payment.milliseconds)
                }
            }
        }
        #expect(publisher.finish().delivered == payments.count)
    }

    /// Scores all payments of a seed as they come: in rounds, each a seeded stretch of every partition, often none, so
    /// that what one partition has comes long before what another has of the same time.
    func runUnevenly(seed: UInt64) throws -> StreamSummary {
        let all = Self.payments(seed: seed)
        var random = RandomSource(seed: seed, stream: 2)
        var rest = (0..<Self.partitions).map { partition in
            all.filter { payment in
                Array(payment.key.utf8).withUnsafeBytes {
                    KafkaPartitioner.partition(of: $0, partitions: Self.partitions)
                } == Int32(partition)
            }[...]
        }
        var rounds: [[Payment]] = []
        for round in 1...Self.rounds {
            rounds.append([])
            for partition in rest.indices {
                let share = round == Self.rounds ? rest[partition].count : random.below(rest[partition].count + 1)
                let count = round == Self.rounds || random.below(2) == 0 ? share : 0
                rounds[round - 1] += rest[partition].prefix(count)
                rest[partition] = rest[partition].dropFirst(count)
            }
        }
        return try run(rounds)
    }

    /// `riffle run` beside somebody who publishes a round when the one before is scored.
    func run(_ rounds: [[Payment]]) throws -> StreamSummary {
        var options = RunOptions()
        options.brokers = cluster.bootstrapServers
        options.propertyDefaults = BrokerChoice.embeddedDefaults
        let witness = ScoredRows()
        let service = RunService(
            assembly: assembly, brokers: cluster.bootstrapServers, options: options, logger: PublishedTopic.quiet,
            observer: witness)
        let outcome = Mutex<Result<StreamSummary, any Error>?>(nil)
        let thread = ServiceThread(name: "run") {
            let result = Result { try service.run() }
            outcome.withLock { $0 = result }
        }
        let published = Result {
            for round in rounds {
                try publish(round)
                try witness.wait(for: round.count)
            }
        }
        service.requestStop()
        thread.join()
        try published.get()
        return try #require(outcome.withLock { $0 }).get()
    }

    // MARK: - Rows

    func makeReplay(
        to output: String, _ change: (inout TopicReplayOptions) -> Void = { _ in }
    ) throws -> TopicReplayService {
        var options = TopicReplayOptions(output: path(output))
        options.propertyDefaults = BrokerChoice.embeddedDefaults
        change(&options)
        return try TopicReplayService(
            assembly: assembly, brokers: cluster.bootstrapServers, options: options, logger: PublishedTopic.quiet)
    }

    func replay(
        to output: String, observer: (any TopicReplayObserver)? = nil,
        _ change: (inout TopicReplayOptions) -> Void = { _ in }
    ) throws -> ReplayOutcome {
        try makeReplay(to: output, change).run(observer: observer)
    }

    func text(_ name: String) throws -> String {
        try String(contentsOf: URL(fileURLWithPath: path(name)), encoding: .utf8)
    }

    /// The rows of a replay in NDJSON.
    func rows(_ name: String) throws -> Rows {
        var rows: Rows = [:]
        for line in try text(name).split(separator: "\n") {
            let row = try Self.object(Array(line.utf8))
            let id = try #require(row["id"] as? Int)
            let features = row.filter { !["id", "event_time", "score", "decision"].contains($0.key) }
            #expect(rows.updateValue(Self.bits(features), forKey: id) == nil, "payment \(id) has two rows")
        }
        return rows
    }

    /// The features of every record on the topic of scores.
    func scores() throws -> Rows {
        var rows: Rows = [:]
        for value in try values(of: "scores") {
            let score = try Self.object(value)
            let id = try #require((score["id"] as? String).flatMap { Int($0) })
            let features = try #require(score["features"] as? [String: Any])
            #expect(rows.updateValue(Self.bits(features), forKey: id) == nil, "payment \(id) has two scores")
        }
        return rows
    }

    private static func object(_ bytes: [UInt8]) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    }

    private static func bits(_ features: [String: Any]) -> [String: UInt64?] {
        features.mapValues { ($0 as? NSNumber)?.doubleValue.bitPattern }
    }

    /// How many records each topic of the pipeline holds, and what its group has committed.
    func footprint() throws -> [String] {
        let admin = try KafkaAdmin(brokers: cluster.bootstrapServers)
        let topics = ["payments", "scores", "letters", "uneven.order"]
        let places = (0..<Self.partitions).map { TopicPartition(topic: "payments", partition: Int32($0)) }
        let consumer = try KafkaConsumer(brokers: cluster.bootstrapServers, group: "uneven")
        let committed = try consumer.committed(of: places, milliseconds: 20_000).map { $0?.offset ?? -1 }
        return try topics.map { "\($0) \(try admin.endOffsets(of: $0, milliseconds: 20_000))" } + ["\(committed)"]
    }

    private func values(of topic: String) throws -> [[UInt8]] {
        var values: [[UInt8]] = []
        for partition in 0..<Int32(Self.partitions) {
            let reader = try TopicReader(
                brokers: cluster.bootstrapServers, group: "reader", topic: topic, partition: partition, from: 0,
                milliseconds: 20_000)
            reading: while true {
                switch try reader.next(milliseconds: 20_000) {
                case .record(let record): values.append(record.valueBytes.map { Array($0) } ?? [])
                case .nothingYet: throw DeadlinePassed(description: "nothing came within 20 s")
                case .end: break reading
                }
            }
        }
        return values
    }
}

/// Counts rows as they are scored.
private final class ScoredRows: StreamObserver {
    private let batches = BoundedQueue<Int>(capacity: 10_000)

    func didScore(_ context: BatchContext, plan: ScoringPlan) { batches.push(context.batch.count) }

    /// Blocks until so many more are.
    func wait(for count: Int) throws {
        var left = count
        while left > 0 {
            guard let rows = batches.pop(milliseconds: 60_000) else {
                throw DeadlinePassed(description: "\(left) of \(count) rows were not scored within 60 s")
            }
            left -= rows
        }
    }
}

/// Remembers what it is told.
final class TopicReplayWitness: TopicReplayObserver {
    private(set) var faults: [String] = []
    private(set) var last: ReplayProgress?

    func replayDidAdvance(_ progress: ReplayProgress) { last = progress }
    func replayDidFind(origin: String, code: String, message: String) { faults.append("\(origin) \(code)") }
}

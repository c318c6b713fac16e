import Foundation
import Kafka
import Logging

@testable import Scoring

/// A record as it was read back.
struct PublishedRecord: Equatable {
    var partition: Int32
    var offset: Int64
    var key: String
    var value: String
    var timestampMicroseconds: Int64
}

struct DeadlinePassed: Error, CustomStringConvertible {
    let description: String
}

/// A topic on an embedded cluster of its own, read from its beginning without a group; and commits of a group.
final class PublishedTopic {
    let cluster: EmbeddedCluster
    let name: String
    let partitions: Int
    private let buffer = UnsafeMutableBufferPointer<KafkaRecord>.allocate(capacity: 1_024)

    init(partitions: Int, name: String = "card.transactions") throws {
        cluster = try EmbeddedCluster()
        try cluster.createTopic(name, partitions: partitions)
        self.name = name
        self.partitions = partitions
    }

    deinit { buffer.deallocate() }

    static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    func makePublisher(group: String? = nil, bytesMax: Int = BacklogGate.bytesMaxDefault) throws -> TopicPublisher {
        try TopicPublisher(
            brokers: cluster.bootstrapServers, topic: name, properties: KafkaProperties(),
            follower: group.map { TopicPublisher.Follower(group: $0, bytesMax: bytesMax) }, logger: Self.quiet)
    }

    /// Reads so many records, in the order of each partition.
    func read(_ count: Int) throws -> [PublishedRecord] {
        let consumer = try makeConsumer(group: "reader")
        let silent = Silent()
        var records: [PublishedRecord] = []
        let end = ContinuousClock.now.advanced(by: .seconds(30))
        while records.count < count {
            guard ContinuousClock.now < end else {
                throw DeadlinePassed(description: "\(records.count) of \(count) records within 30 s")
            }
            consumer.wait(milliseconds: 20)
            try consumer.poll(silent)
            for partition in consumer.partitions {
                let taken = consumer.take(partition, max: 1_000, into: buffer)
                let lent = UnsafeBufferPointer(rebasing: buffer[..<taken.count])
                for record in lent {
                    records.append(
                        PublishedRecord(
                            partition: partition.partition, offset: record.offset,
                            key: text(record.keyBytes),
                            value: text(record.valueBytes),
                            timestampMicroseconds: record.timestampMicroseconds))
                }
                consumer.release(lent)
            }
        }
        return records
    }

    private func text(_ bytes: UnsafeRawBufferPointer?) -> String {
        bytes.map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// Commits the end of every partition, as a group that has read everything would.
    func commitAll(group: String) throws {
        let admin = try KafkaAdmin(brokers: cluster.bootstrapServers)
        let ends = try admin.endOffsets(of: name, milliseconds: 10_000)
        let consumer = try makeConsumer(group: group)
        let positions = zip(consumer.partitions, ends).map {
            CommitPosition(topic: name, partition: $0.partition, nextOffset: $1)
        }
        let report = try consumer.commitAndWait(positions, epoch: consumer.epoch, milliseconds: 10_000)
        if let failure = report.failure { throw failure }
    }

    private func makeConsumer(group: String) throws -> KafkaConsumer {
        let consumer = try KafkaConsumer(
            brokers: cluster.bootstrapServers, group: group, properties: KafkaProperties(["fetch.wait.max.ms": "5"]))
        let all = (0..<partitions).map { TopicPartition(topic: name, partition: Int32($0)) }
        _ = try consumer.read(all, from: Array(repeating: 0, count: partitions))
        return consumer
    }

    private final class Silent: KafkaConsumerDelegate {
        func assigned(
            _ partitions: [AssignedPartition], epoch: AssignmentEpoch, consumer: KafkaConsumer
        ) throws(KafkaFailure) -> [Int64] { partitions.map { _ in 0 } }
        func revoked(epoch: AssignmentEpoch, consumer: KafkaConsumer) {}
        func lost(epoch: AssignmentEpoch, consumer: KafkaConsumer) {}
        func committed(_ report: CommitReport) {}
        func failed(_ failure: KafkaFailure) {}
    }
}

/// Folders and pipelines for tests.
enum TestFiles {
    static let packageRoot = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static var cardFraud: String { packageRoot.appending(path: "pipelines/card-fraud/pipeline.yaml").path }

    /// Calls `body` with a new folder, which is removed afterwards.
    static func withFolder<Value>(_ body: (URL) throws -> Value) throws -> Value {
        let folder = FileManager.default.temporaryDirectory.appending(path: "riffle-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try body(folder)
    }

    /// The assembly of a pipeline text.
    static func assembly(_ text: String) throws -> PipelineAssembly? {
        try withFolder { folder in
            let file = folder.appending(path: "pipeline.yaml")
            try Data(text.utf8).write(to: file)
            return PipelineAssembly.load(path: file.path).assembly
        }
    }
}

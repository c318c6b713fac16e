import Events
import Foundation
import Generation
import Kafka
import Testing

@testable import Scoring

struct TopicPublisherTests {
    private func options(events: Int, seed: UInt64 = 1, rate: Double? = nil) -> GenerateOptions {
        var options = GenerateOptions()
        options.transactions = CardTransactionOptions(seed: seed, customers: 100, terminals: 200)
        options.eventsMax = events
        options.eventsPerSecond = rate
        return options
    }

    @Test func everyEventArrivesOnceInItsKeysPartitionInOrder() throws {
        let topic = try PublishedTopic(partitions: 4)
        let summary = try GenerateService(options(events: 3_000)).publish(with: topic.makePublisher())
        #expect(summary.events == 3_000)
        #expect(summary.failed == 0)
        #expect(summary.firstFailure == nil)
        let records = try topic.read(3_000)

        var expected: [Int32: [String]] = [:]
        var frauds = 0
        let generator = CardTransactionGenerator(options(events: 3_000).transactions)
        for transaction in IteratorSequence(generator).prefix(3_000) {
            var (key, value): ([UInt8], [UInt8]) = ([], [])
            CardTransactionWriter.appendKey(transaction, to: &key)
            CardTransactionWriter.appendJSON(transaction, to: &value)
            let partition = key.withUnsafeBytes { KafkaPartitioner.partition(of: $0, partitions: 4) }
            let text = "\(transaction.customerID) " + String(decoding: value, as: UTF8.self)
            expected[partition, default: []].append(text)
            if transaction.isFraud { frauds += 1 }
        }
        #expect(expected.count == 4)
        for partition in expected.keys {
            let read = records.filter { $0.partition == partition }.map { "\($0.key) \($0.value)" }
            #expect(read == expected[partition], "partition \(partition)")
        }
        #expect(summary.frauds == frauds)
    }

    @Test func paceIsKeptInTimestamps() throws {
        let topic = try PublishedTopic(partitions: 1)
        let summary = try GenerateService(options(events: 101, rate: 1_000)).publish(with: topic.makePublisher())
        #expect(summary.events == 101)
        let times = try topic.read(101).map(\.timestampMicroseconds)
        // Intended times are a millisecond apart, whenever the events were in fact sent.
        #expect(times[100] - times[0] == 100_000)
        #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 == 1_000 })
    }

    @Test func gateHoldsWhileNobodyReadsAndOpensWhenTheGroupHasRead() throws {
        let topic = try PublishedTopic(partitions: 2)
        let bytesMax = 4_000
        let publisher = try topic.makePublisher(group: "pipeline", bytesMax: bytesMax)
        let value = [UInt8](repeating: 7, count: 100)
        var published = 0
        var waits = 0
        func publish(while isWanted: () -> Bool) throws -> Bool {
            let key = Array("\(published)".utf8)
            return try key.withUnsafeBytes { key in
                try value.withUnsafeBytes { value in
                    try publisher.publish(key: key, value: value, onWait: { waits += 1 }, while: isWanted)
                }
            }
        }
        while try publish(while: { waits < 2 }) { published += 1 }
        #expect(waits == 2)
        #expect(publisher.counts.queued == published)
        // A record takes at most 32 bytes beside its value and its key of 1 or 2 digits.
        #expect(published > bytesMax / 134, "\(published) published")
        #expect(published <= 2 * bytesMax / 133, "\(published) published")

        while publisher.counts.delivered < published { try publisher.serve(milliseconds: 10) }
        try topic.commitAll(group: "pipeline")
        #expect(try publish(while: { true }))
        #expect(publisher.finish().delivered == published + 1)
        #expect(try topic.read(published + 1).count == published + 1)
    }

    @Test func missingTopicIsNamed() throws {
        let topic = try PublishedTopic(partitions: 1)
        let error = #expect(throws: RunFailure.self) {
            _ = try TopicPublisher(
                brokers: topic.cluster.bootstrapServers, topic: "card.absent", properties: KafkaProperties(),
                logger: PublishedTopic.quiet)
        }
        #expect(error?.description.contains("topic \"card.absent\" does not exist") == true)
    }

    @Test func lostEventsAreCounted() throws {
        let topic = try PublishedTopic(partitions: 1)
        let publisher = try TopicPublisher(
            brokers: topic.cluster.bootstrapServers, topic: topic.name,
            properties: KafkaProperties(["message.timeout.ms": "300"]), logger: PublishedTopic.quiet)
        try topic.cluster.takeDown(broker: 1)
        let summary = try GenerateService(options(events: 10)).publish(with: publisher)
        #expect(summary.events == 0)
        #expect(summary.failed == 10)
        #expect(summary.firstFailure?.isEmpty == false)
    }
}

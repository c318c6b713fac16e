import Engine
import Foundation
import Generation
import Histogram
import Kafka

/// Sends events at their times, however late the one before was.
final class LatencySender {
    private let producer: KafkaProducer
    private let topic: KafkaTopic
    private let partitions: Int
    private let schedule: LatencySchedule
    private let deliveries = Deliveries()
    /// Keys and values, in order.
    private let events: [(key: [UInt8], value: [UInt8])]
    private var lateness = Histogram<UInt64>(highestTrackableValue: 60_000_000_000)

    private final class Deliveries {
        var failure: KafkaFailure?
    }

    private static let eventsHeldMax = 100_000
    private static let dueMax = 1_000

    init(brokers: String, topic: String, partitions: Int, events: KeyedEvents, schedule: LatencySchedule) throws {
        var held: [(key: [UInt8], value: [UInt8])] = []
        events.forEach { key, value in
            if held.count < Self.eventsHeldMax { held.append((key.map { Array($0) } ?? [], Array(value))) }
        }
        if held.isEmpty { throw RunFailure("there are no events to send") }
        self.events = held
        self.partitions = partitions
        self.schedule = schedule
        let deliveries = deliveries
        producer = try KafkaProducer(
            brokers: brokers,
            onDelivery: { if let failure = $0.failure, deliveries.failure == nil { deliveries.failure = failure } })
        self.topic = try producer.topic(topic)
    }

    var lateMillisecondsP99: Double { Double(lateness.valueAtPercentile(99)) / 1e6 }

    /// An event for each partition, so that everybody has found everybody before time is taken.
    func prime() throws {
        for partition in 0..<partitions {
            try send(events[0], to: partition, LatencySchedule.Entry(intended: 0, number: -1))
        }
        guard producer.flush(milliseconds: 30_000) == 0 else { throw RunFailure("the first events were not delivered") }
        if let failure = deliveries.failure { throw failure }
    }

    /// Sends so many at a steady rate, beginning in a tenth of a second; returns when all are delivered.
    func send(_ count: Int, eventsPerSecond: Double, onEvent: (Int) -> Void) throws {
        let clock = schedule.clock
        var pacer = SendPacer(eventsPerSecond: eventsPerSecond, startNanoseconds: clock.nanoseconds + 100_000_000)
        while pacer.taken < count {
            let now = clock.nanoseconds
            let first = Int(pacer.taken)
            let due = pacer.take(atMost: min(Self.dueMax, count - first), now: now)
            for number in first..<first + due {
                onEvent(number)
                let event = events[number % events.count]
                let partition = event.key.withUnsafeBytes { KafkaPartitioner.partition(of: $0, partitions: partitions) }
                let intended = pacer.intendedNanoseconds(of: Int64(number))
                _ = lateness.record(UInt64(max(0, clock.nanoseconds - intended)))
                try send(event, to: Int(partition), LatencySchedule.Entry(intended: intended, number: Int64(number)))
            }
            _ = producer.poll(milliseconds: 0)
            if let failure = deliveries.failure { throw failure }
            rest(pacer.nanosecondsUntilDue(now: clock.nanoseconds))
        }
        guard producer.flush(milliseconds: 30_000) == 0 else { throw RunFailure("events were not delivered") }
        if let failure = deliveries.failure { throw failure }
    }

    private func send(
        _ event: (key: [UInt8], value: [UInt8]), to partition: Int, _ entry: LatencySchedule.Entry
    ) throws {
        schedule.append(entry, partition: partition)
        let outcome = event.key.withUnsafeBytes { key in
            event.value.withUnsafeBytes { value in
                producer.produce(to: topic, partition: Int32(partition), key: key, value: value, token: 0)
            }
        }
        guard case .queued = outcome else { throw RunFailure("an event could not be queued: \(outcome)") }
    }

    /// To the microsecond as far as the kernel can: a poll would wait for whole milliseconds.
    private func rest(_ nanoseconds: Int64) {
        if nanoseconds <= 0 { return }
        var time = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        nanosleep(&time, nil)
    }
}

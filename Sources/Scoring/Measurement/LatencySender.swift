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
    private let events: PrefetchedEvents
    private var lateness = Histogram<UInt64>(highestTrackableValue: 60_000_000_000)

    private final class Deliveries {
        var failure: KafkaFailure?
    }

    private static let dueMax = 1_000
    /// Sent without looking at what has come of it.
    private static let burstMax = 256
    private static let waitMilliseconds = 1

    /// - Parameter events: whoever made them stops them, after the sender's last use.
    init(brokers: String, topic: String, partitions: Int, events: PrefetchedEvents, schedule: LatencySchedule) throws {
        self.events = events
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
            let entry = LatencySchedule.Entry(intended: 0, number: -1)
            try events.peek { try send($0, to: partition, entry, whileFull: {}) }
        }
        try flush("the first events were not delivered")
    }

    /// Sends so many at a steady rate, beginning in a tenth of a second; returns when all are delivered.
    ///
    /// - Parameters:
    ///   - onEvent: called before each event with its number.
    ///   - onTurn: called every few milliseconds; what it takes makes the sender late.
    func send(
        _ count: Int, eventsPerSecond: Double, onEvent: (Int) -> Void = { _ in }, onTurn: () throws -> Void = {}
    ) throws {
        let clock = schedule.clock
        var pacer = SendPacer(eventsPerSecond: eventsPerSecond, startNanoseconds: clock.nanoseconds + 100_000_000)
        while pacer.taken < count {
            let now = clock.nanoseconds
            let first = Int(pacer.taken)
            let due = pacer.take(atMost: min(Self.dueMax, count - first), now: now)
            for number in first..<first + due {
                onEvent(number)
                let intended = pacer.intendedNanoseconds(of: Int64(number))
                _ = lateness.record(UInt64(max(0, clock.nanoseconds - intended)))
                try sendNext(LatencySchedule.Entry(intended: intended, number: Int64(number)), whileFull: onTurn)
            }
            try serve(milliseconds: 0)
            try onTurn()
            rest(pacer.nanosecondsUntilDue(now: clock.nanoseconds))
        }
        try flush("events were not delivered")
    }

    /// Sends as fast as `hasRoom` lets it, until `isDone`; returns when all are delivered.
    func sendBacklog(hasRoom: () -> Bool, isDone: () throws -> Bool) throws {
        while try !isDone() {
            if hasRoom() {
                for _ in 0..<Self.burstMax {
                    try sendNext(LatencySchedule.Entry(intended: schedule.clock.nanoseconds, number: 0), whileFull: {})
                }
                try serve(milliseconds: 0)
            } else {
                try serve(milliseconds: Self.waitMilliseconds)
            }
        }
        try flush("events were not delivered")
    }

    private func sendNext(_ entry: LatencySchedule.Entry, whileFull: () throws -> Void) throws {
        try events.next { event in
            let partition = KafkaPartitioner.partition(of: event.key, partitions: partitions)
            try send(event, to: Int(partition), entry, whileFull: whileFull)
        }
    }

    /// A full queue is waited for: the event is late then, and its latency says so.
    private func send(
        _ event: FedEvent, to partition: Int, _ entry: LatencySchedule.Entry, whileFull: () throws -> Void
    ) throws {
        schedule.append(entry, partition: partition)
        while true {
            let outcome = producer.produce(
                to: topic, partition: Int32(partition), key: event.key, value: event.value,
                timestampMilliseconds: event.timestampMilliseconds, token: 0)
            switch outcome {
            case .queued: return
            case .queueFull:
                try serve(milliseconds: Self.waitMilliseconds)
                try whileFull()
            case .tooLarge, .failed: throw RunFailure("an event could not be queued: \(outcome)")
            }
        }
    }

    private func serve(milliseconds: Int) throws {
        producer.poll(milliseconds: milliseconds)
        if let failure = deliveries.failure { throw failure }
    }

    private func flush(_ problem: String) throws {
        guard producer.flush(milliseconds: 30_000) == 0 else { throw RunFailure(problem) }
        if let failure = deliveries.failure { throw failure }
    }

    /// To the microsecond as far as the kernel can: a poll would wait for whole milliseconds.
    private func rest(_ nanoseconds: Int64) {
        if nanoseconds <= 0 { return }
        var time = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        nanosleep(&time, nil)
    }
}

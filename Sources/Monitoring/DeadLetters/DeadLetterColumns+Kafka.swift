import Events
import Kafka

extension DeadLetterColumns {
    func append(_ record: KafkaRecord, lane: Int32, to batch: EventBatch) {
        let timestamp = record.withHeader(named: "riffle-timestamp") { $0.flatMap { Self.timestamp($0) } } ?? nil
        let recordTime = record.timestampMicroseconds
        record.withHeader(named: "riffle-origin") { origin in
            append(
                origin: origin, timestamp: timestamp, recordTime: recordTime, offset: record.offset, lane: lane,
                to: batch)
        }
    }
}

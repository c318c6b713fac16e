import Engine
import Kafka

extension RecordReference {
    /// The record as the engine sees it; it lives until it is given back to its consumer.
    @inline(__always)
    init(_ record: KafkaRecord, mayHaveHeaders: Bool = true) {
        self.init(
            key: record.key.map { UnsafeRawPointer($0) }, keyCount: record.keyCount,
            value: record.value.map { UnsafeRawPointer($0) }, valueCount: record.valueCount, offset: record.offset,
            timestamp: record.timestampMicroseconds, handle: record.handle, mayHaveHeaders: mayHaveHeaders)
    }
}

/// Whether records of a partition have headers: asked of each while none has, since its bytes are about to be read
/// anyhow, and taken for granted for a while once one had, since parsing them is for the thread that sends.
struct HeaderGuess {
    private var credit = 0
    private static let creditRecords = 256

    @inline(__always)
    mutating func mayHaveHeaders(_ record: KafkaRecord) -> Bool {
        if credit > 0 {
            credit &-= 1
            return true
        }
        if !record.hasHeaders { return false }
        credit = Self.creditRecords
        return true
    }
}

extension KafkaConsumer {
    /// Gives back records that were taken from this consumer; on any thread.
    func release(_ records: UnsafeMutableBufferPointer<RecordReference>) {
        withUnsafeTemporaryAllocation(of: UnsafeMutableRawPointer.self, capacity: 256) { batch in
            var count = 0
            for record in records {
                guard let handle = record.handle else { continue }
                batch.initializeElement(at: count, to: handle)
                count += 1
                if count == batch.count {
                    release(UnsafeBufferPointer(rebasing: batch[..<count]))
                    count = 0
                }
            }
            release(UnsafeBufferPointer(rebasing: batch[..<count]))
        }
    }
}

import CRdkafka

extension KafkaRecord {
    /// The record as one word, for tables that hold records of several kinds; see `init(handle:)`.
    public var handle: UnsafeMutableRawPointer { UnsafeMutableRawPointer(message) }

    /// The record that a `handle` stands for; it must not have been released.
    @inline(__always)
    public init(handle: UnsafeMutableRawPointer) {
        self.init(handle.assumingMemoryBound(to: rd_kafka_message_t.self))
    }
}

import CRdkafka

/// The one owner of an `rd_kafka_topic_partition_list_t`.
struct TopicPartitionList: ~Copyable {
    let pointer: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    init(capacity: Int) { pointer = rd_kafka_topic_partition_list_new(Int32(clamping: capacity)) }

    deinit { rd_kafka_topic_partition_list_destroy(pointer) }

    func append(topic: String, partition: Int32, offset: Int64 = Offset.invalid, metadata: String = "") {
        let entry = rd_kafka_topic_partition_list_add(pointer, topic, partition)!
        entry.pointee.offset = offset
        guard !metadata.isEmpty else { return }
        var metadata = metadata
        metadata.withUTF8 { text in
            // The list frees it.
            let copy = rd_kafka_mem_malloc(nil, text.count)!
            copy.copyMemory(from: text.baseAddress!, byteCount: text.count)
            entry.pointee.metadata = copy
            entry.pointee.metadata_size = text.count
        }
    }

    var count: Int { Int(pointer.pointee.cnt) }

    subscript(index: Int) -> rd_kafka_topic_partition_t {
        precondition(index >= 0 && index < count, "entry \(index) of \(count)")
        return pointer.pointee.elems[index]
    }
}

extension UnsafeMutablePointer<rd_kafka_topic_partition_list_t> {
    /// The entries of a list that librdkafka lends for the length of a callback.
    var entries: UnsafeBufferPointer<rd_kafka_topic_partition_t> {
        UnsafeBufferPointer(start: pointee.elems, count: Int(pointee.cnt))
    }
}

extension rd_kafka_topic_partition_t {
    var topicName: String { topic.map { String(cString: $0) } ?? "" }

    /// The text committed with an offset; what is no UTF-8 is mended.
    var metadataText: String {
        guard let metadata, metadata_size > 0 else { return "" }
        return String(decoding: UnsafeRawBufferPointer(start: metadata, count: metadata_size), as: UTF8.self)
    }
}

/// Offsets with a meaning of their own; real ones are 0 or greater.
enum Offset {
    static let beginning: Int64 = -2
    static let end: Int64 = -1
    static let invalid: Int64 = -1001
}

/// librdkafka's "any partition": the partitioner chooses.
let unassignedPartition: Int32 = -1

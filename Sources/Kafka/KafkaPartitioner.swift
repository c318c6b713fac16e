/// Where a key goes: the same partition that Java clients and Riffle's own producer choose.
public enum KafkaPartitioner {
    /// The partition of a key: its murmur2 hash without the sign bit, modulo the number of partitions.
    public static func partition(of key: UnsafeRawBufferPointer, partitions: Int) -> Int32 {
        precondition(partitions > 0, "a topic of \(partitions) partitions")
        return Int32(truncatingIfNeeded: Int(murmur2(key) & 0x7FFF_FFFF) % partitions)
    }

    /// Austin Appleby's MurmurHash2 with the seed that Apache Kafka uses.
    public static func murmur2(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        let multiplier: UInt32 = 0x5BD1_E995
        var hash: UInt32 = 0x9747_B28C ^ UInt32(truncatingIfNeeded: bytes.count)
        var index = 0
        while index + 4 <= bytes.count {
            var word = bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self).littleEndian
            word = word &* multiplier
            word ^= word >> 24
            word = word &* multiplier
            hash = (hash &* multiplier) ^ word
            index += 4
        }
        let rest = bytes.count - index
        if rest >= 3 { hash ^= UInt32(bytes[index + 2]) << 16 }
        if rest >= 2 { hash ^= UInt32(bytes[index + 1]) << 8 }
        if rest >= 1 { hash = (hash ^ UInt32(bytes[index])) &* multiplier }
        hash ^= hash >> 13
        hash = hash &* multiplier
        return hash ^ (hash >> 15)
    }
}

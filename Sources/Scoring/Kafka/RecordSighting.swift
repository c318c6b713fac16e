import Engine
import Kafka

/// Which record an event was, for a line of the log.
struct RecordSighting: Hashable {
    let partition: Int32
    let offset: Int64
    /// The W3C trace that its producer belongs to, if it says so and says it well.
    let trace: String?

    /// `nil`: it came from no topic. Only while the record is lent.
    init?(_ record: RecordReference) {
        guard let handle = record.handle else { return nil }
        let lent = KafkaRecord(handle: handle)
        partition = lent.partition
        offset = record.offset
        trace = lent.withHeader(named: "traceparent") { $0.flatMap { Self.trace($0) } } ?? nil
    }

    /// What is no `traceparent` of version 00 does not get into a log: anybody may have written it.
    static func trace(_ bytes: UnsafeRawBufferPointer) -> String? {
        // https://www.w3.org/TR/trace-context/: 2 hex digits, 32, 16 and 2, with dashes between them.
        guard bytes.count == 55, bytes[0] == UInt8(ascii: "0"), bytes[1] == UInt8(ascii: "0") else { return nil }
        for (index, byte) in bytes.enumerated() {
            if [2, 35, 52].contains(index) {
                if byte != UInt8(ascii: "-") { return nil }
                continue
            }
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): continue
            default: return nil
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

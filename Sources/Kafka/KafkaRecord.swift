import CRdkafka

/// One record, borrowed from librdkafka: nothing is copied.
///
/// It and all its pointers are good until the consumer's `release` is called with it, even if its partition is revoked
/// before. Not releasing it leaks, and releasing it twice is memory corruption.
// SAFETY: the message behind it does not change, and each record is released once, by whoever it was handed to.
public struct KafkaRecord: @unchecked Sendable {
    /// `nil` for a tombstone; not `nil` for an empty value.
    public let value: UnsafePointer<UInt8>?
    public let valueCount: Int
    /// `nil` where there is no key.
    public let key: UnsafePointer<UInt8>?
    public let keyCount: Int
    public let offset: Int64
    let message: UnsafeMutablePointer<rd_kafka_message_t>

    @inline(__always)
    init(_ message: UnsafeMutablePointer<rd_kafka_message_t>) {
        value = UnsafePointer(message.pointee.payload?.assumingMemoryBound(to: UInt8.self))
        valueCount = message.pointee.len
        key = UnsafePointer(message.pointee.key?.assumingMemoryBound(to: UInt8.self))
        keyCount = message.pointee.key_len
        offset = message.pointee.offset
        self.message = message
    }

    public var partition: Int32 { message.pointee.partition }

    /// `Int64.min` where the record has no timestamp; asked of librdkafka in each call.
    public var timestampMicroseconds: Int64 {
        var type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        let milliseconds = rd_kafka_message_timestamp(message, &type)
        let (microseconds, overflow) = milliseconds.multipliedReportingOverflow(by: 1000)
        let isThere = type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE && milliseconds >= 0 && !overflow
        return isThere ? microseconds : .min
    }

    public var valueBytes: UnsafeRawBufferPointer? {
        value.map { UnsafeRawBufferPointer(start: $0, count: valueCount) }
    }
    public var keyBytes: UnsafeRawBufferPointer? { key.map { UnsafeRawBufferPointer(start: $0, count: keyCount) } }
}

/// A header's name and bytes, copied.
public struct KafkaHeaderCopy: Hashable, Sendable {
    public let name: String
    /// `nil` where the header has no value.
    public let value: [UInt8]?

    public init(name: String, value: [UInt8]?) {
        self.name = name
        self.value = value
    }
}

extension KafkaRecord {
    /// Whether the record has headers. The first call on a record parses them; without headers it costs next to
    /// nothing.
    ///
    /// Headers are parsed into the record: only one thread at a time may ask for them.
    public var hasHeaders: Bool { parsedHeaders().map { rd_kafka_header_cnt($0) > 0 } ?? false }

    /// Lends the last value of the header `name`; `nil` where there is none. `body` gets `nil` for a header without a
    /// value.
    public func withHeader<Result>(
        named name: StaticString, _ body: (UnsafeRawBufferPointer?) -> Result
    ) -> Result? {
        guard let headers = parsedHeaders() else { return nil }
        var value: UnsafeRawPointer?
        var size = 0
        let found = name.withUTF8Buffer { bytes in
            // A StaticString ends in a zero byte, as C wants it.
            rd_kafka_header_get_last(
                headers, UnsafeRawPointer(bytes.baseAddress!).assumingMemoryBound(to: CChar.self), &value, &size)
        }
        guard found == RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        return body(value.map { UnsafeRawBufferPointer(start: $0, count: size) })
    }

    /// Lends each header in order, without copying: the name's bytes, and the value's or `nil`.
    public func forEachHeader(_ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer?) -> Void) {
        guard let headers = parsedHeaders() else { return }
        var index = 0
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var size = 0
        while rd_kafka_header_get_all(headers, index, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR {
            if let name {
                var count = 0
                while name[count] != 0 { count += 1 }
                body(
                    UnsafeRawBufferPointer(start: name, count: count),
                    value.map { UnsafeRawBufferPointer(start: $0, count: size) })
            }
            index += 1
        }
    }

    /// All headers in order, copied: for dead letters and tests, not for each event.
    public func headers() -> [KafkaHeaderCopy] {
        var copies: [KafkaHeaderCopy] = []
        forEachHeader { name, value in
            copies.append(KafkaHeaderCopy(name: String(decoding: name, as: UTF8.self), value: value.map { Array($0) }))
        }
        return copies
    }

    private func parsedHeaders() -> OpaquePointer? {
        var headers: OpaquePointer?
        guard rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        return headers
    }
}

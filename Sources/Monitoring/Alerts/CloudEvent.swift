import Foundation
import Kafka

/// What a monitor tells, as CloudEvents 1.0 have it: in Kafka binary mode (attributes are headers), in files structured
/// mode, a line each.
struct CloudEvent: Hashable, Sendable {
    let id: String
    let source: String
    let type: String
    let subject: String
    /// RFC 3339.
    let time: String
    /// The record's key.
    let key: String
    /// JSON.
    let data: Data

    /// That of all which a pipeline's monitor tells.
    static func source(ofPipeline name: String) -> String { "/riffle/\(name)/monitor" }

    /// Headers of the record, in order.
    var headers: [(name: String, value: String)] {
        [
            ("ce_specversion", "1.0"), ("ce_id", id), ("ce_source", source), ("ce_type", type),
            ("ce_subject", subject), ("ce_time", time), ("content-type", "application/json"),
        ]
    }

    /// One JSON object and a line end.
    var line: Data {
        var text = "{\"specversion\":\"1.0\",\"id\":\"\(id)\",\"source\":\(Self.quoted(source))"
        text += ",\"type\":\"\(type)\",\"subject\":\(Self.quoted(subject)),\"time\":\"\(time)\""
        text += ",\"datacontenttype\":\"application/json\",\"data\":"
        return Data(text.utf8) + data + Data("}\n".utf8)
    }

    private static func quoted(_ text: String) -> String {
        // Only texts that are no UTF-8 could not be written: there are none.
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        guard let bytes = try? encoder.encode(text) else { preconditionFailure("a text that is no JSON") }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Lends the record's key, value and headers.
    func withRecord<Result>(
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer, UnsafeBufferPointer<KafkaHeader>) throws -> Result
    ) rethrows -> Result {
        // All names and values in one place, so that they stay where they are while they are lent.
        var bytes: [UInt8] = []
        var ranges: [(name: Range<Int>, value: Range<Int>)] = []
        for (name, value) in headers {
            let start = bytes.count
            bytes += Array(name.utf8)
            let middle = bytes.count
            bytes += Array(value.utf8)
            ranges.append((start..<middle, middle..<bytes.count))
        }
        return try bytes.withUnsafeBytes { bytes in
            let lent = ranges.map { range in
                KafkaHeader(
                    name: UnsafeRawBufferPointer(rebasing: bytes[range.name]),
                    value: UnsafeRawBufferPointer(rebasing: bytes[range.value]))
            }
            return try lent.withUnsafeBufferPointer { headers in
                try Array(key.utf8).withUnsafeBytes { key in
                    try data.withUnsafeBytes { value in try body(key, value, headers) }
                }
            }
        }
    }
}

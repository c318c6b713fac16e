import Foundation
import Kafka

extension DriftAlert {
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
                try Array(fingerprint.utf8).withUnsafeBytes { key in
                    try data.withUnsafeBytes { value in try body(key, value, headers) }
                }
            }
        }
    }
}

extension LaneClosing {
    private struct Content: Codable {
        var topic: String
        var partition: Int32
        var offset: Int64
        /// Microseconds since 1970-01-01, UTC.
        var watermark: Int64
    }

    /// As it stands on the topic of closings.
    var json: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let content = Content(topic: topic, partition: partition, offset: offset, watermark: watermark)
        guard let data = try? encoder.encode(content) else { preconditionFailure("a closing that is no JSON") }
        return Array(data)
    }

    /// `nil`: it is none.
    init?(json: [UInt8]) {
        guard let content = try? JSONDecoder().decode(Content.self, from: Data(json)), content.offset >= 0 else {
            return nil
        }
        self.init(
            topic: content.topic, partition: content.partition, offset: content.offset, watermark: content.watermark)
    }
}

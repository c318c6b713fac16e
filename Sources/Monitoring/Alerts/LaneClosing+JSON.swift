import Foundation

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

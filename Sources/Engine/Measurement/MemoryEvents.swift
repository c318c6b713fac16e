public import Events

/// Events that lie in memory, one JSON object a line, ready to be measured.
public struct MemoryEvents: Sendable {
    /// A file of more bytes than this is refused: a measurement is not to push the machine into swapping.
    public static let bytesMax = 4 << 30

    let bytes: [UInt8]
    let places: [Range<Int>]

    public var count: Int { places.count }
    /// Bytes of the events themselves, without the ends of lines.
    public let byteCount: Int

    /// Finds the lines of `bytes`; empty ones are no events.
    ///
    /// - Parameters:
    ///   - countMax: only the first so many are taken.
    ///   - eventBytesMax: as in the plan's limits; a longer line becomes a fault.
    public init(lines bytes: [UInt8], countMax: Int = .max, eventBytesMax: Int = DecodeLimits().eventBytesMax) {
        var places: [Range<Int>] = []
        bytes.withUnsafeBytes { bytes in
            var splitter = LineSplitter(recordBytesMax: eventBytesMax)
            var place = 0
            while places.count < countMax, let range = splitter.next(in: bytes, from: &place, atEnd: true) {
                if !range.isEmpty { places.append(range) }
            }
        }
        self.bytes = bytes
        self.places = places
        byteCount = places.reduce(0) { $0 + $1.count }
    }
}

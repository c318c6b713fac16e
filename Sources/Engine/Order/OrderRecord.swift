import Events

/// A record of the order topic that is not one, or of a version that this one does not know.
public struct OrderRecordError: Error, Hashable, Sendable, CustomStringConvertible {
    public let offset: Int64
    public let reason: String

    public var description: String {
        "offset \(offset) of the order topic cannot be read: \(reason); the order topic is for Riffle alone: give the pipeline "
            + "another with \"order.topic\", and let it rebuild"
    }
}

/// One batch's part of the order in which events were taken: runs of one partition each.
///
/// ```
/// version | lanes | name, start of each lane | lane, span | lane, span | … [ | lanes | lane, offset | … ]
/// ```
///
/// All numbers are LEB128. A lane's name is `topic/partition`; its start is the offset behind what earlier records say of
/// it, so that a record stands for itself: what is missing, or there twice, is seen. A run's span counts offsets, not
/// records, so that compaction and transaction markers change nothing. Behind a run of no lane stand events that were
/// quarantined: whoever follows the order does not look at them either.
struct OrderRecord {
    struct Run: Hashable {
        /// Index into `lanes`.
        var lane: Int
        /// Behind the run's last offset.
        var end: Int64
    }

    struct LaneSpan: Hashable {
        var name: String
        var start: Int64
    }

    static let version: UInt8 = 1
    /// No batch has more lanes or longer names.
    private static let lanesMax = 100_000
    private static let nameBytesMax = 300

    var lanes: [LaneSpan] = []
    var runs: [Run] = []
    var quarantined: [(lane: Int, offset: Int64)] = []

    /// Reads a record; whatever its bytes are, it takes no more memory than a few times their number.
    init(_ bytes: [UInt8], offset: Int64) throws(OrderRecordError) {
        var reader = VarintReader(bytes: bytes)
        guard bytes.first == Self.version else {
            let version = bytes.first.map { "version \($0)" } ?? "it is empty"
            throw OrderRecordError(offset: offset, reason: "\(version), where version \(Self.version) is known")
        }
        reader.position = 1
        guard let count = reader.next(), count <= UInt64(Self.lanesMax) else {
            throw OrderRecordError(offset: offset, reason: "its list of partitions is damaged")
        }
        var positions: [Int64] = []
        for _ in 0..<count {
            guard let length = reader.next(), length <= UInt64(Self.nameBytesMax), let name = reader.text(Int(length)),
                let start = reader.next(), start <= UInt64(Int64.max)
            else { throw OrderRecordError(offset: offset, reason: "its list of partitions is damaged") }
            lanes.append(LaneSpan(name: name, start: Int64(start)))
            positions.append(Int64(start))
        }
        while !reader.isAtEnd {
            guard let lane = reader.next() else {
                throw OrderRecordError(offset: offset, reason: "its runs are damaged")
            }
            if lane == count { break }
            guard lane < count, let span = reader.next(), span > 0,
                span <= UInt64(Int64.max - positions[Int(lane)])
            else { throw OrderRecordError(offset: offset, reason: "its runs are damaged") }
            positions[Int(lane)] += Int64(span)
            runs.append(Run(lane: Int(lane), end: positions[Int(lane)]))
        }
        while !reader.isAtEnd {
            guard let lane = reader.next(), lane < count, let place = reader.next(), place <= UInt64(Int64.max) else {
                throw OrderRecordError(offset: offset, reason: "its list of quarantined events is damaged")
            }
            quarantined.append((Int(lane), Int64(place)))
        }
    }
}

/// Unsigned LEB128 numbers, one after the other.
struct VarintReader {
    let bytes: [UInt8]
    var position = 0

    var isAtEnd: Bool { position == bytes.count }

    /// `nil`: the bytes end, or the number is longer than 64 bits.
    mutating func next() -> UInt64? {
        var value: UInt64 = 0
        var shift = 0
        while position < bytes.count && shift < 64 {
            let byte = bytes[position]
            position += 1
            if shift == 63 && byte > 1 { return nil }
            value |= UInt64(byte & 0x7F) << UInt64(shift)
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }

    mutating func text(_ count: Int) -> String? {
        guard count <= bytes.count - position else { return nil }
        defer { position += count }
        return String(validating: bytes[position..<position + count], as: UTF8.self)
    }
}

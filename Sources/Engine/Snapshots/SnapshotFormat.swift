/// How a snapshot stands in its file.
///
/// ```
///   preamble │ header │ section of task 0 │ section of task 1 │ ... │ index │ footer
///            └───────────── checksums: of the preamble and footer in themselves, of the header in the preamble,
///                           of the index in the footer, of each section in the index ─────────────┘
/// ```
///
/// It is written from front to back; the index stands behind the sections because the places in the stream at which
/// they were copied are known only then. Preamble and footer stay as they are in every version to come. All numbers are
/// little-endian.
enum SnapshotFormat {
    static let version: UInt32 = 3
    /// The first with models; a snapshot without any is written in the first of all, which older programs read.
    static let modelsVersion: UInt32 = 2
    /// The first that says which windows are not whole; one whose windows are is written in an earlier version. An older
    /// program passes this one over: it would score from it without a word.
    static let incompleteVersion: UInt32 = 3
    static let magic = Array("RIFSTATE".utf8)
    static let endMagic = Array("RIFSTEND".utf8)
    /// Magic, version, length of the header, its checksum, checksum of these.
    static let preambleBytes = 24
    /// Index offset, index length, file length, checksum of the index, checksum of these, magic.
    static let footerBytes = 40
    /// No header or index is longer: a file that says so is damaged.
    static let tableBytesMax = 1 << 28
    private static let laneBytesMin = 4 + 4 + 8 + 8
    private static let featureBytesMin = 4 + 8
    private static let sectionBytesMin = 4 + 8 + 4

    static func header(_ header: SnapshotHeader) -> [UInt8] {
        var writer = SnapshotBytesWriter()
        writer.write(header.pipeline)
        writer.write(header.statePlanHash)
        writer.write(header.createdMilliseconds)
        writer.write(header.sequence)
        writer.write(header.watermark)
        writer.write(header.lateCount)
        writer.write(header.orderPosition)
        writer.write(UInt32(header.shardCount))
        writer.write(UInt32(header.entities.count))
        for entity in header.entities { writer.write(entity) }
        writer.write(UInt32(header.lanes.count))
        for lane in header.lanes {
            writer.write(lane.topic)
            writer.write(lane.partition)
            writer.write(lane.offset)
            writer.write(lane.highestTime)
        }
        let version = version(of: header)
        if version >= modelsVersion {
            writer.write(UInt32(header.models.count))
            for model in header.models { writer.write(model) }
        }
        if let incomplete = header.incomplete {
            writer.write(incomplete.logFrom)
            writer.write(UInt32(incomplete.features.count))
            for feature in incomplete.features {
                writer.write(feature.name)
                writer.write(feature.wholeFrom)
            }
        }
        return writer.bytes
    }

    /// The version in which a snapshot is written.
    static func version(of header: SnapshotHeader) -> UInt32 {
        if header.incomplete != nil { return incompleteVersion }
        return header.models.isEmpty ? 1 : modelsVersion
    }

    static func readHeader(_ bytes: [UInt8], version: UInt32) throws(SnapshotRefusal) -> SnapshotHeader {
        var reader = SnapshotBytesReader(bytes, part: "its header")
        var header = SnapshotHeader(
            pipeline: try reader.text(), statePlanHash: try reader.text(), createdMilliseconds: try reader.number(),
            sequence: try reader.number(), lanes: [], watermark: try reader.number(), lateCount: try reader.number(),
            orderPosition: try reader.number(), entities: [], shardCount: Int(try reader.number(UInt32.self)))
        for _ in 0..<(try reader.count(ofBytes: 4)) { header.entities.append(try reader.text()) }
        for _ in 0..<(try reader.count(ofBytes: laneBytesMin)) {
            header.lanes.append(
                SnapshotLane(
                    topic: try reader.text(), partition: try reader.number(), offset: try reader.number(),
                    highestTime: try reader.number()))
        }
        if version >= modelsVersion {
            for _ in 0..<(try reader.count(ofBytes: 4)) { header.models.append(try reader.text()) }
        }
        if version >= incompleteVersion {
            let logFrom = try reader.number(Int64.self)
            var features: [IncompleteState.Feature] = []
            for _ in 0..<(try reader.count(ofBytes: featureBytesMin)) {
                features.append(
                    IncompleteState.Feature(name: try reader.text(), wholeFrom: try reader.number()))
            }
            header.incomplete = IncompleteState(features: features, logFrom: logFrom)
        }
        guard reader.remaining == 0 else { throw reader.fault }
        return header
    }

    static func preamble(header: [UInt8], version: UInt32) -> [UInt8] {
        var writer = SnapshotBytesWriter()
        writer.write(raw: magic)
        writer.write(version)
        writer.write(UInt32(header.count))
        writer.write(CRC32C.of(header))
        writer.write(CRC32C.of(writer.bytes))
        return writer.bytes
    }

    static func index(_ sections: [SnapshotSection]) -> [UInt8] {
        var writer = SnapshotBytesWriter()
        for section in sections {
            writer.write(UInt32(section.task))
            writer.write(UInt64(section.byteCount))
            writer.write(section.checksum)
            for position in section.positions { writer.write(position) }
        }
        return writer.bytes
    }

    /// - Parameter range: where the sections stand in the file, without a gap.
    static func readIndex(
        _ bytes: [UInt8], _ header: SnapshotHeader, sectionsIn range: Range<Int>
    ) throws(SnapshotRefusal) -> [SnapshotSection] {
        var reader = SnapshotBytesReader(bytes, part: "its index")
        let (shards, overflows) = header.entities.count.multipliedReportingOverflow(by: header.shardCount)
        guard !overflows, shards <= bytes.count / sectionBytesMin else { throw reader.fault }
        let taskCount = shards + header.models.count
        guard taskCount <= bytes.count / sectionBytesMin else { throw reader.fault }
        var sections: [SnapshotSection] = []
        sections.reserveCapacity(taskCount)
        var byteOffset = range.lowerBound
        for expected in 0..<taskCount {
            let task = Int(try reader.number(UInt32.self))
            let byteCount = try reader.number(UInt64.self)
            let checksum = try reader.number(UInt32.self)
            guard task == expected, byteCount <= UInt64(range.upperBound - byteOffset) else { throw reader.fault }
            var positions: [Int64] = []
            for lane in header.lanes {
                let position = try reader.number(Int64.self)
                // The first shard is copied where the header stands, the others behind it.
                guard position >= lane.offset else { throw reader.fault }
                positions.append(position)
            }
            sections.append(
                SnapshotSection(
                    task: task, byteOffset: byteOffset, byteCount: Int(byteCount), checksum: checksum,
                    positions: positions))
            byteOffset += Int(byteCount)
        }
        guard reader.remaining == 0, byteOffset == range.upperBound else { throw reader.fault }
        return sections
    }

    static func footer(index: [UInt8], at offset: Int) -> [UInt8] {
        var writer = SnapshotBytesWriter()
        writer.write(UInt64(offset))
        writer.write(UInt64(index.count))
        writer.write(UInt64(offset + index.count + footerBytes))
        writer.write(CRC32C.of(index))
        writer.write(CRC32C.of(writer.bytes))
        writer.write(raw: endMagic)
        return writer.bytes
    }
}

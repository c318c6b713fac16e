extension SnapshotManifest {
    /// Reads all of a snapshot's file but the sections.
    ///
    /// Complexity: O(lanes x shards), whatever the file's length.
    init(reading file: any ReadableFile) throws(SnapshotRefusal) {
        let format = SnapshotFormat.self
        guard file.byteCount >= format.preambleBytes else { throw .truncated }
        let preamble = try Self.bytes(0..<format.preambleBytes, of: file)
        guard preamble.starts(with: format.magic) else { throw .notASnapshot }
        var reader = SnapshotBytesReader(Array(preamble[format.magic.count...]), part: "its first bytes")
        let version = try reader.number(UInt32.self)
        let headerBytes = Int(try reader.number(UInt32.self))
        let headerChecksum = try reader.number(UInt32.self)
        guard try reader.number(UInt32.self) == CRC32C.of(Array(preamble.dropLast(4))) else { throw reader.fault }
        guard version <= format.version else { throw .newerFormat(version) }
        guard version > 0, headerBytes <= format.tableBytesMax else { throw reader.fault }
        let sectionsStart = format.preambleBytes + headerBytes
        guard sectionsStart + format.footerBytes <= file.byteCount else { throw .truncated }
        let header = try Self.bytes(format.preambleBytes..<sectionsStart, of: file)
        guard CRC32C.of(header) == headerChecksum else { throw .damaged("its header") }
        let footer = try Self.bytes(file.byteCount - format.footerBytes..<file.byteCount, of: file)
        guard footer.suffix(format.endMagic.count).elementsEqual(format.endMagic) else { throw .truncated }
        var end = SnapshotBytesReader(footer, part: "its last bytes")
        let indexOffset = try end.number(UInt64.self)
        let indexBytes = try end.number(UInt64.self)
        let fileBytes = try end.number(UInt64.self)
        let indexChecksum = try end.number(UInt32.self)
        guard try end.number(UInt32.self) == CRC32C.of(Array(footer.prefix(format.footerBytes - 12))),
            fileBytes == UInt64(file.byteCount), indexBytes <= UInt64(format.tableBytesMax),
            indexOffset >= UInt64(sectionsStart), indexOffset <= UInt64(file.byteCount),
            indexOffset + indexBytes + UInt64(format.footerBytes) == fileBytes
        else { throw end.fault }
        let index = try Self.bytes(Int(indexOffset)..<Int(indexOffset + indexBytes), of: file)
        guard CRC32C.of(index) == indexChecksum else { throw .damaged("its index") }
        formatVersion = version
        self.header = try format.readHeader(header, version: version)
        sections = try format.readIndex(index, self.header, sectionsIn: sectionsStart..<Int(indexOffset))
        fileByteCount = file.byteCount
    }

    static func bytes(_ range: Range<Int>, of file: any ReadableFile) throws(SnapshotRefusal) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: range.count)
        do throws(FileFailure) {
            try bytes.withUnsafeMutableBytes { buffer in
                Result { () throws(FileFailure) in try file.read(at: range.lowerBound, into: buffer) }
            }.get()
        } catch {
            throw .unreadable(error)
        }
        return bytes
    }
}

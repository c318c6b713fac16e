import Features

/// What a snapshot's file holds, for people and scripts: what `riffle state inspect` and `verify` print.
public struct SnapshotInspection: Hashable, Sendable {
    /// The keyed state of one entity, or a model that learns, which has no keys.
    public struct Entity: Hashable, Sendable {
        public let name: String
        public var keys = 0
        /// Remembered events of all keys.
        public var events = 0
        /// Bytes in the file.
        public var bytes = 0
    }

    public let path: String
    /// `nil` where not even that much could be read.
    public let manifest: SnapshotManifest?
    public private(set) var entities: [Entity] = []
    /// What is wrong; none: nothing that was looked at.
    public private(set) var faults: [SnapshotRefusal] = []
    /// Every byte was read and held against its checksum.
    public let isVerified: Bool

    public var isSound: Bool { faults.isEmpty }

    /// Looks at a file; whatever is wrong with it is part of what is found.
    ///
    /// - Parameter verifies: read every section, not only how each begins.
    /// Complexity: O(shards), O(bytes) if it verifies; memory for one section.
    public init(path: String, files: any FileLayer = SystemFileLayer(), verifies: Bool) {
        self.path = path
        isVerified = verifies
        do throws(SnapshotRefusal) {
            let file: any ReadableFile
            do { file = try files.open(path) } catch { throw SnapshotRefusal.unreadable(error) }
            let manifest = try SnapshotManifest(reading: file)
            self.manifest = manifest
            entities = manifest.header.entities.map { Entity(name: $0) }
            let buffer = SectionBuffer()
            for section in manifest.sections {
                if section.task >= manifest.header.shardTaskCount {
                    // A model's bytes have no keys to be counted; the checksum says whether they are whole.
                    entities.append(
                        Entity(name: manifest.header.sectionName(section.task), bytes: section.byteCount))
                    do throws(SnapshotRefusal) {
                        if verifies { _ = try buffer.read(section, of: file, manifest.header) }
                    } catch {
                        faults.append(error)
                    }
                    continue
                }
                entities[section.task / manifest.header.shardCount].bytes += section.byteCount
                do throws(SnapshotRefusal) {
                    let found = try Self.summary(of: section, in: file, manifest.header, verifies ? buffer : nil)
                    entities[section.task / manifest.header.shardCount].keys += found.keys
                    entities[section.task / manifest.header.shardCount].events += found.events
                } catch {
                    faults.append(error)
                }
            }
        } catch {
            manifest = nil
            faults.append(error)
        }
    }

    private static func summary(
        of section: SnapshotSection, in file: any ReadableFile, _ header: SnapshotHeader, _ buffer: SectionBuffer?
    ) throws(SnapshotRefusal) -> ShardImageSummary {
        var bytes = [UInt8](repeating: 0, count: min(section.byteCount, ShardImageSummary.byteCount))
        if let buffer {
            bytes = Array(try buffer.read(section, of: file, header).prefix(bytes.count))
        } else {
            bytes = try SnapshotManifest.bytes(section.byteOffset..<section.byteOffset + bytes.count, of: file)
        }
        do throws(ShardImageError) {
            let summary = try bytes.withUnsafeBytes { bytes in
                Result { () throws(ShardImageError) in try ShardImageSummary(bytes) }
            }.get()
            guard summary.task == section.task else { throw .otherShard(found: summary.task) }
            // No state can hold more than a byte for each: whatever says so would make nonsense of the sums.
            guard summary.keys <= section.byteCount, summary.events <= section.byteCount else { throw .absurdCount }
            return summary
        } catch {
            throw .damaged("\(header.sectionName(section.task)): \(error)")
        }
    }
}

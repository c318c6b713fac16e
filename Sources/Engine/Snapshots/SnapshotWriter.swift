/// One snapshot on its way to the disk: its shards are appended in order of their tasks, then it is finished.
///
/// Until `finish` returns nothing of it can be seen by a reader.
// SAFETY: one thread at a time; a session hands it to its writing thread alone.
public final class SnapshotWriter: @unchecked Sendable {
    public let header: SnapshotHeader
    private let store: SnapshotStore
    private let temporaryPath: String
    private let path: String
    private var file: (any AppendableFile)?
    private var sections: [SnapshotSection] = []
    private var byteCount = 0

    init(store: SnapshotStore, header: SnapshotHeader) throws(FileFailure) {
        self.store = store
        self.header = header
        temporaryPath = store.path(store.name(sequence: header.sequence, suffix: SnapshotStore.temporarySuffix))
        path = store.path(store.name(sequence: header.sequence, suffix: SnapshotStore.suffix))
        file = try store.files.create(temporaryPath)
        let bytes = SnapshotFormat.header(header)
        do throws(FileFailure) {
            try append(SnapshotFormat.preamble(header: bytes, version: SnapshotFormat.version(of: header)))
            try append(bytes)
        } catch {
            abandon()
            throw error
        }
    }

    deinit { abandon() }

    /// Appends the next shard's image.
    ///
    /// - Parameter positions: by the header's lanes, what had entered the shard when it was copied.
    /// - Throws: the snapshot cannot be finished then; `abandon` it.
    public func append(_ image: UnsafeRawBufferPointer, task: Int, positions: [Int64]) throws(FileFailure) {
        precondition(task == sections.count && task < header.taskCount, "shard \(task) after \(sections.count) others")
        precondition(positions.count == header.lanes.count, "\(positions.count) of \(header.lanes.count) positions")
        precondition(
            zip(positions, header.lanes).allSatisfy { $0 >= $1.offset }, "shard \(task) stands before the header")
        sections.append(
            SnapshotSection(
                task: task, byteOffset: byteCount, byteCount: image.count, checksum: CRC32C.of(image),
                positions: positions))
        try append(image)
    }

    /// Writes what is left, makes the file durable, gives it its name and deletes what is too old.
    ///
    /// - Parameter isGivenUp: asked when the file is durable: where nobody waits for it any more it gets no name.
    /// - Returns: what was written, and an old file that could not be deleted.
    /// - Throws: there is no new snapshot then, or one whose name may not outlive a crash; older ones are as they were.
    public func finish(
        isGivenUp: () -> Bool = { false }
    ) throws(FileFailure) -> (manifest: SnapshotManifest, left: FileFailure?) {
        precondition(sections.count == header.taskCount, "\(sections.count) of \(header.taskCount) shards")
        guard let file else { preconditionFailure("snapshot \(header.sequence) is finished twice") }
        let index = SnapshotFormat.index(sections)
        let footer = SnapshotFormat.footer(index: index, at: byteCount)
        do throws(FileFailure) {
            try append(index)
            try append(footer)
            try file.synchronize()
            self.file = nil
            try file.close()
            if isGivenUp() { throw FileFailure(.rename, temporaryPath, reason: "it was given up") }
            try store.files.rename(temporaryPath, to: path)
        } catch {
            abandon()
            try? store.files.delete(temporaryPath)
            throw error
        }
        try store.files.synchronizeDirectory(store.directory)
        let manifest = SnapshotManifest(
            formatVersion: SnapshotFormat.version(of: header), header: header, sections: sections,
            fileByteCount: byteCount)
        return (manifest, store.prune())
    }

    /// Gives the snapshot up and deletes its temporary file; does nothing after `finish`.
    public func abandon() {
        guard let file else { return }
        self.file = nil
        try? file.close()
        try? store.files.delete(temporaryPath)
    }

    private func append(_ bytes: [UInt8]) throws(FileFailure) {
        try bytes.withUnsafeBytes { buffer in
            Result { () throws(FileFailure) in try append(buffer) }
        }.get()
    }

    private func append(_ bytes: UnsafeRawBufferPointer) throws(FileFailure) {
        guard let file else { preconditionFailure("snapshot \(header.sequence) is given up") }
        try file.append(bytes)
        byteCount += bytes.count
    }
}

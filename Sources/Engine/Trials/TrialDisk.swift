import Synchronization

/// Files in memory, for the snapshots of a trial.
final class TrialDisk: FileLayer {
    private let files = Mutex<[String: [UInt8]]>([:])

    func makeDirectory(_ path: String) throws(FileFailure) {}

    func create(_ path: String) throws(FileFailure) -> any AppendableFile {
        let isNew = files.withLock { files in
            if files[path] != nil { return false }
            files[path] = []
            return true
        }
        if !isNew { throw FileFailure(.create, path, reason: "it is there already") }
        return Appending(disk: self, path: path)
    }

    func open(_ path: String) throws(FileFailure) -> any ReadableFile {
        guard let bytes = files.withLock({ $0[path] }) else {
            throw FileFailure(.open, path, reason: "it is not there")
        }
        return Reading(bytes: bytes, path: path)
    }

    func rename(_ path: String, to target: String) throws(FileFailure) {
        let isThere = files.withLock { files in
            guard let bytes = files.removeValue(forKey: path) else { return false }
            files[target] = bytes
            return true
        }
        if !isThere { throw FileFailure(.rename, path, reason: "it is not there") }
    }

    func synchronizeDirectory(_ path: String) throws(FileFailure) {}

    func list(_ directory: String) throws(FileFailure) -> [String] {
        files.withLock { files in
            files.keys.filter { $0.hasPrefix(directory + "/") }.map { String($0.dropFirst(directory.count + 1)) }
        }
    }

    func delete(_ path: String) throws(FileFailure) {
        let isThere = files.withLock { $0.removeValue(forKey: path) != nil }
        if !isThere { throw FileFailure(.delete, path, reason: "it is not there") }
    }

    private final class Appending: AppendableFile {
        private let disk: TrialDisk
        private let path: String

        init(disk: TrialDisk, path: String) {
            self.disk = disk
            self.path = path
        }

        func append(_ bytes: UnsafeRawBufferPointer) throws(FileFailure) {
            disk.files.withLock { $0[path, default: []].append(contentsOf: bytes) }
        }

        func synchronize() throws(FileFailure) {}
        func close() throws(FileFailure) {}
    }

    private final class Reading: ReadableFile {
        private let bytes: [UInt8]
        private let path: String

        init(bytes: [UInt8], path: String) {
            self.bytes = bytes
            self.path = path
        }

        var byteCount: Int { bytes.count }

        func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FileFailure) {
            guard offset >= 0, offset + buffer.count <= bytes.count else {
                throw FileFailure(.read, path, reason: "it ends")
            }
            buffer.copyBytes(from: bytes[offset..<offset + buffer.count])
        }
    }
}

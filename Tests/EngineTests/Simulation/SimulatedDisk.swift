import Engine

/// A disk that forgets at a crash what was not made durable.
final class SimulatedDisk {
    final class File {
        var bytes: [UInt8] = []
        var durable: [UInt8] = []
    }

    private(set) var names: [String: File] = [:]
    private var durableNames: [String: File] = [:]

    func set(_ name: String, _ file: File?) { names[name] = file }
    func synchronizeNames() { durableNames = names }

    /// Some of what was not made durable is there all the same.
    func crash(_ random: inout SeededGenerator) {
        var kept = durableNames
        for name in names.keys.sorted() where random.next() % 2 == 0 { kept[name] = names[name] }
        for name in durableNames.keys.sorted() where names[name] == nil && random.next() % 2 == 0 { kept[name] = nil }
        for name in kept.keys.sorted() {
            guard let file = kept[name], file.bytes != file.durable else { continue }
            let keep = file.durable.count + Int(random.next() % UInt64(file.bytes.count - file.durable.count + 1))
            file.bytes = Array(file.bytes[..<keep])
            file.durable = file.bytes
        }
        names = kept
        durableNames = kept
    }

    /// Flips one bit of some file.
    func rot(_ random: inout SeededGenerator) {
        guard let name = names.keys.sorted().randomElement(using: &random), let file = names[name], !file.bytes.isEmpty
        else { return }
        let place = Int(random.next() % UInt64(file.bytes.count))
        file.bytes[place] ^= 1 << UInt8(random.next() % 8)
        file.durable = file.bytes
    }
}

/// The files of one process on a simulated disk.
// SAFETY: only the thread that has the world's baton calls it.
final class SimulatedFiles: FileLayer, @unchecked Sendable {
    fileprivate unowned let instance: SimulatedInstance
    private let world: SimulatedWorld
    private let disk: SimulatedDisk

    init(_ instance: SimulatedInstance, _ world: SimulatedWorld, disk: SimulatedDisk) {
        self.instance = instance
        self.world = world
        self.disk = disk
    }

    fileprivate func operate(_ operation: FileFailure.Operation, _ path: String) throws(FileFailure) {
        if (try? world.pass(instance, .file)) == nil { throw FileFailure(operation, path, reason: "the process died") }
        if world.takeDiskFault(), operation != .list {
            world.note("disk fault")
            throw FileFailure(operation, path, reason: "injected")
        }
    }

    func makeDirectory(_ path: String) throws(FileFailure) { try operate(.makeDirectory, path) }

    func create(_ path: String) throws(FileFailure) -> any AppendableFile {
        try operate(.create, path)
        if disk.names[path] != nil { throw FileFailure(.create, path, reason: "it is there") }
        let file = SimulatedDisk.File()
        disk.set(path, file)
        return Appendable(file, path, self)
    }

    func open(_ path: String) throws(FileFailure) -> any ReadableFile {
        try operate(.open, path)
        guard let file = disk.names[path] else { throw FileFailure(.open, path, reason: "it is not there") }
        return Readable(file.bytes, path, self)
    }

    func rename(_ path: String, to target: String) throws(FileFailure) {
        try operate(.rename, path)
        guard let file = disk.names[path] else { throw FileFailure(.rename, path, reason: "it is not there") }
        disk.set(path, nil)
        disk.set(target, file)
        try operate(.rename, path)
    }

    func synchronizeDirectory(_ path: String) throws(FileFailure) {
        try operate(.synchronize, path)
        disk.synchronizeNames()
    }

    func list(_ directory: String) throws(FileFailure) -> [String] {
        try operate(.list, directory)
        return disk.names.keys.filter { $0.hasPrefix(directory + "/") }.map {
            String($0.dropFirst(directory.count + 1))
        }
        .sorted()
    }

    func delete(_ path: String) throws(FileFailure) {
        try operate(.delete, path)
        disk.set(path, nil)
    }

    // SAFETY: as the files.
    private final class Appendable: AppendableFile, @unchecked Sendable {
        let file: SimulatedDisk.File
        let path: String
        let files: SimulatedFiles

        init(_ file: SimulatedDisk.File, _ path: String, _ files: SimulatedFiles) {
            self.file = file
            self.path = path
            self.files = files
        }

        func append(_ bytes: UnsafeRawBufferPointer) throws(FileFailure) {
            do { try files.operate(.append, path) } catch {
                // A full disk takes the first part.
                if !files.instance.isDead { file.bytes.append(contentsOf: bytes.prefix(bytes.count / 2)) }
                throw error
            }
            file.bytes.append(contentsOf: bytes)
        }

        func synchronize() throws(FileFailure) {
            try files.operate(.synchronize, path)
            file.durable = file.bytes
        }

        func close() throws(FileFailure) {}
    }

    // SAFETY: as the files.
    private final class Readable: ReadableFile, @unchecked Sendable {
        let bytes: [UInt8]
        let path: String
        let files: SimulatedFiles

        init(_ bytes: [UInt8], _ path: String, _ files: SimulatedFiles) {
            self.bytes = bytes
            self.path = path
            self.files = files
        }

        var byteCount: Int { bytes.count }

        func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FileFailure) {
            try files.operate(.read, path)
            guard offset >= 0, offset + buffer.count <= bytes.count else {
                throw FileFailure(.read, path, reason: "it ends before")
            }
            buffer.copyBytes(from: bytes[offset..<offset + buffer.count])
        }
    }
}

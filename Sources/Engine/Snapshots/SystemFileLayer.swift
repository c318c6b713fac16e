import Glibc

/// The machine's own file system.
public final class SystemFileLayer: FileLayer {
    private static let fileMode: mode_t = 0o600
    private static let directoryMode: mode_t = 0o700

    public init() {}

    public func makeDirectory(_ path: String) throws(FileFailure) {
        var prefix = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            prefix += prefix.isEmpty || prefix.hasSuffix("/") ? "\(part)" : "/\(part)"
            if mkdir(prefix, Self.directoryMode) != 0 && errno != EEXIST {
                throw FileFailure(.makeDirectory, prefix, code: errno)
            }
        }
    }

    public func create(_ path: String) throws(FileFailure) -> any AppendableFile {
        let descriptor = Glibc.open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, Self.fileMode)
        if descriptor < 0 { throw FileFailure(.create, path, code: errno) }
        return SystemAppendableFile(descriptor: descriptor, path: path)
    }

    public func open(_ path: String) throws(FileFailure) -> any ReadableFile {
        // A pipe in the file's place would else wait for a writer.
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        if descriptor < 0 { throw FileFailure(.open, path, code: errno) }
        var status = stat()
        if fstat(descriptor, &status) != 0 {
            let code = errno
            _ = Glibc.close(descriptor)
            throw FileFailure(.open, path, code: code)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            _ = Glibc.close(descriptor)
            throw FileFailure(.open, path, reason: "it is no regular file")
        }
        return SystemReadableFile(descriptor: descriptor, path: path, byteCount: Int(status.st_size))
    }

    public func rename(_ path: String, to target: String) throws(FileFailure) {
        if Glibc.rename(path, target) != 0 { throw FileFailure(.rename, path, code: errno) }
    }

    public func synchronizeDirectory(_ path: String) throws(FileFailure) {
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if descriptor < 0 { throw FileFailure(.synchronize, path, code: errno) }
        let isDurable = fsync(descriptor) == 0
        let code = errno
        _ = Glibc.close(descriptor)
        if !isDurable { throw FileFailure(.synchronize, path, code: code) }
    }

    public func list(_ directory: String) throws(FileFailure) -> [String] {
        guard let stream = opendir(directory) else {
            if errno == ENOENT { return [] }
            throw FileFailure(.list, directory, code: errno)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw FileFailure(.list, directory, code: errno) }
                return names
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
    }

    public func delete(_ path: String) throws(FileFailure) {
        if unlink(path) != 0 { throw FileFailure(.delete, path, code: errno) }
    }
}

/// An open file, closed once.
// SAFETY: one thread at a time writes a file and closes it.
private final class SystemAppendableFile: AppendableFile, @unchecked Sendable {
    private var descriptor: Int32
    private let path: String

    init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { if descriptor >= 0 { _ = Glibc.close(descriptor) } }

    func append(_ bytes: UnsafeRawBufferPointer) throws(FileFailure) {
        var rest = bytes
        while !rest.isEmpty {
            let count = write(descriptor, rest.baseAddress, rest.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw FileFailure(.append, path, code: errno)
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    func synchronize() throws(FileFailure) {
        // Never twice: after a failure the system may have dropped what it could not write, and the next call would
        // hide it.
        if fsync(descriptor) != 0 { throw FileFailure(.synchronize, path, code: errno) }
    }

    func close() throws(FileFailure) {
        let closing = descriptor
        descriptor = -1
        // Some file systems tell only now that the last bytes did not fit.
        if Glibc.close(closing) != 0 && errno != EINTR { throw FileFailure(.close, path, code: errno) }
    }
}

private final class SystemReadableFile: ReadableFile {
    private let descriptor: Int32
    private let path: String
    let byteCount: Int

    init(descriptor: Int32, path: String, byteCount: Int) {
        self.descriptor = descriptor
        self.path = path
        self.byteCount = byteCount
    }

    deinit { _ = Glibc.close(descriptor) }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FileFailure) {
        var rest = buffer
        var offset = offset
        while !rest.isEmpty {
            let count = pread(descriptor, rest.baseAddress, rest.count, off_t(offset))
            if count < 0 {
                if errno == EINTR { continue }
                throw FileFailure(.read, path, code: errno)
            }
            if count == 0 { throw FileFailure(.read, path, reason: "it ends too early") }
            offset += count
            rest = UnsafeMutableRawBufferPointer(rebasing: rest[count...])
        }
    }
}

extension FileFailure {
    init(_ operation: Operation, _ path: String, code: Int32) {
        self.init(operation, path, reason: strerror(code).map { String(cString: $0) } ?? "error \(code)")
    }
}

import CZlib
public import Engine
import Foundation
import Synchronization

/// Reads a file, a pipe or standard input, and decompresses it where it is gzip.
// SAFETY: one thread reads; others see only `position`, which is atomic, and constants.
public final class FileByteSource: ByteSource, @unchecked Sendable {
    private static let readBytesMax = 1 << 20
    private static let zlibBufferBytes: UInt32 = 1 << 18

    public let name: String
    /// Bytes of the file as it lies on disk; `nil` for what has no size.
    let byteCount: Int64?
    private let isNamedGzip: Bool
    private let file: gzFile
    private let offset = Atomic<Int64>(0)

    /// - Parameter path: `-` is standard input.
    public init(path: String) throws(ReplayFailure) {
        let isStandard = path == ReplayOptions.standardStream
        name = isStandard ? "standard input" : path
        let descriptor = isStandard ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 { throw .system(name, "cannot be read") }
        var status = stat()
        let hasStatus = fstat(descriptor, &status) == 0
        if hasStatus, status.st_mode & S_IFMT == S_IFDIR {
            close(descriptor)
            throw .system(name, "cannot be read", code: EISDIR)
        }
        guard let file = gzdopen(descriptor, "rb") else {
            close(descriptor)
            throw ReplayFailure(.environment, "\(name): cannot be read: no memory")
        }
        gzbuffer(file, Self.zlibBufferBytes)
        self.file = file
        byteCount = hasStatus && status.st_mode & S_IFMT == S_IFREG ? Int64(status.st_size) : nil
        isNamedGzip = !isStandard && RecordFormat.named(path).isCompressed
    }

    deinit { gzclose(file) }

    /// Bytes of the file that were read so far, compressed as they lie there; from any thread.
    var position: Int64 { offset.load(ordering: .relaxed) }

    public func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = gzread(file, buffer.baseAddress, UInt32(min(buffer.count, Self.readBytesMax)))
        if count <= 0 { try checkEnd(count) }
        if isNamedGzip && position == 0 && gzdirect(file) == 1 {
            throw ReplayFailure(.environment, "\(name): it is not gzip, though its name ends in .gz")
        }
        offset.store(Int64(gzoffset(file)), ordering: .relaxed)
        return Int(count)
    }

    /// Nothing came: the end, or why it is none.
    private func checkEnd(_ count: Int32) throws(ReplayFailure) {
        let cause = errno
        var code: Int32 = Z_OK
        let text = gzerror(file, &code)
        switch code {
        case Z_OK, Z_STREAM_END: if count < 0 { throw .system(name, "cannot be read", code: cause) }
        case Z_ERRNO: throw .system(name, "cannot be read", code: cause)
        case Z_BUF_ERROR: throw ReplayFailure(.environment, "\(name): it is truncated: its gzip data ends too early")
        default:
            let reason = text.map { String(cString: $0) } ?? "error \(code)"
            throw ReplayFailure(.environment, "\(name): its gzip data is damaged: \(reason)")
        }
    }
}

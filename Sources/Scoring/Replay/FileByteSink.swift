import CZlib
import Engine
import Foundation

/// Writes to an open file, which it closes at the end.
final class FileByteSink: ByteSink {
    private let name: String
    private var descriptor: Int32

    init(descriptor: Int32, name: String) {
        self.descriptor = descriptor
        self.name = name
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes
        while !rest.isEmpty {
            let count = Foundation.write(descriptor, rest.baseAddress, rest.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw ReplayFailure.system(name, "cannot be written")
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    func finish() throws {
        let closing = descriptor
        descriptor = -1
        // Some file systems tell only now that the last bytes did not fit.
        if close(closing) != 0 && errno != EINTR { throw ReplayFailure.system(name, "cannot be written") }
    }
}

/// Compresses to gzip; the same bytes in give the same bytes out, since no time and no name is written.
final class GzipByteSink: ByteSink {
    private static let bufferBytes = 1 << 18
    /// What is asked of `deflateInit2`: the largest window, with gzip's header and checksum.
    private static let gzipWindowBits: Int32 = 15 + 16
    private static let memoryLevel: Int32 = 8
    /// Files of rows are written once and read once or twice: level 6 takes four times as long for an eighth less.
    static let level: Int32 = 2

    private let sink: any ByteSink
    private let stream: UnsafeMutablePointer<z_stream>
    private let buffer: UnsafeMutableRawBufferPointer

    init(into sink: any ByteSink) {
        self.sink = sink
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        buffer = .allocate(byteCount: Self.bufferBytes, alignment: 64)
        let code = deflateInit2_(
            stream, Self.level, Z_DEFLATED, Self.gzipWindowBits, Self.memoryLevel, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        precondition(code == Z_OK, "deflateInit2 says \(code)")
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
        buffer.deallocate()
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        precondition(bytes.count <= Int(UInt32.max), "\(bytes.count) bytes in one piece")
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(bytes.count)
        try deflateAll(Z_NO_FLUSH)
    }

    func finish() throws {
        try deflateAll(Z_FINISH)
        try sink.finish()
    }

    private func deflateAll(_ flush: Int32) throws {
        repeat {
            stream.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = UInt32(buffer.count)
            let code = deflate(stream, flush)
            precondition(code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR, "deflate says \(code)")
            let count = buffer.count - Int(stream.pointee.avail_out)
            if count > 0 { try sink.write(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
        } while stream.pointee.avail_out == 0
    }
}

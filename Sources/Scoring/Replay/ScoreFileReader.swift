import Engine
import Events

/// Lines of a file, one after the other, in bounded memory.
final class ScoreFileReader {
    private let source: FileByteSource
    private let buffer: UnsafeMutableRawBufferPointer
    private var lines: LineSplitter
    private var filled = 0
    private var place = 0
    private var isDone = false
    private static let bufferBytes = 1 << 20

    init(_ source: FileByteSource, lineBytesMax: Int) {
        self.source = source
        lines = LineSplitter(recordBytesMax: lineBytesMax)
        buffer = .allocate(byteCount: max(Self.bufferBytes, 2 * lineBytesMax), alignment: 16)
    }

    deinit { buffer.deallocate() }

    /// The next line, cut off where it is too long; valid until the next call. `nil`: the end.
    func next() throws -> UnsafeRawBufferPointer? {
        while true {
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<filled])
            if let range = lines.next(in: bytes, from: &place, atEnd: isDone) {
                return UnsafeRawBufferPointer(rebasing: bytes[range])
            }
            if isDone { return nil }
            try refill()
        }
    }

    private func refill() throws {
        if let base = buffer.baseAddress, place > 0 {
            base.copyMemory(from: base + place, byteCount: filled - place)
            filled -= place
            place = 0
        }
        let count = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
        filled += count
        isDone = count == 0
    }
}

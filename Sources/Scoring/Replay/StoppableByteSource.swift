import Engine

/// Another source's bytes, as long as somebody wants them: then it is at its end.
final class StoppableByteSource: ByteSource, Sendable {
    private let source: any ByteSource & Sendable
    private let isWanted: @Sendable () -> Bool

    init(_ source: any ByteSource & Sendable, while isWanted: @escaping @Sendable () -> Bool) {
        self.source = source
        self.isWanted = isWanted
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        isWanted() ? try source.read(into: buffer) : 0
    }
}

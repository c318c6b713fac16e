import Engine

/// Bytes that come in pieces of one length.
final class TextSource: ByteSource {
    private var rest: ArraySlice<UInt8>
    private let pieceBytes: Int

    init(_ text: String, pieceBytes: Int = 7) {
        rest = Array(text.utf8)[...]
        self.pieceBytes = pieceBytes
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let piece = rest.prefix(min(pieceBytes, buffer.count))
        for (place, byte) in piece.enumerated() { buffer[place] = byte }
        rest = rest.dropFirst(piece.count)
        return piece.count
    }
}

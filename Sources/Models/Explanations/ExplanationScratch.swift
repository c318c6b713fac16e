/// What one thread at a time works in while it explains; it fits every model and grows on first use.
public final class ExplanationScratch {
    /// One buffer for each purpose, since explainers stand in one another.
    enum Purpose: Int, CaseIterable { case trees, inputs, replaced, columns, parts }

    private static let alignment = 32
    private var buffers: [UnsafeMutableRawBufferPointer]

    public init() {
        buffers = Purpose.allCases.map { _ in .allocate(byteCount: 1 << 12, alignment: Self.alignment) }
    }

    deinit { for buffer in buffers { buffer.deallocate() } }

    /// At least so many bytes, whatever they hold; until the next call for the same purpose.
    func bytes(_ count: Int, for purpose: Purpose) -> UnsafeMutableRawPointer {
        let buffer = buffers[purpose.rawValue]
        if buffer.count >= count { return buffer.baseAddress! }
        buffer.deallocate()
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: Self.alignment)
        buffers[purpose.rawValue] = larger
        return larger.baseAddress!
    }
}

/// How many rows are explained at once.
enum RowBlocks {
    private static let rowsMax = 64
    /// So that a block's numbers stay in the second cache.
    private static let numbersMax = 16_384

    /// `width`: numbers a row, in and out.
    static func count(width: Int) -> Int { max(1, min(rowsMax, numbersMax / max(1, width))) }
}

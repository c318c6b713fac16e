/// Texts that are made once and copied into every row.
struct TextTable: Sendable {
    private let bytes: [UInt8]
    private let starts: [Int]
    let longest: Int

    init(_ texts: [[UInt8]]) {
        bytes = Array(texts.joined())
        starts = texts.reduce(into: [0]) { starts, text in starts.append(starts[starts.count - 1] + text.count) }
        longest = texts.map(\.count).max() ?? 0
    }

    var byteCount: Int { bytes.count }

    @inline(__always)
    func append(_ index: Int, to out: inout UnsafeMutablePointer<UInt8>) {
        let start = starts[index]
        let count = starts[index &+ 1] &- start
        bytes.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress else { return }
            out.update(from: base + start, count: count)
        }
        out += count
    }
}

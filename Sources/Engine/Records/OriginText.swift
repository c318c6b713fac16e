import Events

/// `topic/partition/offset`: the deterministic identity of an event, in the `riffle-origin` header.
///
/// A resend after a crash carries the same one, so that a consumer can drop duplicates.
struct OriginText {
    /// `topic/partition/` for each lane.
    private let prefixes: [[UInt8]]
    /// Room that a text may take.
    let bytesMax: Int

    init(lanes: [LaneStart]) {
        self.init(prefixes: lanes.map { Array("\($0.topic)/\($0.partition)/".utf8) })
    }

    /// For a file: its name, then the line.
    init(file: String) { self.init(files: [file]) }

    /// For files, by lane.
    init(files: [String]) { self.init(prefixes: files.map { Array("\($0)/0/".utf8) }) }

    private init(prefixes: [[UInt8]]) {
        self.prefixes = prefixes
        bytesMax = (prefixes.map(\.count).max() ?? 0) + NumberText.bytesMax
    }

    /// `topic/partition`.
    func laneName(_ lane: Int) -> ArraySlice<UInt8> { prefixes[lane].dropLast() }

    /// Writes the text and returns its length, at most `bytesMax`.
    @inline(__always)
    func write(lane: Int, offset: Int64, to bytes: UnsafeMutablePointer<UInt8>) -> Int {
        let prefix = prefixes[lane]
        prefix.withUnsafeBufferPointer { source in
            guard let start = source.baseAddress else { return }
            bytes.update(from: start, count: source.count)
        }
        return prefix.count + NumberText.write(offset, to: bytes + prefix.count)
    }
}

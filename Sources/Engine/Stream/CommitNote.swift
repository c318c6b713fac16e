/// What is kept with committed offsets: so that a restart without a snapshot knows how far back it has to read.
///
/// Another tool that resets offsets leaves no note, and one that cannot be read is none: then the log is read from its
/// beginning.
struct CommitNote: Hashable {
    /// The highest accepted event time among everything before the offsets that were committed together, microseconds.
    let watermark: Int64

    init(watermark: Int64) { self.watermark = watermark }

    init?(_ text: String) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == Self.name, let watermark = Int64(parts[1]) else { return nil }
        self.watermark = watermark
    }

    private static let name = "riffle-1"

    var text: String { "\(Self.name) \(watermark)" }
}

/// The secret that requests have to bring, where one is asked for; it is never shown.
public struct BearerToken: Sendable {
    private let bytes: [UInt8]

    /// Shorter ones can be guessed.
    public static let bytesMin = 16

    /// `nil`: too short, or of characters that a header cannot hold.
    public init?(_ text: String) {
        bytes = Array(text.utf8)
        guard bytes.count >= Self.bytesMin, bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
    }

    /// Whether a header says `Bearer` and this token.
    ///
    /// The time that it takes depends on the length of what was sent, and not on where it differs.
    func isIn(_ authorization: String?) -> Bool {
        guard let authorization else { return false }
        let parts = authorization.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return false }
        let sent = Array(parts[1].utf8)
        var difference = UInt8(sent.count == bytes.count ? 0 : 1)
        for (index, byte) in sent.enumerated() { difference |= byte ^ bytes[index % bytes.count] }
        return difference == 0
    }
}

/// The categories that a split sends right, as bits: bit `c % 32` of word `c / 32` is category `c`.
public struct CategorySet: Hashable, Sendable {
    /// Codes are below this: from here on float32 does not tell integers apart.
    public static let codesMax: Int32 = 1 << 24

    /// As many as the greatest category needs; at least one.
    public let words: [UInt32]

    /// `members` lie from 0 to `codesMax` - 1; there is at least one.
    ///
    /// Complexity: O(members + greatest member / 32).
    public init(_ members: some Sequence<Int32>) {
        var words: [UInt32] = [0]
        for member in members {
            precondition(member >= 0 && member < Self.codesMax, "category \(member)")
            let word = Int(member) / 32
            if word >= words.count { words += repeatElement(0, count: word + 1 - words.count) }
            words[word] |= 1 << UInt32(member % 32)
        }
        self.words = words
    }

    /// Whether a value is one of the categories. A value with a fraction counts as its integer part (23.9 is 23); one
    /// below 0, from `codesMax` on or NaN is none, -0.5 included.
    public func contains(_ x: Float) -> Bool {
        words.withUnsafeBufferPointer { Self.bit(x, $0.baseAddress!, count: $0.count) != 0 }
    }

    /// 1 for a member, else 0. Complexity: O(1).
    @inline(__always)
    static func bit(_ x: Float, _ words: UnsafePointer<UInt32>, count: Int) -> UInt32 {
        // Not so for NaN.
        guard x >= 0, x < Float(codesMax) else { return 0 }
        let code = Int(x)
        let word = code &>> 5
        return word < count ? words[word] &>> UInt32(truncatingIfNeeded: code & 31) & 1 : 0
    }
}

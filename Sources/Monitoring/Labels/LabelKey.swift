/// An event's id as 16 bytes, whatever its length: what a score and its label are joined by.
///
/// The hash's key is fixed, so that every run and every machine samples the same ids. Two ids of a hundred million share
/// one with a chance of 2 in 10²³.
public struct LabelKey: Hashable, Sendable {
    /// Decides whether the id is in a sample: level by level, half of them are.
    let sampleBits: UInt64
    /// Decides its place in a table.
    let placeBits: UInt64

    private static let key: (low: UInt64, high: UInt64) = (0x5269_6666_6C65_206C, 0x6162_656C_206A_6F69)

    /// The id's text: UTF-8, without quotation marks. Complexity: O(bytes), without allocation.
    public init(_ text: UnsafeRawBufferPointer) {
        (sampleBits, placeBits) = SipHash128.of(text, key: Self.key)
    }

    /// A whole number is the same id as its decimal digits: one topic may have it as a text. Complexity: O(1).
    public init(_ number: Int64) {
        self = withUnsafeTemporaryAllocation(byteCount: 20, alignment: 1) { digits in
            var place = digits.count
            var rest = number.magnitude
            repeat {
                place -= 1
                digits[place] = UInt8(truncatingIfNeeded: 48 + rest % 10)
                rest /= 10
            } while rest > 0
            if number < 0 {
                place -= 1
                digits[place] = 45
            }
            return LabelKey(UnsafeRawBufferPointer(rebasing: digits[place...]))
        }
    }

    public init(_ text: String) {
        var text = text
        self = text.withUTF8 { LabelKey(UnsafeRawBufferPointer($0)) }
    }

    /// As they were kept.
    init(sampleBits: UInt64, placeBits: UInt64) {
        self.sampleBits = sampleBits
        self.placeBits = placeBits
    }

    /// Whether it is in the sample of a level: all ids at level 0, and at each further one half of those before.
    @inline(__always)
    func isSampled(at level: Int) -> Bool { sampleBits.leadingZeroBitCount >= level }

    /// From the share of a level down nothing is left to halve.
    static let levelMax = 63

    static func share(ofLevel level: Int) -> Double { 1 / Double(UInt64(1) << UInt64(level)) }

    @inline(__always)
    func isBefore(_ other: LabelKey) -> Bool {
        sampleBits != other.sampleBits ? sampleBits < other.sampleBits : placeBits < other.placeBits
    }
}

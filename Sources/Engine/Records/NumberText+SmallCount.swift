import Events

extension NumberText {
    /// Writes counts and flags, which most features are, without the search for the shortest form.
    ///
    /// - Returns: whether `value` is a whole number from 0 to 9,999; else nothing is written and `out` stays.
    @inline(__always)
    static func writeSmallCount(_ value: Double, to out: inout UnsafeMutablePointer<UInt8>) -> Bool {
        guard value >= 0, value < 10_000, value.sign == .plus else { return false }
        let count = UInt32(value)
        guard Double(count) == value else { return false }
        let length = count < 10 ? 1 : count < 100 ? 2 : count < 1_000 ? 3 : 4
        var rest = count
        for place in stride(from: length - 1, through: 0, by: -1) {
            out[place] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        out += length
        return true
    }
}

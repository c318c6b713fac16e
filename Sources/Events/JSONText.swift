/// JSON strings for output records.
public enum JSONText {
    /// How many bytes `writeString` may write for a string of `length` bytes.
    @inlinable
    public static func bytesMax(forLength length: Int) -> Int { length * 6 + 2 }

    /// Writes `text` as a JSON string, with its quotes, and returns the length, at most `bytesMax(forLength:)`.
    ///
    /// Quotes, backslashes and control characters are escaped. What is not UTF-8 is written as U+FFFD, so that the
    /// output is sound whatever the bytes were. Complexity: O(length), without allocation.
    public static func writeString(
        _ text: UnsafeBufferPointer<UInt8>, to bytes: UnsafeMutablePointer<UInt8>
    ) -> Int {
        var out = bytes
        out.pointee = UInt8(ascii: "\"")
        out += 1
        if let start = text.baseAddress {
            var place = 0
            while place < text.count {
                let byte = start[place]
                if byte >= 0x20, byte < 0x80, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
                    out.pointee = byte
                    out += 1
                    place += 1
                } else if byte < 0x80 {
                    writeEscape(byte, to: &out)
                    place += 1
                } else {
                    place += writeCharacter(
                        UnsafeBufferPointer(start: start + place, count: text.count - place), to: &out)
                }
            }
        }
        out.pointee = UInt8(ascii: "\"")
        return out + 1 - bytes
    }

    private static func writeEscape(_ byte: UInt8, to out: inout UnsafeMutablePointer<UInt8>) {
        out[0] = UInt8(ascii: "\\")
        let letter: UInt8 =
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): byte
            case 0x08: UInt8(ascii: "b")
            case 0x09: UInt8(ascii: "t")
            case 0x0A: UInt8(ascii: "n")
            case 0x0C: UInt8(ascii: "f")
            case 0x0D: UInt8(ascii: "r")
            default: UInt8(ascii: "u")
            }
        out[1] = letter
        out += 2
        guard letter == UInt8(ascii: "u") else { return }
        out[0] = UInt8(ascii: "0")
        out[1] = UInt8(ascii: "0")
        out[2] = UInt8(ascii: "0") + byte >> 4
        let low = byte & 0xF
        out[3] = low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") + low - 10
        out += 4
    }

    /// Copies the character that `text` (not empty, first byte not ASCII) starts with; returns how many bytes it took.
    private static func writeCharacter(
        _ text: UnsafeBufferPointer<UInt8>, to out: inout UnsafeMutablePointer<UInt8>
    ) -> Int {
        let lead = text[0]
        let length = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0
        // Bounds of the second byte: they exclude overlong forms, surrogates and what is beyond U+10FFFF.
        let low: UInt8 = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80
        let high: UInt8 = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF
        guard length > 0, length <= text.count, text[1] >= low, text[1] <= high,
            (2..<max(2, length)).allSatisfy({ text[$0] & 0xC0 == 0x80 })
        else {
            out[0] = 0xEF
            out[1] = 0xBF
            out[2] = 0xBD
            out += 3
            return 1
        }
        for place in 0..<length { out[place] = text[place] }
        out += length
        return length
    }
}

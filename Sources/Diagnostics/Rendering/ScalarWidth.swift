/// How scalars of a user's text look in a terminal.
enum ScalarWidth {
    /// What is printed for a scalar, and over how many columns.
    ///
    /// Tabs are the caller's: their width depends on where they stand.
    static func cell(_ scalar: Unicode.Scalar) -> (text: String, width: Int) {
        if isUnprintable(scalar) { return ("\u{FFFD}", 1) }
        return (String(Character(scalar)), width(scalar))
    }

    /// Controls, and marks that reorder the text around them: printing them would let a file rewrite the terminal.
    static func isUnprintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
        default: false
        }
    }

    private static func width(_ scalar: Unicode.Scalar) -> Int {
        if scalar.value < 0x300 { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        return wide.contains { $0.contains(scalar.value) } ? 2 : 1
    }

    /// East Asian wide and full-width blocks, and emoji (Unicode Standard Annex 11, by block).
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
        0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
        0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x20000...0x3FFFD,
    ]
}

extension String {
    /// The text with controls and reordering marks written as `\u{…}`, for messages.
    public var printable: String {
        guard unicodeScalars.contains(where: ScalarWidth.isUnprintable) else { return self }
        var result = ""
        for scalar in unicodeScalars {
            if ScalarWidth.isUnprintable(scalar) {
                result += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// The text in double quotes as diagnostics quote it: at most 60 characters of it.
    public var quoted: String {
        let start = prefix(61)
        return start.count <= 60 ? "\"\(self)\"" : "\"\(start.prefix(59))…\""
    }
}

/// A number as it was written, exact: digits in front of and behind the point.
struct NumberLiteral {
    enum Failure: Error {
        case notANumber
        /// It does not fit 64 bits.
        case tooLarge
        /// More digits behind the point than there is room for.
        case tooPrecise
    }

    let isNegative: Bool
    /// Without `_`; at least one digit.
    let whole: [UInt8]
    /// Without `_`; empty where there is no point.
    let fraction: [UInt8]

    /// `5_000_000`, `-0.5`: `_` only between digits, digits on both sides of the point, no exponent.
    init?(_ text: String) {
        var bytes = text.utf8[...]
        isNegative = bytes.first == UInt8(ascii: "-")
        if bytes.first == UInt8(ascii: "-") || bytes.first == UInt8(ascii: "+") { bytes = bytes.dropFirst() }
        let parts = bytes.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let whole = Self.digits(first) else { return nil }
        self.whole = whole
        if parts.count == 2 {
            guard let fraction = Self.digits(parts[1]) else { return nil }
            self.fraction = fraction
        } else {
            fraction = []
        }
    }

    private static func digits(_ bytes: Substring.UTF8View) -> [UInt8]? {
        var result: [UInt8] = []
        var previousIsDigit = false
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                result.append(byte - UInt8(ascii: "0"))
                previousIsDigit = true
            case UInt8(ascii: "_"):
                guard previousIsDigit else { return nil }
                previousIsDigit = false
            default: return nil
            }
        }
        return previousIsDigit ? result : nil
    }

    /// The number in units of 10^-scale.
    func units(scale: Int) throws(Failure) -> Int64 {
        let kept = fraction.prefix(scale)
        guard fraction.dropFirst(scale).allSatisfy({ $0 == 0 }) else { throw .tooPrecise }
        var value: Int64 = 0
        let padding = repeatElement(UInt8(0), count: scale - kept.count)
        for digit in whole + kept + padding {
            let (tenfold, overflows) = value.multipliedReportingOverflow(by: 10)
            let signed = isNegative ? -Int64(digit) : Int64(digit)
            let (sum, overflowsToo) = tenfold.addingReportingOverflow(signed)
            guard !overflows, !overflowsToo else { throw .tooLarge }
            value = sum
        }
        return value
    }

    /// A whole number.
    static func integer(_ text: String) throws(Failure) -> Int64 {
        guard let literal = NumberLiteral(text), literal.fraction.isEmpty else { throw .notANumber }
        return try literal.units(scale: 0)
    }

    /// A number for a `float`: an exponent is fine, infinity and NaN are not.
    static func double(_ text: String) throws(Failure) -> Double {
        let parts = text.lowercased().split(separator: "e", maxSplits: 1, omittingEmptySubsequences: false)
        guard let mantissa = parts.first, NumberLiteral(String(mantissa)) != nil else { throw .notANumber }
        if parts.count == 2 {
            guard let exponent = NumberLiteral(String(parts[1])), exponent.fraction.isEmpty else { throw .notANumber }
        }
        guard let value = Double(text.filter { $0 != "_" }) else { throw .notANumber }
        guard value.isFinite else { throw .tooLarge }
        return value
    }

    /// `5_000_000` for messages.
    static func text(_ value: Int64) -> String {
        var digits = Array(String(value.magnitude))
        var index = digits.count - 3
        while index > 0, value.magnitude >= 10_000 {
            digits.insert("_", at: index)
            index -= 3
        }
        return (value < 0 ? "-" : "") + String(digits)
    }
}

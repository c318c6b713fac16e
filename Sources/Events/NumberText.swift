import CSimdjson

/// Numbers as text: shortest forms that read back to the same value, without locale and without allocation.
public enum NumberText {
    /// No number is longer: every buffer that is written to holds at least so many bytes behind its start.
    public static let bytesMax = 32

    /// Writes the shortest text that reads back to the same `Float`, and returns its length.
    ///
    /// A NaN is written as `nan` and infinities as `inf`, which are not JSON: callers decide what stands for them.
    public static func write(_ value: Float, to bytes: UnsafeMutablePointer<UInt8>) -> Int {
        charconv_write_float(value, bytes)
    }

    /// Writes the shortest text that reads back to the same `Double`, and returns its length; see `Float` for NaN.
    public static func write(_ value: Double, to bytes: UnsafeMutablePointer<UInt8>) -> Int {
        charconv_write_double(value, bytes)
    }

    /// Writes an integer and returns its length.
    public static func write(_ value: Int64, to bytes: UnsafeMutablePointer<UInt8>) -> Int {
        charconv_write_int64(value, bytes)
    }

    /// Writes `units` x 10^-`scale` with exactly `scale` digits behind the point (`27.60`), and returns its length.
    ///
    /// `scale` is 0 to 18.
    public static func writeDecimal(units: Int64, scale: Int, to bytes: UnsafeMutablePointer<UInt8>) -> Int {
        charconv_write_decimal(units, UInt32(truncatingIfNeeded: min(max(scale, 0), 18)), bytes)
    }

    /// The nearest `Double` to a decimal number that fills all of `text`; `nil` if it is none, is not finite, or is too
    /// small.
    ///
    /// More is accepted than in JSON: `.5`, `5.`, `007`. Reads nothing beyond `text`.
    public static func parseDouble(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
        var value = 0.0
        return charconv_parse_double(text.baseAddress, text.count, &value) ? value : nil
    }

    /// The integer that fills all of `text`; `nil` if it is none or is beyond 64 bits. Reads nothing beyond `text`.
    public static func parseInt(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
        var value: Int64 = 0
        return charconv_parse_int64(text.baseAddress, text.count, &value) ? value : nil
    }
}

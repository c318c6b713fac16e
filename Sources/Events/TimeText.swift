/// Event times as ISO 8601 text, in UTC.
public enum TimeText {
    /// The longest text, `2018-09-30T23:59:57.123456Z`: every buffer that is written to holds at least so many bytes.
    public static let bytesMax = 27

    /// Writes `2018-09-30T23:59:57Z`, with 1 to 6 digits of a fraction where it is not zero, and returns the length.
    ///
    /// A time outside `EventTime.minimum ... maximum` is written as the nearest one inside.
    public static func write(_ time: EventTime, to bytes: UnsafeMutablePointer<UInt8>) -> Int {
        let time = min(max(time, .minimum), .maximum)
        // From year 1 on, so that every quotient below is of a number that is not negative.
        let sinceYear1 = UInt64(bitPattern: time.microseconds &- EventTime.minimum.microseconds)
        let (seconds, microseconds) = sinceYear1.quotientAndRemainder(dividingBy: 1_000_000)
        let (days, secondOfDay) = seconds.quotientAndRemainder(dividingBy: 86_400)
        let date = CivilDate(daysSinceYear1: Int(days))
        writeDigits(date.year, count: 4, to: bytes)
        bytes[4] = UInt8(ascii: "-")
        writeDigits(date.month, count: 2, to: bytes + 5)
        bytes[7] = UInt8(ascii: "-")
        writeDigits(date.day, count: 2, to: bytes + 8)
        bytes[10] = UInt8(ascii: "T")
        writeDigits(Int(secondOfDay / 3_600), count: 2, to: bytes + 11)
        bytes[13] = UInt8(ascii: ":")
        writeDigits(Int(secondOfDay / 60 % 60), count: 2, to: bytes + 14)
        bytes[16] = UInt8(ascii: ":")
        writeDigits(Int(secondOfDay % 60), count: 2, to: bytes + 17)
        var length = 19
        if microseconds != 0 {
            bytes[length] = UInt8(ascii: ".")
            writeDigits(Int(microseconds), count: 6, to: bytes + length + 1)
            length += 7
            while bytes[length - 1] == UInt8(ascii: "0") { length -= 1 }
        }
        bytes[length] = UInt8(ascii: "Z")
        return length + 1
    }

    /// The text as a `String`; for messages, not for the hot path.
    public static func string(_ time: EventTime) -> String {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: bytesMax) { buffer in
            guard let start = buffer.baseAddress else { return "" }
            let length = write(time, to: start)
            return String(decoding: UnsafeBufferPointer(start: start, count: length), as: UTF8.self)
        }
    }

    @inline(__always)
    private static func writeDigits(_ value: Int, count: Int, to bytes: UnsafeMutablePointer<UInt8>) {
        var rest = value
        for place in stride(from: count - 1, through: 0, by: -1) {
            bytes[place] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }
}

/// A day of the proleptic Gregorian calendar.
struct CivilDate: Hashable {
    var year: Int
    var month: Int
    var day: Int

    /// The day that is `days` (not negative) after 0001-01-01.
    ///
    /// Within 400 years every cycle but the last is shorter by a leap day, hence the `min`: the last day of a leap
    /// cycle would else fall into a fifth one.
    init(daysSinceYear1 days: Int) {
        let (cycles400, in400) = days.quotientAndRemainder(dividingBy: 146_097)
        let cycles100 = min(in400 / 36_524, 3)
        let in100 = in400 - cycles100 * 36_524
        let (cycles4, in4) = in100.quotientAndRemainder(dividingBy: 1_461)
        let years = min(in4 / 365, 3)
        let dayOfYear = in4 - years * 365
        year = cycles400 * 400 + cycles100 * 100 + cycles4 * 4 + years + 1
        let isLeap = years == 3 && (cycles4 != 24 || cycles100 == 3)
        // From March on, months repeat 31 30 31 30 31 within 153 days; January and February are counted by hand.
        let beforeMarch = isLeap ? 60 : 59
        if dayOfYear < beforeMarch {
            month = dayOfYear < 31 ? 1 : 2
            day = dayOfYear - (month == 1 ? 0 : 31) + 1
        } else {
            let sinceMarch = dayOfYear - beforeMarch
            let months = (5 * sinceMarch + 2) / 153
            month = months + 3
            day = sinceMarch - (153 * months + 2) / 5 + 1
        }
    }
}

import Events
import Foundation

/// Times and numbers as people read them.
enum MonitorText {
    /// RFC 3339 in UTC.
    static func time(_ microseconds: Int64) -> String {
        let bounded = min(max(microseconds, EventTime.minimum.microseconds), EventTime.maximum.microseconds)
        return TimeText.string(EventTime(microseconds: bounded))
    }

    static func percent(_ share: Double) -> String { "\(number(share * 100)) %" }

    /// Three digits.
    static func number(_ value: Double) -> String {
        if value == 0 || !value.isFinite { return "0" }
        let scale = 2 - Int(floor(log10(abs(value))))
        if scale <= 0 || scale > 15 { return String(format: "%.3g", value) }
        var text = String(format: "%.\(scale)f", value)
        while text.contains("."), text.last == "0" || text.last == "." {
            let wasPoint = text.removeLast() == "."
            if wasPoint { break }
        }
        return text
    }
}

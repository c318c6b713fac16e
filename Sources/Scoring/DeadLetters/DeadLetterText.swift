import Events
import Foundation
import Kafka

/// How dead letters are shown: a few lines for people, or one JSON object a line.
///
/// Whatever stands in a letter may have been chosen by a stranger: nothing in it moves a terminal's cursor.
public enum DeadLetterText {
    /// One line, without the payload.
    public static func line(_ letter: DeadLetter) -> String {
        var parts = [
            "\(letter.partition):\(letter.offset)", letter.timeMicroseconds.map(time) ?? "-",
            letter.origin.map(\.description) ?? "no origin", letter.code.isEmpty ? "no code" : shown(letter.code),
            "attempts \(letter.attempts)",
        ]
        if let truncated = letter.truncated { parts.append("without \(shown(truncated))") }
        return parts.joined(separator: "  ") + (letter.message.isEmpty ? "" : "\n  \(shown(letter.message))")
    }

    /// Key, headers and value, a line each.
    public static func payload(_ letter: DeadLetter) -> String {
        var lines = ["  key: \(shown(letter.key))"]
        for header in letter.headers { lines.append("  header \(shown(header.name)): \(shown(header.value))") }
        lines.append("  value: \(shown(letter.value))")
        return lines.joined(separator: "\n")
    }

    /// One JSON object; with the payload as text where it is UTF-8, else as `key_base64` and `value_base64`.
    public static func json(_ letter: DeadLetter, withPayload: Bool) -> String {
        var members = ["\"partition\":\(letter.partition)", "\"offset\":\(letter.offset)"]
        func add(_ name: String, _ text: String?) {
            members.append("\(quoted(name)):\(text.map(quoted) ?? "null")")
        }
        add("time", letter.timeMicroseconds.map(time))
        // That of the event's own record.
        add(
            "timestamp",
            letter.eventTimestampMilliseconds.map { time($0.multipliedReportingOverflow(by: 1_000).partialValue) })
        add("origin", letter.origin.map(\.description))
        add("code", letter.code)
        add("message", letter.message)
        members.append("\"attempts\":\(letter.attempts)")
        add("truncated", letter.truncated)
        if withPayload {
            members.append(bytes("key", letter.key))
            members.append(bytes("value", letter.value))
            let headers = letter.headers.map { "{\"name\":\(quoted($0.name)),\(bytes("value", $0.value))}" }
            members.append("\"headers\":[\(headers.joined(separator: ","))]")
        }
        return "{\(members.joined(separator: ","))}"
    }

    // MARK: - Parts

    private static func time(_ microseconds: Int64) -> String { TimeText.string(EventTime(microseconds: microseconds)) }

    private static func bytes(_ name: String, _ bytes: [UInt8]?) -> String {
        guard let bytes else { return "\(quoted(name)):null" }
        if let text = String(validating: bytes, as: UTF8.self) { return "\(quoted(name)):\(quoted(text))" }
        return "\(quoted("\(name)_base64")):\(quoted(Data(bytes).base64EncodedString()))"
    }

    private static func quoted(_ text: String) -> String {
        var text = text
        return text.withUTF8 { bytes in
            String(unsafeUninitializedCapacity: JSONText.bytesMax(forLength: bytes.count)) { target in
                guard let start = target.baseAddress else { return 0 }
                return JSONText.writeString(bytes, to: start)
            }
        }
    }

    private static func shown(_ bytes: [UInt8]?) -> String {
        bytes.map { shown(String(decoding: $0, as: UTF8.self)) } ?? "none"
    }

    /// Controls, line ends and characters that reorder text, as escapes.
    static func shown(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned:
                result.append(contentsOf: "\\u{\(String(scalar.value, radix: 16, uppercase: true))}".unicodeScalars)
            default: result.append(scalar)
            }
        }
        return String(result)
    }
}

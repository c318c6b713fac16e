/// A piece of a page. What is put into a literal as a `String` is escaped, whatever it holds; markup only comes from
/// literals and other pieces.
struct HTML: ExpressibleByStringInterpolation, Sendable {
    private(set) var text: String

    static let empty = HTML(stringLiteral: "")

    init(stringLiteral text: String) { self.text = text }

    init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

    var byteCount: Int { text.utf8.count }
    var isEmpty: Bool { text.isEmpty }

    static func + (left: HTML, right: HTML) -> HTML { HTML(stringLiteral: left.text + right.text) }
    static func += (left: inout HTML, right: HTML) { left.text += right.text }

    struct StringInterpolation: StringInterpolationProtocol {
        var text = ""

        init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }

        mutating func appendLiteral(_ literal: String) { text += literal }
        mutating func appendInterpolation(_ piece: HTML) { text += piece.text }
        mutating func appendInterpolation(_ pieces: [HTML]) { for piece in pieces { text += piece.text } }
        mutating func appendInterpolation(_ data: String) { text += HTML.escape(data) }
        mutating func appendInterpolation(_ number: Int) { text += "\(number)" }
        mutating func appendInterpolation(count: Int) { text += ReportText.grouped(count) }
    }

    /// Names come from data: no more of one is shown.
    static let scalarsMax = 120

    /// For text and for attributes in quotes. What turns the direction of writing round, and other control characters, become
    /// U+FFFD; what is longer than `scalarsMax` is cut.
    static func escape(_ data: String) -> String {
        var text = ""
        for (place, scalar) in data.unicodeScalars.enumerated() {
            if place == scalarsMax {
                text += "…"
                break
            }
            switch scalar {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"": text += "&quot;"
            case "'": text += "&#39;"
            case _ where isControl(scalar): text += "\u{FFFD}"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
        default: false
        }
    }
}

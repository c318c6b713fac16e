/// One line of a terminal view: pieces of text with a style each; every character takes one column.
struct StyledLine {
    enum Style: String {
        case plain = ""
        case bold = "1"
        case dim = "2"
        case red = "31"
        case green = "32"
        case yellow = "33"
        case cyan = "36"
    }

    private var pieces: [(text: String, style: Style)] = []
    private(set) var width = 0

    mutating func add(_ text: String, _ style: Style = .plain) {
        pieces.append((text, style))
        width += text.count
    }

    /// Adds text that ends (`trailing`) or begins in a field of so many columns.
    mutating func add(_ text: String, columns: Int, trailing: Bool = false, _ style: Style = .plain) {
        let space = String(repeating: " ", count: max(0, columns - text.count))
        add(trailing ? space + text : text + space, style)
    }

    /// Fills up to a column.
    mutating func pad(to column: Int) {
        if column > width { add(String(repeating: " ", count: column - width)) }
    }

    /// The line, cut at `width` columns and without spaces at its end.
    func rendered(width limit: Int, usesColour: Bool) -> String {
        var room = limit
        var cut = pieces.map { piece in
            let text = piece.text.prefix(room)
            room -= text.count
            return (text: text, style: piece.style)
        }
        while let last = cut.last, last.text.last.map({ $0 == " " }) ?? true {
            cut[cut.count - 1].text = last.text.dropLast()
            if cut[cut.count - 1].text.isEmpty { cut.removeLast() }
        }
        return cut.map { piece in
            let isStyled = usesColour && piece.style != .plain && !piece.text.isEmpty
            return isStyled ? "\u{1B}[\(piece.style.rawValue)m\(piece.text)\u{1B}[0m" : String(piece.text)
        }.joined()
    }
}

/// Numbers as people read them.
enum NumberStyle {
    /// `1,234,567`.
    static func grouped(_ number: Int) -> String {
        let digits = String(number.magnitude)
        var result = ""
        for (index, digit) in digits.enumerated() {
            if index > 0 && (digits.count - index) % 3 == 0 { result.append(",") }
            result.append(digit)
        }
        return number < 0 ? "-" + result : result
    }

    /// A fixed number of decimals, 0 to 3.
    static func decimal(_ value: Double, places: Int) -> String {
        guard value.isFinite, abs(value) < 1e12 else { return "-" }
        let scale = [1, 10, 100, 1_000][min(3, max(0, places))]
        let units = Int((abs(value) * Double(scale)).rounded())
        let sign = value < 0 && units > 0 ? "-" : ""
        if scale == 1 { return sign + grouped(units) }
        let fraction = String(units % scale)
        return "\(sign)\(grouped(units / scale)).\(String(repeating: "0", count: places - fraction.count))\(fraction)"
    }

    /// A share of a whole: `0.06 %`, `1.2 %`, `98 %`; 100 % only for all of it.
    static func share(_ part: Int, of whole: Int) -> String {
        if whole == 0 { return "-" }
        let percent = Double(part) / Double(whole) * 100
        if percent >= 99, part < whole { return decimal(min(percent, 99.9), places: 1) + " %" }
        return decimal(percent, places: percent == 0 || percent >= 9.95 ? 0 : percent >= 0.995 ? 1 : 2) + " %"
    }

    /// A span of microseconds: `0.8 ms`, `12 ms`, `1.2 s`.
    static func milliseconds(_ microseconds: Int) -> String {
        let value = Double(microseconds) / 1_000
        if value >= 999.5 { return decimal(value / 1_000, places: 1) + " s" }
        return decimal(value, places: value >= 9.95 ? 0 : 1) + " ms"
    }

    /// `42 s`, `3 min 05 s`, `2 h 03 min`.
    static func elapsed(_ nanoseconds: Int64) -> String {
        let seconds = Int(nanoseconds / 1_000_000_000)
        func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        if seconds < 60 { return "\(seconds) s" }
        if seconds < 3_600 { return "\(seconds / 60) min \(twoDigits(seconds % 60)) s" }
        return "\(seconds / 3_600) h \(twoDigits(seconds / 60 % 60)) min"
    }
}

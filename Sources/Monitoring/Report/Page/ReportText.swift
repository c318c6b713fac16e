import Glibc

/// Numbers and sentences as the page has them.
enum ReportText {
    /// "10", "1.5 k", "2 M", "10^27": so many events.
    static func count(_ value: Double) -> String {
        if value >= 1e15 { return "10^\(Int(log10(min(value, 1e300))))" }
        for (size, letter) in [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")] where value >= size {
            return MonitorText.number(value / size) + "\u{A0}" + letter
        }
        return MonitorText.number(value)
    }

    /// "1,234,567".
    static func grouped(_ count: Int) -> String {
        var text = ""
        let digits = "\(count.magnitude)"
        for (place, digit) in digits.enumerated() {
            if place > 0, (digits.count - place) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return (count < 0 ? "-" : "") + text
    }

    /// The sign stays on the number's line.
    static func percent(_ share: Double) -> String { MonitorText.number(share * 100) + "\u{A0}%" }

    /// What an alert says, for reading.
    static func effect(_ effect: String) -> String {
        effect.replacing(" -> ", with: " → ").replacing(" %", with: "\u{A0}%")
    }
}

import Features

/// A whole number with a unit: `10m`, `256 KiB`.
struct UnitLiteral {
    /// Units with their size, small to large, and other spellings that people try.
    struct System {
        let units: [(name: String, size: Int64)]
        let otherSpellings: [String: String]
        /// Whether a blank may stand before the unit.
        let allowsBlank: Bool
        let example: String

        func size(of name: String) -> Int64? { units.first { $0.name == name }?.size }
    }

    enum Failure: Error {
        case notANumber
        case noUnit
        case unknownUnit(String)
        case tooLarge
    }

    static let durations = System(
        units: DurationUnit.all.map { ($0.name, $0.microseconds) },
        otherSpellings: [
            "µs": "us", "usec": "us", "msec": "ms", "millis": "ms", "sec": "s", "secs": "s", "second": "s",
            "seconds": "s", "min": "m", "mins": "m", "minute": "m", "minutes": "m", "hr": "h", "hrs": "h", "hour": "h",
            "hours": "h", "day": "d", "days": "d", "week": "w", "weeks": "w", "S": "s", "H": "h", "D": "d", "W": "w",
        ],
        allowsBlank: false, example: "10m")

    static let sizes = System(
        units: [("B", 1), ("KiB", 1_024), ("MiB", 1_048_576), ("GiB", 1_073_741_824)],
        otherSpellings: [
            "b": "B", "bytes": "B", "k": "KiB", "K": "KiB", "kb": "KiB", "KB": "KiB", "kB": "KiB", "kib": "KiB",
            "m": "MiB", "M": "MiB", "mb": "MiB", "MB": "MiB", "mib": "MiB", "g": "GiB", "G": "GiB", "gb": "GiB",
            "GB": "GiB", "gib": "GiB",
        ],
        allowsBlank: true, example: "1 MiB")

    /// The number in the smallest unit.
    static func value(_ text: String, in system: System) throws(Failure) -> Int64 {
        let (number, unit) = parts(text, in: system)
        let count: Int64
        do {
            count = try NumberLiteral.integer(number)
        } catch {
            throw error == .tooLarge ? .tooLarge : .notANumber
        }
        guard !unit.isEmpty else { throw .noUnit }
        guard let size = system.size(of: unit) else { throw .unknownUnit(unit) }
        let (value, overflows) = count.multipliedReportingOverflow(by: size)
        guard !overflows else { throw .tooLarge }
        return value
    }

    /// The text with its unit spelt right, or `nil`.
    static func mended(_ text: String, in system: System) -> String? {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == "_") }
        let unit = String(text.dropFirst(number.count)).trimmingBlanks
        guard !number.isEmpty, let name = system.size(of: unit) != nil ? unit : system.otherSpellings[unit] else {
            return nil
        }
        return number + (system.allowsBlank ? " " : "") + name
    }

    /// The value in the largest unit that divides it.
    static func text(_ value: Int64, in system: System) -> String {
        let unit = system.units.last { value != 0 && value % $0.size == 0 } ?? system.units[system.allowsBlank ? 0 : 2]
        return NumberLiteral.text(value / unit.size) + (system.allowsBlank ? " " : "") + unit.name
    }

    private static func parts(_ text: String, in system: System) -> (number: String, unit: String) {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == "_" || $0 == "-" || $0 == "." || $0 == "+") }
        let unit = text.dropFirst(number.count)
        return (String(number), system.allowsBlank ? String(unit).trimmingBlanks : String(unit))
    }
}

extension String {
    /// Without spaces at its ends.
    var trimmingBlanks: String {
        var rest = self[...].drop { $0 == " " }
        while rest.last == " " { rest = rest.dropLast() }
        return String(rest)
    }
}

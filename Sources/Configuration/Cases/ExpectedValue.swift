/// What a number of a test has to be.
public enum ExpectedValue: Hashable, Sendable {
    /// To the bit where it is a whole number, else but for the test's tolerance.
    case equal(Double)
    case near(Double, tolerance: Double)
    case less(Double)
    case atMost(Double)
    case greater(Double)
    case atLeast(Double)
    case between(Double, Double)
    case missing

    /// `12`, `0.5 +- 0.01`, `0.4..0.6`, `> 0.9`, `true`, `missing`; `nil` where it is none of these.
    init?(_ text: String) {
        let text = Self.trimmed(text)
        switch text {
        case "missing": self = .missing
        case "true": self = .equal(1)
        case "false": self = .equal(0)
        default:
            guard let value = Self.comparison(text) ?? Self.span(text) ?? Self.number(text).map(Self.equal) else {
                return nil
            }
            self = value
        }
    }

    /// What may stand there.
    static let forms = "a number, N +- TOLERANCE, A..B, > N, >= N, < N, <= N, true, false or missing"

    private static func comparison(_ text: String) -> ExpectedValue? {
        let signs: [(String, (Double) -> ExpectedValue)] = [
            (">=", { .atLeast($0) }), ("<=", { .atMost($0) }), (">", { .greater($0) }), ("<", { .less($0) }),
        ]
        for (sign, make) in signs where text.hasPrefix(sign) {
            return number(trimmed(String(text.dropFirst(sign.count)))).map(make)
        }
        return nil
    }

    private static func span(_ text: String) -> ExpectedValue? {
        for sign in ["+-", ".."] {
            guard let range = text.firstRange(of: sign) else { continue }
            guard let left = number(trimmed(String(text[..<range.lowerBound]))),
                let right = number(trimmed(String(text[range.upperBound...])))
            else { return nil }
            if sign == "+-" { return right >= 0 ? .near(left, tolerance: right) : nil }
            return left <= right ? .between(left, right) : nil
        }
        return nil
    }

    private static func number(_ text: String) -> Double? { try? NumberLiteral.double(text) }

    private static func trimmed(_ text: String) -> String {
        let isBlank: (Character) -> Bool = { $0 == " " }
        return String(String(text.drop(while: isBlank).reversed()).drop(while: isBlank).reversed())
    }

    /// Whether a value is what was expected.
    ///
    /// - Parameter tolerance: by what part of itself a number with a fraction may be off.
    public func holds(for value: Double, tolerance: Double) -> Bool {
        if value.isNaN { return self == .missing }
        return switch self {
        case .missing: false
        case .equal(let wanted):
            value == wanted || wanted != wanted.rounded() && abs(value - wanted) <= tolerance * abs(wanted)
        case .near(let wanted, let tolerance): abs(value - wanted) <= tolerance
        case .less(let bound): value < bound
        case .atMost(let bound): value <= bound
        case .greater(let bound): value > bound
        case .atLeast(let bound): value >= bound
        case .between(let low, let high): value >= low && value <= high
        }
    }
}

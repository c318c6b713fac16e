/// A unit of time as it stands behind a whole number: `7d`. The same in expressions and everywhere else in a pipeline.
public struct DurationUnit: Hashable, Sendable {
    public let name: String
    public let microseconds: Int64

    /// Small to large.
    public static let all: [DurationUnit] = [
        DurationUnit("us", 1), DurationUnit("ms", 1_000), DurationUnit("s", 1_000_000), DurationUnit("m", 60_000_000),
        DurationUnit("h", 3_600_000_000), DurationUnit("d", 86_400_000_000), DurationUnit("w", 604_800_000_000),
    ]

    private init(_ name: String, _ microseconds: Int64) {
        self.name = name
        self.microseconds = microseconds
    }

    /// A span in the largest unit that divides it: `7d`.
    public static func text(_ microseconds: Int64) -> String {
        let unit = all.last { microseconds != 0 && microseconds % $0.microseconds == 0 } ?? all[2]
        return "\(microseconds / unit.microseconds)\(unit.name)"
    }
}

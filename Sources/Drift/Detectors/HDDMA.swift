import Glibc

/// HDDM_A: the mean of values from 0 to 1 against the lowest it has been, by Hoeffding's inequality.
///
/// Source: I. Frías-Blanco et al., "Online and Non-Parametric Drift Detection Methods Based on Hoeffding's Bounds", 2015,
/// in River's form. Memory: constant. Complexity: O(1).
public struct HDDMA: StreamDetector {
    public static let name = "hddm-a"
    public static let summary = "a rising mean, by Hoeffding's bound"
    public static let isBinary = true
    public static let parameters = [
        DetectorParameter("drift_confidence", .number(1e-300...1), default: "0.001", "level of the alarm"),
        DetectorParameter("warning_confidence", .number(1e-300...1), default: "0.005", "level of the warning"),
        DetectorParameter("two_sided_test", .flag, default: "false", "whether a falling mean alarms, too"),
    ]

    private let drift: Double
    private let warning: Double
    private let isTwoSided: Bool

    private var mean = RunningMean()
    private var lowest = RunningMean()
    private var highest = RunningMean()
    private var isAlarmed = false
    public private(set) var isWarning = false

    public init(_ arguments: DetectorArguments) {
        drift = arguments.number("drift_confidence")
        warning = arguments.number("warning_confidence")
        isTwoSided = arguments.flag("two_sided_test")
    }

    public mutating func update(_ value: Double) -> Bool {
        guard value.isFinite else { return false }
        if isAlarmed {
            (mean, lowest, highest) = (RunningMean(), RunningMean(), RunningMean())
            isWarning = false
        }
        mean.update(value != 0 ? 1 : 0)
        if lowest.count == 0 { lowest = mean }
        if highest.count == 0 { highest = mean }
        if lowest.mean + bound(lowest) >= mean.mean + bound(mean) { lowest = mean }
        if highest.mean - bound(highest) <= mean.mean - bound(mean) { highest = mean }
        isAlarmed = hasRisen(drift)
        isWarning = !isAlarmed && hasRisen(warning)
        if isTwoSided {
            if hasFallen(drift) {
                isAlarmed = true
            } else if hasFallen(warning) {
                isWarning = true
            }
        }
        return isAlarmed
    }

    private func bound(_ mean: RunningMean) -> Double {
        (1 / Double(2 * mean.count) * log(1 / drift)).squareRoot()
    }

    private func hasRisen(_ confidence: Double) -> Bool {
        lowest.count != mean.count && mean.mean - lowest.mean >= margin(lowest, confidence)
    }

    private func hasFallen(_ confidence: Double) -> Bool {
        highest.count != mean.count && highest.mean - mean.mean >= margin(highest, confidence)
    }

    private func margin(_ cut: RunningMean, _ confidence: Double) -> Double {
        let share = Double(mean.count - cut.count) / Double(cut.count) * (1 / Double(mean.count))
        return (share / 2 * log(2 / confidence)).squareRoot()
    }

    public func write(to state: inout DetectorStateWriter) {
        for part in [mean, lowest, highest] { part.write(to: &state) }
        state.write(isAlarmed)
        state.write(isWarning)
    }

    public mutating func read(from state: inout DetectorStateReader) throws(DetectorRefusal) {
        try mean.read(from: &state)
        try lowest.read(from: &state)
        try highest.read(from: &state)
        guard max(lowest.count, highest.count) <= mean.count else {
            throw DetectorRefusal("the state of a detector is damaged: its counts")
        }
        isAlarmed = try state.flag("the alarm")
        isWarning = try state.flag("the warning")
    }
}

import Glibc

/// HDDM_W: a faded mean of values from 0 to 1 against its lowest, by McDiarmid's inequality.
///
/// Source: as `HDDMA`. Memory: constant. Complexity: O(1).
public struct HDDMW: StreamDetector {
    public static let name = "hddm-w"
    public static let summary = "a rising faded mean, by McDiarmid's bound"
    public static let isBinary = true
    public static let parameters = [
        DetectorParameter("drift_confidence", .number(1e-300...1), default: "0.001", "level of the alarm"),
        DetectorParameter("warning_confidence", .number(1e-300...1), default: "0.005", "level of the warning"),
        DetectorParameter("lambda_val", .number(0...1), default: "0.05", "weight of the newest value"),
        DetectorParameter("two_sided_test", .flag, default: "false", "whether a falling mean alarms, too"),
    ]

    /// A faded mean, and the sum of its squared weights.
    private struct Sample: Hashable, Sendable {
        var mean = 0.0
        var weight = 1.0
        var isBegun = false

        mutating func update(_ value: Double, _ lambda: Double) {
            mean = isBegun ? lambda * value + (1 - lambda) * mean : value
            isBegun = true
            weight = lambda * lambda + (1 - lambda) * (1 - lambda) * weight
        }
    }

    private let drift: Double
    private let warning: Double
    private let lambda: Double
    private let isTwoSided: Bool

    private var whole = Sample()
    /// Up to the lowest, and since then.
    private var (beforeRise, sinceRise) = (Sample(), Sample())
    private var (beforeFall, sinceFall) = (Sample(), Sample())
    private var riseFrom = Double.infinity
    private var fallFrom = -Double.infinity
    private var isAlarmed = false
    public private(set) var isWarning = false

    public init(_ arguments: DetectorArguments) {
        drift = arguments.number("drift_confidence")
        warning = arguments.number("warning_confidence")
        lambda = arguments.number("lambda_val")
        isTwoSided = arguments.flag("two_sided_test")
    }

    public mutating func update(_ value: Double) -> Bool {
        guard value.isFinite else { return false }
        if isAlarmed { reset() }
        let value = value != 0 ? 1.0 : 0
        whole.update(value, lambda)
        let margin = Self.bound(whole.weight, drift)
        if whole.mean + margin < riseFrom {
            (riseFrom, beforeRise, sinceRise) = (whole.mean + margin, whole, Sample())
        } else {
            sinceRise.update(value, lambda)
        }
        isAlarmed = Self.isAbove(sinceRise, beforeRise, drift)
        isWarning = !isAlarmed && Self.isAbove(sinceRise, beforeRise, warning)
        if whole.mean - margin > fallFrom {
            (fallFrom, beforeFall, sinceFall) = (whole.mean - margin, whole, Sample())
        } else {
            sinceFall.update(value, lambda)
        }
        if isTwoSided {
            if Self.isAbove(beforeFall, sinceFall, drift) {
                isAlarmed = true
            } else if Self.isAbove(beforeFall, sinceFall, warning) {
                isWarning = true
            }
        }
        return isAlarmed
    }

    private mutating func reset() {
        (whole, beforeRise, sinceRise, beforeFall, sinceFall) = (Sample(), Sample(), Sample(), Sample(), Sample())
        (riseFrom, fallFrom, isAlarmed, isWarning) = (.infinity, -.infinity, false, false)
    }

    private static func bound(_ weight: Double, _ confidence: Double) -> Double {
        (weight * log(1 / confidence) / 2).squareRoot()
    }

    private static func isAbove(_ upper: Sample, _ lower: Sample, _ confidence: Double) -> Bool {
        upper.isBegun && lower.isBegun && upper.mean - lower.mean > bound(upper.weight + lower.weight, confidence)
    }

    public func write(to state: inout DetectorStateWriter) {
        for sample in [whole, beforeRise, sinceRise, beforeFall, sinceFall] {
            state.write(sample.mean)
            state.write(sample.weight)
            state.write(sample.isBegun)
        }
        state.write(riseFrom)
        state.write(fallFrom)
        state.write(isAlarmed)
        state.write(isWarning)
    }

    public mutating func read(from state: inout DetectorStateReader) throws(DetectorRefusal) {
        var samples: [Sample] = []
        for _ in 0..<5 {
            let mean = try state.number()
            let weight = try state.number()
            samples.append(Sample(mean: mean, weight: weight, isBegun: try state.flag("a sample's beginning")))
        }
        (whole, beforeRise, sinceRise) = (samples[0], samples[1], samples[2])
        (beforeFall, sinceFall) = (samples[3], samples[4])
        riseFrom = try state.number()
        fallFrom = try state.number()
        isAlarmed = try state.flag("the alarm")
        isWarning = try state.flag("the warning")
    }
}

/// DDM: the error rate of a stream of right (0) and wrong (1), against the lowest it has been.
///
/// Source: J. Gama et al., "Learning with Drift Detection", 2004, in River's form. Memory: constant. Complexity: O(1).
public struct DDM: StreamDetector {
    public static let name = "ddm"
    public static let summary = "a rising error rate, against its lowest"
    public static let isBinary = true
    public static let parameters = [
        DetectorParameter("warm_start", .count(0...1_000_000_000), default: "30", "values before it may alarm"),
        DetectorParameter("warning_threshold", .number(0...1e6), default: "2", "deviations above which it warns"),
        DetectorParameter("drift_threshold", .number(0...1e6), default: "3", "deviations above which it alarms"),
    ]

    private let warmUp: Int
    private let warningDeviations: Double
    private let driftDeviations: Double

    private var rate = RunningMean()
    private var lowestRate = 0.0
    private var lowestDeviation = 0.0
    private var lowestSum = Double.infinity
    private var isAlarmed = false
    public private(set) var isWarning = false

    public init(_ arguments: DetectorArguments) {
        warmUp = arguments.count("warm_start")
        warningDeviations = arguments.number("warning_threshold")
        driftDeviations = arguments.number("drift_threshold")
    }

    public mutating func update(_ value: Double) -> Bool {
        guard value.isFinite else { return false }
        if isAlarmed {
            rate = RunningMean()
            (lowestSum, isAlarmed, isWarning) = (.infinity, false, false)
        }
        rate.update(value != 0 ? 1 : 0)
        let deviation = (max(0, rate.mean * (1 - rate.mean)) / Double(rate.count)).squareRoot()
        if rate.count <= warmUp { return false }
        let sum = rate.mean + deviation
        if sum <= lowestSum { (lowestRate, lowestDeviation, lowestSum) = (rate.mean, deviation, sum) }
        isWarning = sum > lowestRate + warningDeviations * lowestDeviation
        if sum > lowestRate + driftDeviations * lowestDeviation {
            isAlarmed = true
            isWarning = false
        }
        return isAlarmed
    }

    public func write(to state: inout DetectorStateWriter) {
        rate.write(to: &state)
        for value in [lowestRate, lowestDeviation, lowestSum] { state.write(value) }
        state.write(isAlarmed)
        state.write(isWarning)
    }

    public mutating func read(from state: inout DetectorStateReader) throws(DetectorRefusal) {
        try rate.read(from: &state)
        lowestRate = try state.number()
        lowestDeviation = try state.number()
        lowestSum = try state.number()
        isAlarmed = try state.flag("the alarm")
        isWarning = try state.flag("the warning")
    }
}

/// The Page-Hinkley test for a change of the mean: the distance of a faded sum of deviations from its extreme.
///
/// With River's defaults a threshold of 50 is hardly ever reached by scores from 0 to 1; with lower ones it alarms often
/// on streams without change. Memory: constant. Complexity: O(1).
public struct PageHinkley: StreamDetector {
    public static let name = "page-hinkley"
    public static let summary = "a change of the mean, by a faded cumulative sum"
    public static let parameters = [
        DetectorParameter("min_instances", .count(0...1_000_000_000), default: "30", "values before it may alarm"),
        DetectorParameter("delta", .number(0...1e300), default: "0.005", "deviations that are allowed"),
        DetectorParameter("threshold", .number(0...1e300), default: "50", "distance above which it alarms"),
        DetectorParameter("alpha", .number(0...1), default: "0.9999", "what is kept of the sum at each value"),
        DetectorParameter("mode", .choice(["both", "up", "down"]), default: "both", "which way the mean may go"),
    ]

    private enum Mode: Int { case both, up, down }

    private let warmUp: Int
    private let delta: Double
    private let threshold: Double
    private let alpha: Double
    private let mode: Mode

    private(set) var mean = RunningMean()
    private(set) var increase = 0.0
    private(set) var decrease = 0.0
    private(set) var lowest = Double.infinity
    // River begins with -1, whatever the values.
    private(set) var highest = -1.0
    private var isAlarmed = false

    public init(_ arguments: DetectorArguments) {
        warmUp = arguments.count("min_instances")
        delta = arguments.number("delta")
        threshold = arguments.number("threshold")
        alpha = arguments.number("alpha")
        mode = Mode(rawValue: arguments.count("mode")) ?? .both
    }

    public mutating func update(_ value: Double) -> Bool {
        guard value.isFinite else { return false }
        if isAlarmed { reset() }
        mean.update(value)
        let deviation = value - mean.mean
        increase = alpha * increase + deviation - delta
        decrease = alpha * decrease + deviation + delta
        lowest = min(lowest, increase)
        highest = max(highest, decrease)
        if mean.count >= warmUp {
            let isUp = increase - lowest > threshold
            let isDown = highest - decrease > threshold
            isAlarmed = (mode != .down && isUp) || (mode != .up && isDown)
        }
        return isAlarmed
    }

    private mutating func reset() {
        mean = RunningMean()
        (increase, decrease, lowest, highest, isAlarmed) = (0, 0, .infinity, -1, false)
    }

    public func write(to state: inout DetectorStateWriter) {
        mean.write(to: &state)
        for value in [increase, decrease, lowest, highest] { state.write(value) }
        state.write(isAlarmed)
    }

    public mutating func read(from state: inout DetectorStateReader) throws(DetectorRefusal) {
        try mean.read(from: &state)
        increase = try state.number()
        decrease = try state.number()
        lowest = try state.number()
        highest = try state.number()
        isAlarmed = try state.flag("the alarm")
    }
}

/// EDDM: the distances between errors (1) in a stream of right and wrong, against the longest they have been.
///
/// Source: M. Baena-García et al., "Early Drift Detection Method", 2006, in River's form. Memory: constant. Complexity:
/// O(1).
public struct EDDM: StreamDetector {
    public static let name = "eddm"
    public static let summary = "errors that come closer together"
    public static let isBinary = true
    public static let parameters = [
        DetectorParameter("warm_start", .count(0...1_000_000_000), default: "30", "errors before it may alarm"),
        DetectorParameter(
            "alpha", .number(0...1), default: "0.95", "share of the longest distance below which it warns"),
        DetectorParameter("beta", .number(0...1), default: "0.9", "share below which it alarms; at most alpha"),
    ]

    private let warmUp: Int
    private let warningShare: Double
    private let driftShare: Double

    private var distances = RunningMean()
    private var squares = 0.0
    private var valueCount = 0
    private var lastError = 0
    private var longest = -1.0
    private var isAlarmed = false
    public private(set) var isWarning = false

    public init(_ arguments: DetectorArguments) throws(DetectorRefusal) {
        warmUp = arguments.count("warm_start")
        warningShare = arguments.number("alpha")
        driftShare = arguments.number("beta")
        guard driftShare <= warningShare else {
            throw DetectorRefusal("eddm: beta is \(driftShare), but may be at most alpha, which is \(warningShare)")
        }
    }

    public mutating func update(_ value: Double) -> Bool {
        guard value.isFinite else { return false }
        if isAlarmed { reset() }
        valueCount += 1
        if value == 0 { return false }
        let distance = Double(valueCount - lastError)
        lastError = valueCount
        let before = distances.mean
        distances.update(distance)
        squares += (distance - before) * (distance - distances.mean)
        if valueCount <= warmUp { return false }
        let variance = distances.count > 1 ? squares / Double(distances.count - 1) : 0
        let reach = distances.mean + 2 * max(0, variance).squareRoot()
        if reach > longest {
            longest = reach
        } else if distances.count > warmUp {
            let share = reach / longest
            isAlarmed = share < driftShare
            // An alarm leaves the warning as it was.
            if !isAlarmed { isWarning = share < warningShare }
        }
        return isAlarmed
    }

    private mutating func reset() {
        distances = RunningMean()
        (squares, valueCount, lastError, longest) = (0, 0, 0, -1)
        (isAlarmed, isWarning) = (false, false)
    }

    public func write(to state: inout DetectorStateWriter) {
        distances.write(to: &state)
        state.write(squares)
        state.write(valueCount)
        state.write(lastError)
        state.write(longest)
        state.write(isAlarmed)
        state.write(isWarning)
    }

    public mutating func read(from state: inout DetectorStateReader) throws(DetectorRefusal) {
        try distances.read(from: &state)
        squares = try state.number()
        valueCount = try state.count(0...RunningMean.countMax, "a count")
        lastError = try state.count(0...valueCount, "the last error")
        longest = try state.number()
        isAlarmed = try state.flag("the alarm")
        isWarning = try state.flag("the warning")
    }
}

import Glibc

/// ADWIN: a window that is cut where the means of its older and newer part differ too much.
///
/// It sees changes of the mean only: not of the variance or the tail. River's form throws the whole window away with the
/// value after an alarm, where the paper keeps the newer part.
///
/// Source: A. Bifet and R. Gavaldà, "Learning from Time-Changing Data with Adaptive Windowing", 2007, in River's form.
/// Memory: O(max_buckets log window). Complexity: amortised O(1), every `clock` values O(max_buckets log window).
public struct ADWIN: StreamDetector {
    public static let name = "adwin"
    public static let summary = "a change of the mean, by cutting an adaptive window"
    public static let parameters = [
        DetectorParameter("delta", .number(1e-300...1), default: "0.002", "confidence: how sure a cut must be"),
        DetectorParameter("clock", .count(1...1_000_000_000), default: "32", "values between two looks for a cut"),
        DetectorParameter("max_buckets", .count(1...1_000), default: "5", "buckets of one size"),
        DetectorParameter(
            "min_window_length", .count(1...1_000_000_000), default: "5", "values that either part must have"),
        DetectorParameter("grace_period", .count(0...1_000_000_000), default: "10", "values before the first look"),
    ]

    private let delta: Double
    private let clock: Int
    private let bucketsMax: Int
    private let partMin: Int
    private let grace: Int

    private var rows: BucketRows
    private(set) var width = 0
    private(set) var total = 0.0
    /// The sum of squared distances from the mean, as River has it.
    private(set) var variance = 0.0
    private var tick = 0
    private var isAlarmed = false

    public init(_ arguments: DetectorArguments) {
        delta = arguments.number("delta")
        clock = arguments.count("clock")
        bucketsMax = arguments.count("max_buckets")
        partMin = arguments.count("min_window_length")
        grace = arguments.count("grace_period")
        rows = BucketRows(bucketsMax: bucketsMax)
    }

    public mutating func update(_ value: Double) -> Bool {
        guard value.isFinite else { return false }
        if isAlarmed { reset() }
        insert(value)
        tick += 1
        guard tick % clock == 0, width > grace else { return false }
        while cut() { isAlarmed = true }
        return isAlarmed
    }

    private mutating func reset() {
        rows.removeAll()
        (width, total, variance, tick, isAlarmed) = (0, 0, 0, 0, false)
    }

    private mutating func insert(_ value: Double) {
        rows.append(total: value, variance: 0, row: 0)
        width += 1
        if width > 1 {
            let before = Double(width - 1)
            let distance = value - total / before
            variance += before * distance * distance / Double(width)
        }
        total += value
        rows.compress()
    }

    /// Looks for a cut from the oldest bucket to the newest; at the first one the oldest bucket is dropped. False: none.
    private mutating func cut() -> Bool {
        var (n0, n1) = (0.0, Double(width))
        var (u0, u1) = (0.0, total)
        for row in stride(from: rows.count - 1, through: 0, by: -1) {
            let size = Double(1 << row)
            for place in 0..<rows.bucketCount(row) {
                // Nothing newer is left to compare with.
                if row == 0 && place == rows.bucketCount(0) - 1 { return false }
                let sum = rows.total(row, place)
                (n0, n1, u0, u1) = (n0 + size, n1 - size, u0 + sum, u1 - sum)
                if n0 >= Double(partMin), n1 >= Double(partMin), isCut(n0, n1, u0 / n0 - u1 / n1) {
                    dropOldest()
                    return true
                }
            }
        }
        return false
    }

    private func isCut(_ n0: Double, _ n1: Double, _ distance: Double) -> Bool {
        let n = Double(width)
        let confidence = log(2 * log(n) / delta)
        let part = Double(partMin)
        let harmonic = 1 / (n0 - part + 1) + 1 / (n1 - part + 1)
        let bound = (2 * harmonic * (variance / n) * confidence).squareRoot() + 2 / 3 * confidence * harmonic
        return abs(distance) > bound
    }

    private mutating func dropOldest() {
        let row = rows.count - 1
        let size = Double(1 << row)
        let (sum, spread) = (rows.total(row, 0), rows.variance(row, 0))
        width -= 1 << row
        total -= sum
        let distance = sum / size - total / Double(width)
        variance -= spread + size * Double(width) * distance * distance / (size + Double(width))
        rows.removeOldest()
    }

    public func write(to state: inout DetectorStateWriter) {
        state.write(total)
        state.write(variance)
        state.write(tick)
        state.write(isAlarmed)
        rows.write(to: &state)
    }

    public mutating func read(from state: inout DetectorStateReader) throws(DetectorRefusal) {
        total = try state.number()
        variance = try state.number()
        tick = try state.count(0...RunningMean.countMax, "a count")
        isAlarmed = try state.flag("the alarm")
        try rows.read(from: &state)
        width = rows.width
    }
}

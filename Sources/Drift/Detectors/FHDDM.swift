import Glibc

/// FHDDM: the share of ones in a sliding window, against the highest it has been, by Hoeffding's inequality.
///
/// It alarms when ones become *fewer*: a one is a right prediction here, other than in the detectors beside it.
///
/// Source: A. Pesaranghader and H. Viktor, "Fast Hoeffding Drift Detection Method for Evolving Data Streams", 2016, in
/// River's form, where a short window makes it the stacking variant. Memory: O(sliding_window_size). Complexity: O(1),
/// with a short window O(short_window_size).
public struct FHDDM: StreamDetector {
    public static let name = "fhddm"
    public static let summary = "a falling share of ones in a sliding window"
    public static let isBinary = true
    public static let parameters = [
        DetectorParameter("sliding_window_size", .count(1...1_000_000), default: "100", "values in the window"),
        DetectorParameter("confidence_level", .number(1e-300...1), default: "0.000001", "level of the alarm"),
        DetectorParameter(
            "short_window_size", .optionalCount(1...1_000_000), default: "none", "newest values that are looked at, too"
        ),
    ]

    private let size: Int
    private let shortSize: Int?
    private let margin: Double
    private let shortMargin: Double

    /// A ring of the values: the oldest is at `start`.
    private var window: [Bool]
    private var start = 0
    private var filled = 0
    private var ones = 0
    private var highest = 0.0
    private var shortHighest = 0.0
    private var isAlarmed = false

    public init(_ arguments: DetectorArguments) throws(DetectorRefusal) {
        size = arguments.count("sliding_window_size")
        let short = arguments.count("short_window_size")
        shortSize = short < 0 ? nil : short
        guard short <= size else {
            throw DetectorRefusal(
                "fhddm: short_window_size is \(short), but may be at most sliding_window_size, which is \(size)")
        }
        let evidence = log(1 / arguments.number("confidence_level"))
        margin = (evidence / Double(2 * size)).squareRoot()
        shortMargin = (evidence / Double(2 * max(1, short))).squareRoot()
        window = [Bool](repeating: false, count: size)
    }

    public mutating func update(_ value: Double) -> Bool {
        guard value.isFinite else { return false }
        if isAlarmed { (start, filled, ones, highest, shortHighest, isAlarmed) = (0, 0, 0, 0, 0, false) }
        window[place(filled)] = value != 0
        filled += 1
        ones += value != 0 ? 1 : 0
        if filled < size { return false }
        let share = Double(ones) / Double(size)
        highest = max(highest, share)
        isAlarmed = highest - share > margin
        if let shortSize {
            var shortOnes = 0
            for offset in (size - shortSize)..<size where window[place(offset)] { shortOnes += 1 }
            let shortShare = Double(shortOnes) / Double(shortSize)
            shortHighest = max(shortHighest, shortShare)
            if shortHighest - shortShare > shortMargin { isAlarmed = true }
        }
        ones -= window[start] ? 1 : 0
        start = place(1)
        filled -= 1
        return isAlarmed
    }

    private func place(_ offset: Int) -> Int {
        let index = start + offset
        return index < size ? index : index - size
    }

    public func write(to state: inout DetectorStateWriter) {
        state.write((0..<filled).map { window[place($0)] ? 1.0 : 0 })
        state.write(highest)
        state.write(shortHighest)
        state.write(isAlarmed)
    }

    public mutating func read(from state: inout DetectorStateReader) throws(DetectorRefusal) {
        let values = try state.finiteList(countMax: size - 1, "values")
        (start, filled, ones) = (0, values.count, 0)
        for place in values.indices {
            window[place] = values[place] != 0
            ones += values[place] != 0 ? 1 : 0
        }
        highest = try state.finite("the highest share")
        shortHighest = try state.finite("the highest share")
        isAlarmed = try state.flag("the alarm")
    }
}

/// KSWIN: a Kolmogorov-Smirnov test of the newest values against as many drawn from the older part of a window.
///
/// It tests at every value, so with River's defaults it alarms about once in 600 values of a stream without change. It
/// alarms where p <= alpha *and* the distance is above 0.1, as River's code has it, not as its page says. Its draws are
/// CPython's, begun anew from the seed after each alarm; River's default seed differs from run to run, here it is 0.
///
/// Source: C. Raab, M. Heusinger and F.-M. Schleif, "Reactive Soft Prototype Computing for Concept Drift Streams", 2020,
/// in River's form. Memory: O(window_size). Complexity: O(stat_size log stat_size).
public struct KSWIN: StreamDetector {
    public static let name = "kswin"
    public static let summary = "any change of the distribution, by repeated Kolmogorov-Smirnov tests"
    public static let parameters = [
        DetectorParameter("alpha", .number(0...1), default: "0.005", "level of each single test"),
        DetectorParameter("window_size", .count(2...1_000_000), default: "100", "values in the window"),
        DetectorParameter("stat_size", .count(1...10_000), default: "30", "newest values, and values drawn"),
        DetectorParameter("seed", .count(0...Int.max), default: "0", "seed of the draws"),
    ]

    /// Below this distance there is no alarm, however small the p-value.
    private static let distanceMin = 0.1

    private let alpha: Double
    private let windowSize: Int
    private let partSize: Int
    private let seed: Int

    /// A ring: the oldest value is at `start`.
    private var window: [Double]
    private var start = 0
    private var filled = 0
    private var generator: MersenneTwister
    private var drawing: SampleDrawing
    private var drawn: [Double]
    private var newest: [Double]
    private var isAlarmed = false
    /// Of the last test; 0 before the first.
    private(set) var pValue = 0.0

    public init(_ arguments: DetectorArguments) throws(DetectorRefusal) {
        alpha = arguments.number("alpha")
        windowSize = arguments.count("window_size")
        partSize = arguments.count("stat_size")
        seed = arguments.count("seed")
        guard 2 * partSize <= windowSize else {
            throw DetectorRefusal(
                "kswin: stat_size is \(partSize), but may be at most half of window_size, which is \(windowSize)")
        }
        window = [Double](repeating: 0, count: windowSize)
        generator = MersenneTwister(seed: seed)
        drawing = SampleDrawing(partSize, of: windowSize - partSize)
        drawn = [Double](repeating: 0, count: partSize)
        newest = drawn
    }

    /// Values in the window.
    var windowCount: Int { isAlarmed ? partSize : filled }

    public mutating func update(_ value: Double) -> Bool {
        guard value.isFinite else { return false }
        if isAlarmed {
            (start, filled, pValue, isAlarmed) = (0, 0, 0, false)
            generator = MersenneTwister(seed: seed)
        }
        append(value)
        if filled < windowSize { return false }
        drawing.draw(&generator)
        for k in 0..<partSize {
            drawn[k] = windowValue(drawing.places[k])
            newest[k] = windowValue(windowSize - partSize + k)
        }
        drawn.sort()
        newest.sort()
        let steps = largestDistance()
        pValue = KolmogorovPaths(partSize, partSize, steps: steps * partSize).outside(isTwoSided: true)
        isAlarmed = pValue <= alpha && Double(steps) / Double(partSize) > Self.distanceMin
        return isAlarmed
    }

    private mutating func append(_ value: Double) {
        if filled < windowSize {
            window[filled] = value
            filled += 1
        } else {
            window[start] = value
            start = start + 1 == windowSize ? 0 : start + 1
        }
    }

    private func windowValue(_ place: Int) -> Double {
        let index = start + place
        return window[index < windowSize ? index : index - windowSize]
    }

    /// The largest distance of the two distribution functions, in steps of 1 / stat_size.
    private func largestDistance() -> Int {
        var (i, j, largest) = (0, 0, 0)
        while i < partSize && j < partSize {
            let value = min(drawn[i], newest[j])
            while i < partSize, drawn[i] == value { i += 1 }
            while j < partSize, newest[j] == value { j += 1 }
            largest = max(largest, abs(i - j))
        }
        return largest
    }

    public func write(to state: inout DetectorStateWriter) {
        state.write(isAlarmed)
        state.write(pValue)
        state.write((0..<filled).map { windowValue($0) })
        generator.write(to: &state)
    }

    public mutating func read(from state: inout DetectorStateReader) throws(DetectorRefusal) {
        isAlarmed = try state.flag("the alarm")
        pValue = try state.finite("the p-value")
        let values = try state.finiteList(countMax: windowSize, "values")
        (start, filled) = (0, values.count)
        for place in values.indices { window[place] = values[place] }
        try generator.read(from: &state)
    }
}

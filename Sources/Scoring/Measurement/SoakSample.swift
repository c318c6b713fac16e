import Histogram

/// What was seen of a soak in a few seconds.
public struct SoakSample: Hashable, Sendable {
    /// At the end of the interval, since the first event was due.
    public var minutes: Double
    public var residentBytes: Int
    /// Latencies of the outputs that came in it, milliseconds; 0 where none came.
    public var p50: Double
    public var p99: Double
    public var most: Double
    /// Outputs that came in it.
    public var outputs: Int
    public var seconds: Double

    public init(
        minutes: Double, residentBytes: Int, p50: Double, p99: Double, most: Double, outputs: Int, seconds: Double
    ) {
        self.minutes = minutes
        self.residentBytes = residentBytes
        self.p50 = p50
        self.p99 = p99
        self.most = most
        self.outputs = outputs
        self.seconds = seconds
    }

    init(minutes: Double, residentBytes: Int, nanoseconds: Histogram<UInt64>, seconds: Double) {
        func milliseconds(_ percentile: Double) -> Double {
            nanoseconds.totalCount == 0 ? 0 : Double(nanoseconds.valueAtPercentile(percentile)) / 1e6
        }
        self.init(
            minutes: minutes, residentBytes: residentBytes, p50: milliseconds(50), p99: milliseconds(99),
            most: nanoseconds.totalCount == 0 ? 0 : Double(nanoseconds.max) / 1e6,
            outputs: Int(nanoseconds.totalCount), seconds: seconds)
    }

    public var outputsPerSecond: Double { seconds > 0 ? Double(outputs) / seconds : 0 }
}

/// How memory and latency went over a soak, without its first quarter: until windows and queues have their size.
public struct SoakTrends: Hashable, Sendable {
    /// KiB by minutes.
    public let residentKibibytes: TrendLine
    /// Milliseconds by minutes.
    public let p50: TrendLine
    public let p99: TrendLine

    static let warmUpShare = 0.25

    /// - Parameter samples: of the whole soak, in order.
    /// - Returns: `nil` where too few are left for a line.
    public init?(_ samples: [SoakSample]) {
        guard let end = samples.last?.minutes else { return nil }
        let steady = samples.filter { $0.minutes > end * Self.warmUpShare }
        func line(_ value: (SoakSample) -> Double) -> TrendLine? {
            TrendLine(steady.map { TrendLine.Point(x: $0.minutes, y: value($0)) })
        }
        guard let resident = line({ Double($0.residentBytes) / 1_024 }), let p50 = line(\.p50),
            let p99 = line(\.p99)
        else { return nil }
        (residentKibibytes, self.p50, self.p99) = (resident, p50, p99)
    }

    /// Neither memory nor latency grows.
    public var isFlat: Bool { !residentKibibytes.isGrowing && !p50.isGrowing && !p99.isGrowing }
}

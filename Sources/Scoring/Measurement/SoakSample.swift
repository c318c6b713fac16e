import Histogram

/// What was seen of a soak in a few seconds.
public struct SoakSample: Hashable, Sendable {
    /// At the end of the interval, since the first event was due.
    public var minutes: Double
    public var residentBytes: Int
    /// What the windows had of it, as the program said last; 0 where it says nothing.
    public var stateBytes: Int
    /// Latencies of the outputs that came in it, milliseconds; 0 where none came.
    public var p50: Double
    public var p99: Double
    public var most: Double
    /// Outputs that came in it.
    public var outputs: Int
    public var seconds: Double

    public init(
        minutes: Double, residentBytes: Int, stateBytes: Int = 0, p50: Double, p99: Double, most: Double, outputs: Int,
        seconds: Double
    ) {
        self.minutes = minutes
        self.residentBytes = residentBytes
        self.stateBytes = stateBytes
        self.p50 = p50
        self.p99 = p99
        self.most = most
        self.outputs = outputs
        self.seconds = seconds
    }

    init(minutes: Double, memory: ProcessMemory, nanoseconds: Histogram<UInt64>, seconds: Double) {
        func milliseconds(_ percentile: Double) -> Double {
            nanoseconds.totalCount == 0 ? 0 : Double(nanoseconds.valueAtPercentile(percentile)) / 1e6
        }
        self.init(
            minutes: minutes, residentBytes: memory.resident, stateBytes: memory.state, p50: milliseconds(50),
            p99: milliseconds(99),
            most: nanoseconds.totalCount == 0 ? 0 : Double(nanoseconds.max) / 1e6,
            outputs: Int(nanoseconds.totalCount), seconds: seconds)
    }

    public var outputsPerSecond: Double { seconds > 0 ? Double(outputs) / seconds : 0 }
}

/// How memory and latency went over a soak, without its first quarter: until windows and queues have their size.
public struct SoakTrends: Hashable, Sendable {
    /// KiB by minutes: all of it,
    public let residentKibibytes: TrendLine
    /// what is reserved for windows, which comes ever more slowly near what the busiest keys ever need,
    public let stateKibibytes: TrendLine
    /// and the rest, which has to stay what it is.
    public let restKibibytes: TrendLine
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
        guard let resident = line({ Double($0.residentBytes) / 1_024 }),
            let state = line({ Double($0.stateBytes) / 1_024 }),
            let rest = line({ Double($0.residentBytes - $0.stateBytes) / 1_024 }), let p50 = line(\.p50),
            let p99 = line(\.p99)
        else { return nil }
        (residentKibibytes, stateKibibytes, restKibibytes) = (resident, state, rest)
        (self.p50, self.p99) = (p50, p99)
    }

    /// Neither memory beside the windows' nor latency grows.
    public var isFlat: Bool { !restKibibytes.isGrowing && !p50.isGrowing && !p99.isGrowing }
}

import Foundation

/// What benches beside the copier print.
public enum PairedBenchText {
    /// What Riffle has to reach of the copier's rate, and is aimed at.
    public static let leastRatio = 0.30
    public static let aimRatio = 0.45
    public static let mostCPUSeconds = 3.0

    // MARK: - Throughput

    public static let roundHead = "round    copier events/s  CPU s/M    riffle events/s  CPU s/M    ratio"

    /// One line a round.
    public static func line(_ round: ThroughputBench.Round, number: Int) -> String {
        line("\(number + 1)", round.copier, round.riffle, round.ratio)
    }

    /// Medians, and how they stand to the goals. The ratio is the median of the rounds' own ratios.
    public static func summary(_ rounds: [ThroughputBench.Round]) -> String {
        func run(_ run: (ThroughputBench.Round) -> ThroughputBench.Run) -> ThroughputBench.Run {
            ThroughputBench.Run(
                eventsPerSecond: median(rounds.map { run($0).eventsPerSecond }),
                cpuSecondsPerMillion: median(rounds.map { run($0).cpuSecondsPerMillion }),
                seconds: median(rounds.map { run($0).seconds }))
        }
        let riffle = run(\.riffle)
        let ratio = median(rounds.map(\.ratio))
        let met = ratio >= aimRatio ? "the aim is met" : ratio >= leastRatio ? "met, the aim is not" : "missed"
        let cpu = riffle.cpuSecondsPerMillion <= mostCPUSeconds ? "met" : "missed"
        return line("median", run(\.copier), riffle, ratio)
            + "\ngoal     at least \(leastRatio) of the copier, aim \(aimRatio): \(met); "
            + "at most \(mostCPUSeconds) CPU s per million: \(cpu)"
    }

    private static func line(
        _ name: String, _ copier: ThroughputBench.Run, _ riffle: ThroughputBench.Run, _ ratio: Double
    ) -> String {
        let columns = [
            left(name, 6), right("\(Int(copier.eventsPerSecond))", 18), right(copier.cpuSecondsPerMillion, 2, 9),
            right("\(Int(riffle.eventsPerSecond))", 19), right(riffle.cpuSecondsPerMillion, 2, 9), right(ratio, 3, 9),
        ]
        return columns.joined()
    }

    // MARK: - Latency

    public static let latencyHead =
        "events/s  program      p50     p90     p99   p99.9      max   CPU s/M  sender p99  missing    (ms)"

    public static func line(_ result: LatencyBench.Result, program: String, rate: Double) -> String {
        let columns = [
            right("\(Int(rate))", 8), "  ", left(program, 8), right(result.p50, 2, 8), right(result.p90, 2, 8),
            right(result.p99, 2, 8), right(result.p999, 2, 8), right(result.most, 2, 9),
            right(result.cpuSecondsPerMillion, 2, 10), right(result.senderP99, 2, 12), right("\(result.missing)", 9),
        ]
        return columns.joined()
    }

    /// Riffle's percentiles by the copier's of the same round; the median over the rounds.
    public static func ratios(
        _ pairs: [(copier: LatencyBench.Result, riffle: LatencyBench.Result)], rate: Double
    ) -> String {
        func ratio(_ value: (LatencyBench.Result) -> Double) -> String {
            right(median(pairs.map { value($0.copier) > 0 ? value($0.riffle) / value($0.copier) : 0 }), 2, 8)
        }
        return right("\(Int(rate))", 8) + "  " + left("ratio", 8) + ratio(\.p50) + ratio(\.p90) + ratio(\.p99)
            + ratio(\.p999) + "   (goal: p50 1.25, p99 1.5 at most)"
    }

    /// The middle, or the mean of the two in the middle.
    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard let last = sorted.indices.last else { return 0 }
        return (sorted[last / 2] + sorted[(last + 1) / 2]) / 2
    }

    // MARK: - Columns

    private static func left(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    private static func right(_ value: Double, _ decimals: Int, _ width: Int) -> String {
        right(String(format: "%.\(decimals)f", value), width)
    }
}

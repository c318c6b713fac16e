import Drift
public import Engine
import Events
import Foundation
import Generation

/// How many scores a second one thread counts and decides on, and how much memory that takes.
public struct MonitorBench: Sendable {
    public struct Shape: Hashable, Sendable {
        public let name: String
        public let features: Int
        /// Values of the one field that divides the stream; 0: there is none.
        public let segmentValues: Int
        /// Scores a second that are asked for.
        public let goal: Double

        /// The score with all that describes it.
        public static let score = Shape(name: "score", features: 0, segmentValues: 0, goal: 1_000_000)
        /// 20 features, and all of it again for each of 10 values of a field.
        public static let wide = Shape(
            name: "20 features x 10 segments", features: 20, segmentValues: 10, goal: 100_000)
    }

    public struct Result: Hashable, Sendable {
        public var shape: Shape
        public var events: Int
        public var series: Int
        /// For each round, of reading records as JSON and of all behind it.
        public var decodeSeconds: [Double]
        public var monitorSeconds: [Double]
        /// The sealed state, and what one open bucket holds.
        public var stateBytes: Int
        public var bucketBytes: Int
        public var windows: Int
        public var alerts: Int

        /// Of the median round.
        public var eventsPerSecond: Double {
            let sums = zip(decodeSeconds, monitorSeconds).map { $0 + $1 }.sorted()
            return Double(events) / sums[sums.count / 2]
        }
    }

    private let shape: Shape
    private let plan: MonitorPlan
    private let lines: [[UInt8]]
    private static let batchRows = 1_024
    /// 2025-01-01.
    private static let start: Int64 = 1_735_689_600_000_000
    private static let referenceEvents = 50_000

    /// - Parameters:
    ///   - events: held in memory as text, about 300 to 1,000 bytes each.
    ///   - eventsPerSecond: of event time: a bucket of a minute holds 60 times as many.
    public init(_ shape: Shape, events: Int, eventsPerSecond: Double = 1_000, seed: UInt64) throws {
        self.shape = shape
        var random = BenchDraws(seed)
        plan = try Self.makePlan(shape, &random)
        let spacing = Int64(1_000_000 / eventsPerSecond)
        lines = (0..<events).map { Self.line(shape, at: Self.start + Int64($0) * spacing, number: $0, &random) }
    }

    private static func makePlan(_ shape: Shape, _ random: inout BenchDraws) throws -> MonitorPlan {
        var series: [String: SeriesReference] = [:]
        let field = "channel"
        let groups = [""] + (0..<shape.segmentValues).map { "{\(field)=c\($0)}" }
        func add(_ name: String, _ grid: ValueGrid, _ value: (inout BenchDraws) -> Double) throws {
            var history = ReferenceHistory(grid: grid)
            for index in 0..<referenceEvents {
                history.add(value(&random), at: start / 1_000 + Int64(index) * 100)
            }
            series[name] = try SeriesReference(history)
        }
        for group in groups {
            try add("score" + group, .scores) { $0.score() }
            for feature in 0..<shape.features {
                try add("f\(feature)" + group, ValueGrid(from: -6, to: 6, cells: 1_001)) { $0.normal() }
            }
        }
        var watch = MonitorPlan.Watch()
        watch.features = (0..<shape.features).map { "f\($0)" }
        if shape.segmentValues > 0 { watch.segments = [.init(name: field, type: .string)] }
        watch.quality = false
        let file = ReferenceFile(
            pipeline: "bench", fromMilliseconds: start / 1_000, toMilliseconds: start / 1_000 + 1, series: series)
        return try MonitorPlan(pipeline: "bench", watch: watch, reference: file, settings: MonitorSettings())
    }

    /// As `riffle run` writes it.
    private static func line(_ shape: Shape, at time: Int64, number: Int, _ random: inout BenchDraws) -> [UInt8] {
        var text =
            "{\"id\":\"\(number)\",\"pipeline\":\"bench\",\"model\":\"bench-xgb\",\"version\":\"sha256:0123456789abcdef\","
        text +=
            "\"event_time\":\"\(MonitorText.time(time))\",\"score\":\(Float(random.score())),\"decision\":\"allow\","
        text += "\"reasons\":[],\"features\":{"
        text += (0..<shape.features).map { "\"f\($0)\":\(random.normal())" }.joined(separator: ",")
        text += "}"
        if shape.segmentValues > 0 { text += ",\"fields\":{\"channel\":\"c\(random.below(shape.segmentValues))\"}" }
        return Array((text + "}").utf8)
    }

    public func run(rounds: Int, clock: any EngineClock) -> Result {
        var result = Result(
            shape: shape, events: lines.count, series: plan.series.count, decodeSeconds: [], monitorSeconds: [],
            stateBytes: 0, bucketBytes: plan.bucketBytes, windows: 0, alerts: 0)
        // The first round warms up.
        for round in 0...rounds {
            let seconds = runOnce(&result, clock)
            if round == 0 { continue }
            result.decodeSeconds.append(seconds.decode)
            result.monitorSeconds.append(seconds.monitor)
        }
        return result
    }

    private func runOnce(_ result: inout Result, _ clock: any EngineClock) -> (decode: Double, monitor: Double) {
        let monitor = DriftMonitor(plan: plan, lanes: [MonitorLane(topic: "bench", partition: 0)])
        monitor.describesWindows = true
        let decoder = JSONEventDecoder(schema: plan.records.schema)
        let batch = EventBatch(schema: plan.records.schema, capacity: Self.batchRows)
        var (decode, count): (Int64, Int64) = (0, 0)
        var alerts = 0
        var place = 0
        while place < lines.count {
            let end = min(lines.count, place + Self.batchRows)
            let before = clock.nanoseconds
            batch.removeAll()
            for index in place..<end {
                lines[index].withUnsafeBytes {
                    decoder.decode(value: $0, recordTime: .min, offset: Int64(index), lane: 0, into: batch)
                }
            }
            let middle = clock.nanoseconds
            monitor.add(batch, lane: 0, position: Int64(end))
            alerts += monitor.advance().count
            count += clock.nanoseconds - middle
            decode += middle - before
            place = end
        }
        let before = clock.nanoseconds
        alerts += monitor.finish().count
        count += clock.nanoseconds - before
        result.windows = monitor.takeWindowReports().count
        result.alerts = alerts
        result.stateBytes = monitor.stateBytes().count
        return (Double(decode) / 1e9, Double(count) / 1e9)
    }
}

/// What a bench's scores are made of.
private struct BenchDraws {
    private var random: RandomSource

    init(_ seed: UInt64) { random = RandomSource(seed: seed, stream: 1) }

    mutating func normal() -> Double { random.normal() }
    mutating func below(_ bound: Int) -> Int { random.below(bound) }

    /// Three digits, most of them small.
    mutating func score() -> Double {
        let logit = -3 + normal()
        return (1 / (1 + exp(-logit)) * 1_000).rounded() / 1_000
    }
}

import Engine
import Events
import Foundation
import Generation
import Histogram
import Kafka
import Testing

@testable import Scoring

/// The soak's parts: that memory stays bounded, minutes are minutes, and the warm-up is left out.
struct SoakBenchTests {
    @Test func aScheduleForgetsTheOldest() {
        let schedule = LatencySchedule(partitions: 2, entriesPerPartition: 4)
        for number in 0..<6 {
            schedule.append(.init(intended: Int64(number) * 10, number: Int64(number)), partition: 1)
        }
        schedule.append(.init(intended: 7, number: 6), partition: 0)
        #expect(schedule.nextOffsets == [1, 6])
        schedule.withEntries { entry in
            #expect(entry(1, 0) == .forgotten && entry(1, 1) == .forgotten)
            for offset in 2..<6 {
                #expect(entry(1, Int64(offset)) == .entry(.init(intended: Int64(offset) * 10, number: Int64(offset))))
            }
            #expect(entry(1, 6) == .neverSent && entry(1, -1) == .neverSent && entry(2, 0) == .neverSent)
            #expect(entry(0, 0) == .entry(.init(intended: 7, number: 6)) && entry(0, 1) == .neverSent)
        }
    }

    private func latencies(_ milliseconds: [Int]) -> Histogram<UInt64> {
        var histogram = LatencyCollector.makeHistogram()
        for value in milliseconds { _ = histogram.record(UInt64(value) * 1_000_000) }
        return histogram
    }

    @Test func samplesMakeMinutes() throws {
        let second: Int64 = 1_000_000_000
        var sampler = SoakSampler(every: 20, startNanoseconds: 5 * second)
        var minutes: [SoakSample] = []
        #expect(!sampler.isDue(now: 24 * second) && sampler.isDue(now: 25 * second))
        for index in 1...4 {
            sampler.take(
                latencies([index, index, 100 * index]), memory: ProcessMemory(resident: index),
                now: 5 * second + Int64(index) * 20 * second, isLast: index == 4, onMinute: { minutes.append($0) })
        }
        #expect(sampler.samples.count == 4 && sampler.samples.map(\.residentBytes) == [1, 2, 3, 4])
        #expect(sampler.samples.allSatisfy { $0.outputs == 3 && $0.seconds == 20 })
        #expect(abs(sampler.samples[1].p50 - 2) < 0.01 && abs(sampler.samples[1].most - 200) < 0.2)
        #expect(minutes.map(\.minutes) == [1, 4.0 / 3] && minutes.map(\.outputs) == [9, 3])
        let first = try #require(minutes.first)
        #expect(first.seconds == 60 && first.residentBytes == 3 && abs(first.most - 300) < 0.3)
        #expect(abs(first.outputsPerSecond - 0.15) < 1e-9)
        // What is left at the end is less than half an interval: no sample, whose percentiles would be of few events.
        sampler.take(
            latencies([1]), memory: ProcessMemory(resident: 5), now: 90 * second, isLast: true,
            onMinute: { minutes.append($0) })
        #expect(sampler.samples.count == 4 && minutes.count == 2)
    }

    private func samples(_ count: Int, _ value: (Int) -> (bytes: Int, p50: Double, p99: Double)) -> [SoakSample] {
        (1...count).map { index in
            let (bytes, p50, p99) = value(index)
            return SoakSample(
                minutes: Double(index) / 4, residentBytes: bytes, p50: p50, p99: p99, most: p99, outputs: 1, seconds: 15
            )
        }
    }

    @Test func theFirstQuarterIsLeftOut() throws {
        let warm = try #require(SoakTrends(samples(80) { $0 <= 20 ? ($0 << 20, 50, 90) : (20 << 20, 5, 9) }))
        #expect(warm.isFlat && warm.p50.mean == 5 && warm.residentKibibytes.mean == 20 * 1_024)
        let leak = try #require(SoakTrends(samples(80) { (100 << 20 + $0 << 18, 5, 9) }))
        #expect(!leak.isFlat && leak.residentKibibytes.isGrowing && !leak.p99.isGrowing)
        #expect(abs(leak.residentKibibytes.slope - 1_024) < 1e-6)
        let late = try #require(SoakTrends(samples(80) { (1 << 20, 5, 9 + Double($0)) }))
        #expect(!late.isFlat && late.p99.isGrowing && !late.residentKibibytes.isGrowing)
        // Windows that grow are no leak.
        let windows = try #require(
            SoakTrends(
                samples(80) { (100 << 20 + $0 << 18, 5, 9) }
                    .map { sample in
                        var sample = sample
                        sample.stateBytes = sample.residentBytes - 50 << 20
                        return sample
                    }))
        #expect(windows.isFlat && windows.stateKibibytes.isGrowing && windows.restKibibytes.mean == 50 * 1_024)
        #expect(SoakTrends([]) == nil && SoakTrends(samples(2) { _ in (1, 1, 1) }) == nil)
    }

    @Test func memoryOfWindowsIsReadFromTheMetrics() {
        let text = """
            # TYPE riffle_state_bytes gauge
            riffle_state_bytes_other{pipeline="p"} 1
            riffle_state_bytes{pipeline="p"} 1.5e+06

            """
        #expect(ProcessMemory.stateBytes(metrics: text) == 1_500_000)
        #expect(ProcessMemory.stateBytes(metrics: "riffle_state_bytes{} NaN\n") == 0)
        #expect(ProcessMemory.stateBytes(metricsPath: "/nowhere") == 0)
    }

    @Test func aSummarySaysWhatGrowsAndWhatIsMissing() {
        var result = SoakBench.Result()
        result.samples = samples(80) { (100 << 20 + $0 << 18, 5, 9) }
        (result.sent, result.arrived, result.deadLetters) = (1_000, 990, 3)
        let text = SoakText.summary(result)
        #expect(text.contains("RSS     1024 +- ") && text.contains("KiB/min"))
        #expect(text.components(separatedBy: "GROWS").count == 3 && text.components(separatedBy: "flat").count == 4)
        #expect(text.contains("1000 sent, 990 outputs, 3 dead letters, 7 missing"))
        #expect(SoakText.summary(SoakBench.Result()).contains("too few samples"))
    }

    @Test func stateIsSteadyWhenTheLongestWindowIsFull() throws {
        let assembly = try #require(PipelineAssembly.load(path: TestFiles.cardFraud).assembly)
        let options = CardTransactionOptions(customers: 20_000, terminals: 40_000)
        let bench = try SoakBench(assembly: assembly, pipelinePath: "p.yaml", events: .generated(options))
        #expect(bench.eventsPerDay == 40_000)
        // 30 days, 7 of delay and 10 minutes of lateness.
        let seconds = bench.steadySeconds(eventsPerSecond: 10_000)
        #expect(abs(seconds - (37 + 10.0 / 1_440) * 4) < 1e-9)
        #expect(throws: RunFailure.self) {
            _ = try SoakBench(
                assembly: assembly, pipelinePath: "p.yaml", events: .generated(CardTransactionOptions(customers: 0)))
        }
    }

    /// A soak of some seconds, of a program in Riffle's place that does nothing: it is noticed, and says so.
    @Test func aProgramThatEndsIsAFailure() throws {
        let assembly = try #require(PipelineAssembly.load(path: TestFiles.cardFraud).assembly)
        let bench = try SoakBench(
            assembly: assembly, pipelinePath: "p.yaml", events: .generated(CardTransactionOptions(customers: 10)))
        let failure = #expect(throws: RunFailure.self) {
            _ = try bench.run(
                .riffle(executable: "/bin/false"), eventsPerSecond: 10, options: SoakBench.Options(),
                onMinute: { _ in })
        }
        #expect(failure?.description.contains("false ended with status 1") == true)
    }
}

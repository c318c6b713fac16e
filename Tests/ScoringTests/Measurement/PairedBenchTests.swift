import Configuration
import Engine
import Foundation
import Histogram
import Kafka
import Testing

@testable import Scoring

/// The benches beside the copier: that they take the right times of the right events. Their figures are no test.
struct PairedBenchTests {
    @Test(
        arguments: [
            ([3], 3), ([1, 2], 1.5), ([9, 1, 2], 2), ([4, 1, 3, 2], 2.5), ([], 0),
        ] as [([Double], Double)])
    func theMedianIsTheMiddle(values: [Double], expected: Double) {
        #expect(PairedBenchText.median(values) == expected)
    }

    @Test func theRatioIsTheMedianOfTheRoundsAndNotTheRatioOfMedians() {
        func round(_ copier: Double, _ riffle: Double) -> ThroughputBench.Round {
            ThroughputBench.Round(
                copier: .init(eventsPerSecond: copier, cpuSecondsPerMillion: 1, seconds: 1),
                riffle: .init(eventsPerSecond: riffle, cpuSecondsPerMillion: 2, seconds: 1))
        }
        let text = PairedBenchText.summary([round(100, 50), round(200, 40), round(1_000, 310)])
        #expect(text.contains("0.310") && text.contains("200") && text.contains("50"))
        #expect(text.contains("met, the aim is not; at most 3.0 CPU s per million: met"))
    }

    @Test func keyedEventsHaveTheirSourcesKeys() throws {
        let assembly = try #require(PipelineAssembly.load(path: TestFiles.cardFraud).assembly)
        let event = """
            {"transaction_id":1,"tx_datetime":"2025-03-01T08:00:00Z","customer_id":"77","terminal_id":"9","tx_amount":1.5,"tx_fraud":false}
            """
        let lines = event + "\n\nno event\n" + event.replacing("77", with: "8") + "\n"
        let events = try KeyedEvents(lines: Array(lines.utf8), of: assembly)
        var keys: [String?] = []
        events.forEach { key, _ in keys.append(key.map { String(decoding: $0, as: UTF8.self) }) }
        #expect(keys == ["77", nil, "8"] && events.count == 3)
        #expect(events.valueBytes == 2 * event.utf8.count - 1 + "no event".utf8.count)
    }

    /// Of every source those that its file holds, keyed as that source's topic is; made ones with the labels that are
    /// known by then.
    @Test func eventsOfSeveralSourcesComeFromFilesOrAreMade() throws {
        let assembly = try #require(PipelineAssembly.load(path: TestFiles.cardFraud).assembly)
        let made = try KeyedEvents.all(assembly, inputs: [], eventsMax: 100_000)
        #expect(made.map(\.source) == [0, 1] && made[0].count == 100_000)
        #expect(made[1].count > 10_000 && made[1].count < 60_000)
        #expect(try KeyedEvents.all(assembly, inputs: [], eventsMax: 10).map(\.count) == [10, 0])
        try TestFiles.withFolder { folder in
            let (events, labels) = (folder.appending(path: "e.ndjson").path, folder.appending(path: "l.ndjson").path)
            var lines: [[UInt8]] = [[], []]
            for (number, events) in made.enumerated() {
                events.forEach { if lines[number].count < 10_000 { lines[number] += Array($1) + [0x0A] } }
            }
            try Data(lines[0]).write(to: URL(fileURLWithPath: events))
            try Data(lines[1]).write(to: URL(fileURLWithPath: labels))
            let inputs = ["labels=\(labels)", "transactions=\(events)"]
            let read = try KeyedEvents.all(assembly, inputs: inputs, eventsMax: 5)
            #expect(read.map(\.source) == [0, 1] && read[0].count == 5 && read[1].count > 50)
            for (read, made) in zip(read, made) {
                var (some, all): ([String], [String]) = ([], [])
                read.forEach { some.append(String(decoding: $0 ?? $1, as: UTF8.self)) }
                made.forEach { all.append(String(decoding: $0 ?? $1, as: UTF8.self)) }
                #expect(some == Array(all.prefix(some.count)))
            }
            for (wrong, said) in [
                ([events], "expected transactions=FILE or labels=FILE"), (["labels=\(labels)"], "which is scored"),
                ([inputs[0], inputs[1], inputs[1]], "source \"transactions\" has a file"),
            ] {
                let failure = #expect(throws: ReplayFailure.self) { try KeyedEvents.all(assembly, inputs: wrong) }
                #expect(failure.map { "\($0)".contains(said) } == true, "\(String(describing: failure))")
            }
        }
    }

    /// Outputs are matched to the events that they are of, by place or by origin; what is unknown counts for nothing.
    @Test(arguments: [LatencyCollector.Identity.sameOffset, .originHeader])
    func latenciesAreFromTheIntendedTimes(identity: LatencyCollector.Identity) throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("out", partitions: 2)
        let schedule = LatencySchedule(partitions: 2)
        let second: Int64 = 1_000_000_000
        let now = schedule.clock.nanoseconds
        // Long ago, so that what passes meanwhile is little beside it: 100 s, 200 s, 300 s; the first is not measured.
        schedule.append(.init(intended: now - 100 * second, number: 0), partition: 0)
        schedule.append(.init(intended: now - 200 * second, number: 1), partition: 1)
        schedule.append(.init(intended: now - 300 * second, number: 2), partition: 1)
        let collector = try LatencyCollector(
            brokers: cluster.bootstrapServers, topic: "out", partitions: 2, identity: identity, schedule: schedule)
        collector.beginMeasuring(after: 1)
        let producer = try KafkaProducer(brokers: cluster.bootstrapServers, onDelivery: { _ in })
        let topic = try producer.topic("out")
        for (partition, origin) in [(0, "in/0/0"), (1, "in/1/0"), (1, "in/1/1"), (1, "in/1/7"), (1, "nonsense")] {
            let outcome = Array(origin.utf8).withUnsafeBytes { text in
                withUnsafePointer(to: KafkaHeader(name: "riffle-origin", value: text)) { header in
                    producer.produce(
                        to: topic, partition: Int32(partition), key: nil, value: text,
                        headers: UnsafeBufferPointer(start: header, count: 1), token: 0)
                }
            }
            guard case .queued = outcome else { throw DeadlinePassed(description: "\(outcome)") }
        }
        #expect(producer.flush(milliseconds: 20_000) == 0)
        let deadline = ContinuousClock.now.advanced(by: .seconds(20))
        while collector.count < 3 && ContinuousClock.now < deadline { collector.step() }
        collector.close()
        #expect(collector.count == 3 && collector.failure == nil)
        let result = collector.result
        #expect(result.measured == 2)
        #expect(result.p50 >= 200_000 && result.p50 < 290_000 && result.most >= 300_000 && result.most < 390_000)
        #expect(collector.takeInterval().totalCount == 2 && collector.takeInterval().totalCount == 0)
        // An output of the newest event of each partition has come; then two more are sent.
        #expect(collector.outstanding == 0 && collector.forgotten == 0)
        for number in Int64(3)...4 { schedule.append(.init(intended: now, number: number), partition: 1) }
        #expect(collector.outstanding == 2)
    }

    /// What a bench runs must not touch what the real pipeline keeps.
    @Test func aPipelineThatKeepsStateIsMeasuredWithoutIt() throws {
        let text = try String(contentsOfFile: TestFiles.cardFraud, encoding: .utf8)
            .replacing(
                "models/card-fraud.json",
                with: URL(fileURLWithPath: TestFiles.cardFraud).deletingLastPathComponent()
                    .appending(path: "models/card-fraud.json").path)
        let assembly = try #require(try TestFiles.assembly(text))
        #expect(assembly.spec.state.directory != nil)
        let stage = try BenchStage(assembly, pipelinePath: "p.yaml", partitions: 1)
        // A program that only says how it was called, in the place of riffle.
        let child = try stage.start(.riffle(executable: "/bin/echo"), properties: ["linger.ms": "1"])
        let deadline = ContinuousClock.now.advanced(by: .seconds(20))
        while child.log.isEmpty && ContinuousClock.now < deadline {}
        #expect(child.log.hasPrefix("run p.yaml --brokers \(stage.brokers) --no-state"))
        #expect(child.log.hasSuffix("-X linger.ms=1\n"))
    }

    @Test func aChildIsWatchedAndEnded() throws {
        let child = try MeasuredChild(["/bin/sh", "-c", "trap 'echo ended; exit 0' TERM; echo up; while :; do :; done"])
        let deadline = ContinuousClock.now.advanced(by: .seconds(20))
        while child.cpuSeconds < 0.02 && ContinuousClock.now < deadline { try child.requireRunning() }
        #expect(child.cpuSeconds >= 0.02)
        try child.stop()
        #expect(child.log == "up\nended\n")
        #expect(throws: RunFailure.self) { try child.requireRunning() }
    }

    @Test func aChildThatFailsSaysWhy() throws {
        let child = try MeasuredChild(["/bin/sh", "-c", "echo no such topic; exit 3"])
        let deadline = ContinuousClock.now.advanced(by: .seconds(20))
        var failure: RunFailure?
        while failure == nil && ContinuousClock.now < deadline {
            do { try child.requireRunning() } catch { failure = error as? RunFailure }
        }
        #expect(failure?.description.contains("status 3") == true)
        #expect(failure?.description.contains("no such topic") == true)
        #expect(throws: RunFailure.self) { _ = try MeasuredChild(["/no/such/program"]) }
    }
}

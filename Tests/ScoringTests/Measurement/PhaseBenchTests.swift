import Engine
import Foundation
import Testing
import Workers

@testable import Scoring

struct PhaseBenchTests {
    private func options(events: Int = 2_000) -> PhaseBenchOptions {
        var options = PhaseBenchOptions()
        options.eventsMax = events
        options.rounds = 2
        return options
    }

    private func cardFraud() throws -> PipelineAssembly {
        try #require(PipelineAssembly.load(path: TestFiles.cardFraud, checksProperties: false).assembly)
    }

    /// Five good events, one that is no JSON and one without its customer, with empty lines between them.
    private func writeEvents(to file: URL) throws {
        var lines = (1...5).map { number in
            """
            {"transaction_id":\(number),"tx_datetime":"2025-03-01T10:00:0\(number)Z","customer_id":"7",\
            "terminal_id":"9","tx_amount":\(number).50,"tx_fraud":false}
            """
        }
        lines.insert("{\"transaction_id\":", at: 2)
        lines.insert("{\"transaction_id\":99,\"tx_datetime\":\"2025-03-01T10:00:09Z\"}", at: 4)
        try Data((lines.joined(separator: "\r\n\n") + "\n").utf8).write(to: file)
    }

    @Test func everyRoundWorkerAndBatchSizeGivesTheSameHash() throws {
        let assembly = try cardFraud()
        var hashes: Set<UInt64> = []
        for (workers, batchRowsMax) in [(1, 4_096), (1, 7), (1, 512), (2, 4_096), (2, 1_000), (3, 600)] {
            var options = options()
            options.workers = workers
            options.batchRowsMax = batchRowsMax
            let result = try PhaseBench(assembly: assembly, options: options).run()
            #expect(result.passes.count == 2)
            #expect(result.isSame)
            hashes.formUnion(result.passes.map(\.scoreHash))
            for pass in result.passes {
                #expect(pass.events == 2_000)
                #expect(pass.scored == 2_000)
            }
        }
        #expect(hashes.count == 1)
        let fewer = try PhaseBench(assembly: assembly, options: options(events: 1_999)).run()
        #expect(!hashes.contains(fewer.passes[0].scoreHash))
    }

    @Test func severalWorkersReallyTakePart() throws {
        let assembly = try cardFraud()
        let bench = try PhaseBench(assembly: assembly, options: options(events: 20_000))
        let pool = WorkerPool(workerCount: 3)
        defer { pool.shutDown() }
        let measurement = PhaseMeasurement(plan: assembly.scoring, pool: pool, inlineRowsMax: 0)
        let pass = measurement.measure(bench.events, origin: "events")
        #expect(pass.scored == 20_000)
        #expect(pool.tasksPerformed.filter { $0 > 0 }.count > 1)
    }

    @Test func everyEventIsCountedOnceAndPhasesAreParts() throws {
        try TestFiles.withFolder { folder in
            let file = folder.appending(path: "events.ndjson")
            try writeEvents(to: file)
            var options = PhaseBenchOptions()
            options.input = file.path
            options.batchRowsMax = 3
            let bench = try PhaseBench(assembly: try cardFraud(), options: options)
            #expect(bench.eventsName == "events.ndjson")
            #expect(bench.events.count == 7)
            let result = bench.run()
            #expect(result.passes.count == 3)
            for pass in result.passes {
                #expect(pass.events == 7)
                #expect(pass.scored == 5)
                #expect(pass.faults == 2)
                #expect(pass.events == pass.scored + pass.faults + pass.lateDropped)
                let parts = MeasuredPhase.allCases.filter { $0 != .whole }.map(pass.nanoseconds)
                #expect(parts.allSatisfy { $0 > 0 })
                #expect(parts.reduce(0, +) <= pass.whole)
            }
            options.eventsMax = 2
            let first = try PhaseBench(assembly: try cardFraud(), options: options)
            #expect(first.events.count == 2)
            #expect(first.run().passes[0].scored == 2)
        }
    }

    @Test func aChangedByteChangesTheHash() throws {
        let assembly = try cardFraud()
        let pool = WorkerPool(workerCount: 1)
        let measurement = PhaseMeasurement(plan: assembly.scoring, pool: pool)
        func hash(id: Int) -> UInt64 {
            let event = """
                {"transaction_id":\(id),"tx_datetime":"2025-03-01T10:00:00Z","customer_id":"7","terminal_id":"9",\
                "tx_amount":1.50,"tx_fraud":false}
                """
            return measurement.measure(MemoryEvents(lines: Array(event.utf8)), origin: "events").scoreHash
        }
        #expect(hash(id: 1) == hash(id: 1))
        #expect(hash(id: 1) != hash(id: 2))
    }

    @Test func whatDoesNotFitIsRefused() throws {
        let assembly = try cardFraud()
        func refusal(_ change: (inout PhaseBenchOptions) -> Void) -> ReplayFailure? {
            var options = options()
            change(&options)
            do throws(ReplayFailure) {
                _ = try PhaseBench(assembly: assembly, options: options)
                return nil
            } catch { return error }
        }
        #expect(refusal { _ in } == nil)
        #expect(refusal { $0.workers = 0 }?.kind == .usage)
        #expect(refusal { $0.rounds = 0 }?.kind == .usage)
        #expect(refusal { $0.batchRowsMax = 1 << 20 }?.kind == .usage)
        #expect(refusal { $0.eventsMax = 0 }?.kind == .usage)
        #expect(refusal { $0.eventsMax = .max }?.kind == .usage)
        #expect(refusal { $0.input = "/nowhere/events.ndjson" }?.kind == .environment)
        #expect(refusal { $0.input = "/dev/null" }?.kind == .usage)
        let other = try #require(try TestFiles.assembly(Self.orders))
        #expect(throws: ReplayFailure.self) { _ = try PhaseBench(assembly: other, options: options()) }
    }

    private static let orders = """
        pipeline: orders
        kafka: {brokers: embedded, group: orders}
        sources:
          orders:
            topic: orders
            format: json
            key: shop
            id: shop
            time: {field: at, format: iso8601}
            fields: {shop: string, at_total: float}
            late: {after: 10m, then: score}
        features:
          - total: at_total
        output: {topic: order.scores, features: all}
        dead_letter: {topic: order.dead-letter}
        """

    // MARK: - Figures and their text

    private func pass(whole: Int64, hash: UInt64 = 0xAB) -> MeasuredPass {
        var pass = MeasuredPass()
        pass.events = 1_000
        pass.scored = 1_000
        pass.scoreBytes = 300_000
        pass.scoreHash = hash
        pass.whole = whole
        pass.processor = whole / 2
        return pass
    }

    @Test func bestAndMedianAreByEvent() {
        let wholes: [Int64] = [4_000_000, 1_000_000, 2_500_000]
        let result = PhaseBenchResult(workers: 1, passes: wholes.map { pass(whole: $0) })
        #expect(result.best(.whole) == 1_000)
        #expect(result.median(.whole) == 2_500)
        #expect(result.eventsPerSecondAndCore(nanoseconds: 2_500) == 400_000)
        let even = PhaseBenchResult(workers: 2, passes: wholes.prefix(2).map { pass(whole: $0) })
        #expect(even.median(.whole) == 2_500)
        #expect(even.eventsPerSecondAndCore(nanoseconds: 1_000) == 500_000)
    }

    @Test func tableSaysHowTheGoalsStand() {
        let wholes: [Int64] = [2_500_000, 1_600_000, 4_000_000]
        let text = PhaseBenchText.table(PhaseBenchResult(workers: 1, passes: wholes.map { pass(whole: $0) }))
        #expect(text.contains("at least 500,000 events/s per core: median 0.80 of it (missed), best 1.25 of it (met)"))
        #expect(text.contains("aim 1,000,000: median 0.40 of it (missed), best 0.62 of it (missed)"))
        #expect(text.contains("whole           1,600.0 2,500.0                  625,000    400,000"))
        #expect(text.contains("1000 scored, 0 faults, 300 bytes a score, hash 00000000000000ab, the same in 3 rounds"))
        #expect(text.contains("0.50 0.50 0.50 in use, by round; 0.80 CPU s per million events"))
        let odd = PhaseBenchResult(workers: 1, passes: [pass(whole: 1, hash: 1), pass(whole: 1, hash: 2)])
        #expect(!odd.isSame)
        #expect(PhaseBenchText.table(odd).contains("THE ROUNDS DIFFER"))
    }
}

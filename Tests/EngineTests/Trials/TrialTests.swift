import Configuration
import Events
import Features
import Models
import Testing
import Workers

@testable import Engine

/// A trial is the engine that runs live: its records are those of a run, and a restart is invisible.
struct TrialTests {
    enum Kind: CaseIterable { case everyAggregate, learning, labels }

    static func plan(_ kind: Kind) throws -> ScoringPlan {
        switch kind {
        case .everyAggregate: try EveryAggregateTests.plan()
        case .learning:
            try PaymentPlan(
                combination: "max(forest, trees or 0)",
                trees: HalfSpaceTreesParameters(inputCount: 8, trees: 5, height: 8, window: 60, seed: 3)
            ).make()
        case .labels: try PaymentPlan(hasLabels: true, topic: "payments").make()
        }
    }

    /// Seeded payments, and labels of some of them where the plan has a source for them.
    static func records(_ plan: ScoringPlan, seed: UInt64, count: Int = 300) -> [TrialRecord] {
        let log = PaymentStream(seed: seed, partitions: 1, events: count, hasMarkers: false).log()
        var random = SeededGenerator(seed: seed ^ 7)
        return log.partitions[0].compactMap(\.record).flatMap { record -> [TrialRecord] in
            guard let value = record.value else { return [] }
            let payment = TrialRecord(source: 0, value: value, timestamp: record.timestamp)
            if plan.sources.count == 1 || random.next() % 3 > 0 { return [payment] }
            let at = record.timestamp / 1_000
            let label = PaymentLabel(
                terminal: Int64(random.next() % 5), at: at - Int64(random.next() % 3_600_000), known: at,
                isFraud: random.next() % 2 == 0)
            return [payment, TrialRecord(source: 1, value: Array(label.json.utf8), timestamp: record.timestamp)]
        }
    }

    private static func run(_ plan: ScoringPlan, _ steps: [TrialStep]) throws -> TrialResult {
        try TrialRun(plan: plan, steps: steps, recordsOrder: !plan.isOrderIrrelevant).run()
    }

    @Test(arguments: Kind.allCases, [1, 2] as [UInt64])
    func restartsAreInvisible(kind: Kind, seed: UInt64) throws {
        let plan = try Self.plan(kind)
        let records = Self.records(plan, seed: seed)
        let straight = try Self.run(plan, records.map { .records([$0]) })
        var random = SeededGenerator(seed: seed)
        var steps: [TrialStep] = []
        var restarts = 0
        for record in records {
            steps.append(.records([record]))
            guard random.next() % 20 == 0 else { continue }
            steps.append(.restart(random.next() % 2 == 0 ? .snapshot : .log))
            restarts += 1
        }
        let restarted = try Self.run(plan, steps)
        #expect(restarts > 5, "seed \(seed)")
        #expect(restarted.restarts.count == restarts, "seed \(seed)")
        #expect(restarted.restarts.contains { if case .snapshot = $0 { true } else { false } }, "seed \(seed)")
        #expect(straight.rows.count == records.count && restarted.rows.count == records.count, "seed \(seed)")
        for (one, other) in zip(straight.rows, restarted.rows) {
            #expect(one.record == other.record && one.disposition == other.disposition, "seed \(seed)")
            #expect(one.output == other.output && one.isLate == other.isLate, "seed \(seed), record \(one.record)")
            #expect(one.features.map(\.bitPattern) == other.features.map(\.bitPattern), "seed \(seed)")
        }
        let kinds = Set(straight.rows.map(\.disposition))
        #expect(kinds.isSuperset(of: kind == .labels ? [.score, .fault, .absorbed] : [.score, .fault]))
        let late = straight.rows.count { $0.isLate }
        #expect(late > 0, "seed \(seed)")
    }

    /// What arrives at once is taken as a replay of files takes it, one of each source, in large batches.
    @Test(arguments: Kind.allCases)
    func featuresAreThoseOfAReplay(kind: Kind) throws {
        let plan = try Self.plan(kind)
        // Rows of files have no timestamps, and a line is no record of several.
        let records = Self.records(plan, seed: 5).map { TrialRecord(source: $0.source, value: $0.value) }
        let result = try Self.run(plan, [.records(records)])
        let inputs = plan.sources.enumerated().map { number, source in
            let own = records.filter { $0.source == number }.map { $0.value + [UInt8(ascii: "\n")] }
            return ReplayInput(
                source: number, name: source.name, format: .ndjson, bytes: MemoryBytes(own.flatMap { $0 }))
        }
        let pool = WorkerPool(workerCount: 1)
        defer { pool.shutDown() }
        let engine = ReplayEngine(plan: plan, inputs: inputs, outputFormat: .ndjson, pool: pool)
        let seen = Scores()
        _ = try engine.run(to: nil, observer: seen)
        let scored = result.rows.filter { $0.disposition == .score }
        #expect(scored.count > 200 && seen.features.count == scored.count)
        for (row, features) in zip(scored, seen.features) {
            #expect(row.features.map(\.bitPattern) == features.map(\.bitPattern), "record \(row.record)")
        }
    }

    @Test func recordsOfSeveralSourcesThatArriveTogetherAreMerged() throws {
        let plan = try Self.plan(.labels)
        let payments = (0..<3).map { number in
            TrialRecord(
                source: 0,
                value: Array(
                    Payment(id: "p\(number)", at: PaymentStream.start + Int64(number) * 60_000, customer: "a").json.utf8
                ))
        }
        let label = PaymentLabel(
            terminal: 1, at: PaymentStream.start, known: PaymentStream.start + 90_000, isFraud: true)
        let known = TrialRecord(source: 1, value: Array(label.json.utf8))
        let together = try Self.run(plan, [.records(payments + [known])])
        #expect(together.rows.map(\.record) == [0, 1, 3, 2])
        let oneByOne = try Self.run(plan, (payments + [known]).map { .records([$0]) })
        #expect(oneByOne.rows.map(\.record) == [0, 1, 2, 3])
        #expect(together.rows.last?.features.last == 1)
    }

    @Test func aQuestionIsAnsweredAtItsTimeAndChangesNothing() throws {
        let plan = try Self.plan(.everyAggregate)
        let records = Self.records(plan, seed: 3, count: 120)
        let straight = try Self.run(plan, records.map { .records([$0]) })
        let last = straight.rows.map(\.available.microseconds).max() ?? 0
        var steps: [TrialStep] = []
        for record in records {
            steps.append(.records([record]))
            steps.append(.ask(TrialQuestion(entity: "customer", key: Array("customer-1".utf8), time: last)))
        }
        let asked = try Self.run(plan, steps)
        #expect(asked.rows.map(\.output) == straight.rows.map(\.output))
        #expect(asked.answers.count == records.count)
        let count = try #require(plan.features.names.firstIndex(of: "c_count_2h"))
        let mean = try #require(plan.features.names.firstIndex(of: "c_mean_2h"))
        // Of the last answer, by hand.
        let seen = straight.rows.filter { row in
            row.disposition == .score && row.time.microseconds > last - 2 * PaymentPlan.hour
                && row.output != nil
                && String(decoding: records[row.record].value, as: UTF8.self)
                    .contains("\"customer-1\"")
        }
        #expect(asked.answers.last?[count] == Double(seen.count))
        let nobody = try Self.run(
            plan, [.ask(TrialQuestion(entity: "customer", key: Array("nobody".utf8), time: last))])
        #expect(nobody.answers[0][count] == 0 && nobody.answers[0][mean].isNaN)
    }

    private final class MemoryBytes: ByteSource {
        private var rest: ArraySlice<UInt8>

        init(_ bytes: [UInt8]) { rest = bytes[...] }

        func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
            let bytes = rest.prefix(buffer.count)
            buffer.copyBytes(from: bytes)
            rest = rest.dropFirst(bytes.count)
            return bytes.count
        }
    }

    private final class Scores: ReplayObserver {
        var features: [[Double]] = []

        func replayDidFind(_ fault: ReplayFault) {}

        func replayDidScore(_ context: BatchContext, _ summary: ReplaySummary) {
            let count = context.frame.featureCount
            for row in 0..<context.batch.count where context.frame.dispositions[row] == .score {
                features.append((0..<count).map { context.frame.features[row * count + $0] })
            }
        }
    }
}

import Configuration
import Diagnostics
import Events
import Features
import Models
import Synchronization
import Testing
import Workers

@testable import Engine

/// What is asked of live state: the answer is what the event then gets, and nothing tells afterwards that it was asked.
struct LiveEvaluationTests {
    enum Kind: CaseIterable { case everyAggregate, tiled, learning, explained }

    private static func plan(_ kind: Kind) throws -> ScoringPlan {
        switch kind {
        case .everyAggregate: try EveryAggregateTests.plan()
        case .tiled: try tiled()
        case .learning:
            try PaymentPlan(
                combination: "max(forest, trees or 0)",
                trees: HalfSpaceTreesParameters(inputCount: 8, trees: 5, height: 8, window: 60, seed: 3)
            ).make()
        case .explained: try ExplainedPlan(condition: "score > 0.5").make()
        }
    }

    private static func tiled() throws -> ScoringPlan {
        let text = """
            pipeline: tiled
            kafka: {brokers: "localhost:9092", group: tiled}
            sources:
              payments:
                topic: payments
                key: customer
                id: payment
                time: {field: at, format: epoch-ms}
                fields:
                  payment: string
                  customer: string
                  terminal: {type: int, optional: true, nullable: true}
                  amount: {type: decimal, scale: 2}
                late: {after: 10m, then: drop}
                ahead: 1h
            features:
              - by: customer
                over: [1h, 6h]
                accuracy: tiled(2%)
                aggregates: {n: count(), total: sum(amount), spread: stddev(amount), top: max(amount)}
              - by: terminal
                over: [2h]
                delay: 30m
                accuracy: tiled(5%)
                aggregates: {seen: count(), low: min(amount), different: distinct(customer)}
            output: {topic: scores, features: all}
            dead_letter: {topic: dead}

            """
        var file = PipelineFile.load(bytes: Array(text.utf8), path: "tiled.yaml", environment: [:])
        let compiled = file.compile()
        let plan = try #require(compiled, "\(file.rendered())")
        return ScoringPlan(
            pipeline: "tiled", sources: plan.sources, decodeLimits: DecodeLimits(), idField: plan.sources[0].id,
            features: plan.features, featureLimits: FeatureLimits(shardCount: 4), model: nil, rules: [],
            outputFeatures: plan.outputFeatures, isOrderIrrelevant: plan.isOrderIrrelevant, planHash: PaymentPlan.hash)
    }

    /// A pipeline that takes one event after the other.
    private final class Taker {
        let plan: ScoringPlan
        let pipeline: ScoringPipeline
        private let context: BatchContext
        private let decoder: JSONEventDecoder
        private let chunk: DecodedChunk
        private(set) var watermark: Watermark

        init(_ plan: ScoringPlan) {
            self.plan = plan
            pipeline = ScoringPipeline(plan: plan, pool: WorkerPool(workerCount: 1))
            context = pipeline.makeContext(capacity: 1)
            decoder = JSONEventDecoder(source: 0, of: plan.sources, limits: plan.decodeLimits)
            chunk = DecodedChunk(plan: plan, capacity: 1)
            watermark = Watermark(plan.sources)
        }

        /// The record; `nil`: the event has none.
        func take(_ event: [UInt8], at recordTime: Int64) -> String? {
            context.removeAll()
            chunk.removeAll()
            event.withUnsafeBytes {
                decoder.decode(value: $0, recordTime: recordTime, offset: 0, lane: 0, into: chunk.batch)
            }
            context.batch.append(row: 0, of: chunk.batch)
            let disposition = watermark.disposition(of: 0, in: context.batch, isMuted: false)
            context.frame.dispositions[0] = disposition
            pipeline.process(context, origin: OriginText(file: "request"))
            return disposition == .score ? String(decoding: context.output(0), as: UTF8.self) : nil
        }

        func live(at recordTime: Int64) -> LiveState {
            LiveState(pipeline: pipeline, models: plan.models, watermark: watermark, wallMicroseconds: recordTime)
        }

        /// All that a snapshot would hold.
        var images: [[UInt8]] {
            let image = ShardImage()
            var images = (0..<pipeline.features.shardTaskCount).map { task in
                pipeline.features.copyShard(task, into: image)
                return Array(image.bytes)
            }
            for index in pipeline.onlineModels.names.indices {
                pipeline.onlineModels.copy(index, into: image)
                images.append(Array(image.bytes))
            }
            return images
        }
    }

    @Test(arguments: Kind.allCases, [1, 2] as [UInt64])
    func theAnswerIsWhatTheEventThenGetsAndNothingElseChanges(kind: Kind, seed: UInt64) throws {
        let plan = try Self.plan(kind)
        let entries = PaymentStream(seed: seed, partitions: 1, events: 900, hasMarkers: false).log().partitions[0]
        let (asked, quiet) = (Taker(plan), Taker(plan))
        let evaluation = LiveEvaluation(plan)
        var (scored, refused) = (0, 0)
        for (number, record) in entries.lazy.compactMap(\.record).enumerated() {
            let event = record.value ?? []
            let live = asked.live(at: record.timestamp)
            let answer = evaluation.answer(.score(event: event), live)
            if number % 3 == 0 {
                _ = evaluation.answer(.explain(event: event), live)
                _ = evaluation.answer(.features(entity: "customer", key: "customer-\(number % 20)"), live)
            }
            let expected = asked.take(event, at: record.timestamp)
            #expect(quiet.take(event, at: record.timestamp) == expected, "seed \(seed), event \(number)")
            if let expected {
                scored += 1
                #expect(answer == .answer(expected), "seed \(seed), event \(number)")
            } else {
                refused += 1
                guard case .unsound = answer else {
                    Issue.record("seed \(seed), event \(number): \(answer)")
                    continue
                }
            }
        }
        #expect(scored > 700 && refused > 10, "seed \(seed)")
        #expect(asked.images == quiet.images, "seed \(seed)")
        #expect(asked.pipeline.features.statistics == quiet.pipeline.features.statistics)
    }

    @Test func aKeyIsReadAtTheWatermark() throws {
        let plan = try PaymentPlan().make()
        let taker = Taker(plan)
        for (minutes, customer, cents) in [(0, "a", 1_000), (1, "b", 500), (2, "a", 3_000)] {
            let payment = Payment(
                id: "p", at: PaymentStream.start + Int64(minutes) * 60_000, customer: customer, terminal: 1,
                cents: cents)
            #expect(taker.take(Array(payment.json.utf8), at: payment.at * 1_000) != nil)
        }
        let evaluation = LiveEvaluation(plan)
        let live = taker.live(at: 0)
        func features(_ entity: String, _ key: String) -> StateAnswer {
            evaluation.answer(.features(entity: entity, key: key), live)
        }
        let head = "\"watermark\":\"2024-03-01T00:02:00Z\",\"features\":"
        #expect(
            features("customer", "a")
                == .answer("{\"entity\":\"customer\",\"key\":\"a\",\(head){\"customer_count\":2,\"customer_mean\":20}}")
        )
        #expect(
            features("customer", "b")
                == .answer("{\"entity\":\"customer\",\"key\":\"b\",\(head){\"customer_count\":1,\"customer_mean\":5}}"))
        #expect(features("customer", "c") == .unknown("nothing is known of this key of \"customer\""))
        #expect(features("shop", "c") == .unknown("there is no entity \"shop\": there are customer, terminal"))
        #expect(features("terminal", "one") == .unknown("\"terminal\" is a number, and the key is none"))
        guard case .answer = features("terminal", "1") else {
            Issue.record("\(features("terminal", "1"))")
            return
        }
    }

    @Test func reasonsComeWithAnExplanationWhateverTheConditionSays() throws {
        let taker = Taker(try ExplainedPlan(condition: "score > 2").make())
        let evaluation = LiveEvaluation(taker.plan)
        let event = Array(Payment(id: "p", at: PaymentStream.start, customer: "a", terminal: 1, cents: 900).json.utf8)
        let live = taker.live(at: PaymentStream.start * 1_000)
        guard case .answer(let score) = evaluation.answer(.score(event: event), live),
            case .answer(let explanation) = evaluation.answer(.explain(event: event), live)
        else {
            Issue.record("no answers")
            return
        }
        #expect(score.contains("\"reasons\":[],"))
        #expect(explanation.hasPrefix("{\"record\":{\"id\":\"p\","))
        #expect(explanation.contains("\"reasons\":[{\"feature\":"))
        #expect(explanation.contains(",\"features\":{\"amount\":9,"))
    }

    // MARK: - In a running engine

    /// Asks at each batch, and keeps the answers.
    private final class Asker: StreamObserver {
        let questions = QuestionQueue(capacity: 3)
        private let answers = Mutex<[StateAnswer]>([])
        /// Behind all others, so that it is never late.
        static let now = PaymentStream.start + 7 * 86_400_000
        private let event = Array(
            Payment(id: "asked", at: now, customer: "customer-1", terminal: 1, cents: 900).json.utf8)

        var all: [StateAnswer] { answers.withLock { $0 } }

        func didScore(_ context: BatchContext, plan: ScoringPlan) {
            for question in [
                StateQuestion.score(event: event), .explain(event: event),
                .features(entity: "customer", key: "customer-1"), .score(event: []),
            ] {
                let pending = QuestionQueue.Pending(question) { answer in self.answers.withLock { $0.append(answer) } }
                if let refusal = questions.add(pending) { pending.answer(.busy(refusal)) }
            }
        }
    }

    @Test func aRunThatIsAskedWritesWhatOneWritesThatIsNot() throws {
        let plan = try PaymentPlan().make()
        let stream = PaymentStream(seed: 5, events: 600)
        let quiet = StreamRun(plan, stream.log())
        _ = try quiet.run()
        let asker = Asker()
        let asked = StreamRun(plan, stream.log(), questions: asker.questions) {
            $0.snapshots.wallMilliseconds = { Asker.now }
        }
        asked.engine.observer = asker
        let summary = try asked.run()
        asker.questions.close()
        #expect(asked.sink.outputs.map(\.asExpected) == quiet.sink.outputs.map(\.asExpected))
        #expect(asked.engine.state == quiet.engine.state)
        #expect(asker.all.count == Int(summary.batches) * 4, "each question has one answer")
        let answered = asker.all.count { if case .answer = $0 { true } else { false } }
        let refused = asker.all.count { if case .busy = $0 { true } else { false } }
        #expect(answered > Int(summary.batches) && refused >= Int(summary.batches))
    }

    @Test func whoDoesNotWaitIsNotAnswered() async {
        let questions = QuestionQueue(capacity: 1)
        let (woken, wake) = AsyncStream.makeStream(of: Void.self)
        let first = Task { await questions.ask(.score(event: [])) { wake.yield() } }
        for await _ in woken { break }
        #expect(await questions.ask(.score(event: [])) {} == .busy("1 questions wait already"))
        #expect(questions.isWaiting)
        first.cancel()
        #expect(await first.value == .abandoned)
        #expect(questions.next() == nil)
        questions.close()
        #expect(await questions.ask(.score(event: [])) {} == .busy("the engine does not run"))
    }
}

import Events
import Features
import Testing
import Workers

@testable import Engine

/// A replay of several files: one order over all, and one answer however they are read.
struct SeveralInputsTests {
    private static let labelHeader = "terminal,at,known,fraud"

    private static func csv(_ labels: [PaymentLabel]) -> String {
        labels.map { "\($0.terminal),\($0.at),\($0.known),\($0.isFraud)\n" }.reduce(labelHeader + "\n", +)
    }

    private static func input(_ labels: [PaymentLabel], pieceBytes: Int = .max) -> ReplayInput {
        ReplayInput(source: 1, name: "labels.csv", bytes: MemoryBytes(csv(labels), pieceBytes: pieceBytes))
    }

    private static func plan() throws -> ScoringPlan {
        var plan = PaymentPlan(hasModel: false)
        plan.hasLabels = true
        return try plan.make()
    }

    /// The rows in the order in which they were taken.
    private final class Order: ReplayObserver {
        var rows: [String] = []
        var faults: [ReplayFault] = []

        func replayDidFind(_ fault: ReplayFault) { faults.append(fault) }
        func replayDidScore(_ context: BatchContext, _ summary: ReplaySummary) {
            for row in 0..<context.batch.count {
                rows.append("\(context.batch.sources[row] == 0 ? "p" : "l")\(context.batch.offsets[row])")
            }
        }
    }

    @Test func filesAreMergedByWhatWasAvailable() throws {
        let start = PaymentStream.start
        let payments = PaymentFile([10, 30, 20, 40].map { Payment(id: "p", at: start + $0, customer: "c") })
        let labels = [(0, 5), (10, 30), (10, 20), (90, 35), (20, 100)].map {
            PaymentLabel(terminal: 1, at: start + Int64($0.0), known: start + Int64($0.1), isFraud: true)
        }
        let pool = WorkerPool(workerCount: 1)
        let engine = ReplayEngine(
            plan: try Self.plan(),
            inputs: [ReplayInput(name: "p.csv", bytes: MemoryBytes(payments.csv)), Self.input(labels)],
            outputFormat: .csv, pool: pool)
        let order = Order()
        let summary = try engine.run(to: nil, observer: order)
        // Lines count from the header. The label of 30 goes before the payment of 30, and takes the one of 20 behind it
        // along; the one that was known at 35 and happened at 90 is of 90.
        #expect(order.rows == ["l2", "p2", "l3", "l4", "p3", "p4", "p5", "l5", "l6"])
        #expect(summary.rows == 9 && summary.scored == 4 && summary.absorbed == 5)
    }

    @Test(arguments: 0..<6 as Range<UInt64>)
    func piecesBatchesAndWorkersChangeNothing(seed: UInt64) throws {
        let plan = try Self.plan()
        let payments = PaymentFile(seed: seed, events: 900)
        var random = SeededGenerator(seed: seed &+ 77)
        let labels = payments.payments.compactMap { payment -> PaymentLabel? in
            guard let terminal = payment.terminal, random.next() % 2 == 0 else { return nil }
            return PaymentLabel(
                terminal: terminal, at: payment.at, known: payment.at + Int64(random.next() % 90_000_000),
                isFraud: random.next() % 2 == 0)
        }.sorted { $0.known < $1.known }
        func run(_ change: (inout ReplayRun) -> Void, pieceBytes: Int = .max) throws -> String {
            var run = ReplayRun(plan: plan)
            change(&run)
            run.others = [Self.input(labels, pieceBytes: pieceBytes)]
            let result = try run.run(payments.csv)
            #expect(result.summary.scored == 900 && result.summary.absorbed == UInt64(labels.count))
            return result.output.text
        }
        let expected = try run { _ in }
        #expect(try run({ $0.batchRows = 7 }, pieceBytes: 100) == expected, "seed \(seed)")
        #expect(try run({ $0.workers = 3 }, pieceBytes: 1_000) == expected, "seed \(seed)")
        let reader = try run({
            $0.pieceBytes = 50
            $0.batchRows = 100
        })
        #expect(reader == expected, "seed \(seed)")
    }

    @Test func faultsSayTheirFile() throws {
        var run = ReplayRun(plan: try Self.plan())
        run.others = [
            ReplayInput(source: 1, name: "l.csv", bytes: MemoryBytes(Self.labelHeader + "\n1,x,5,true\n1,4,5,true\n"))
        ]
        let result = try run.run(PaymentFile.csvHeader + "\np,5,c,1,x\n")
        #expect(result.faults.map(\.input).sorted() == [0, 1] && result.summary.faults == 2)
        run.others = [ReplayInput(source: 1, name: "l.csv", bytes: MemoryBytes("terminal,at,fraud\n"))]
        let error = try #require(throws: ReplayInputError.self) { _ = try run.run(PaymentFile.csvHeader + "\n") }
        #expect(error.input == 1)
    }

    // MARK: - A choice of rows

    @Test(arguments: 0..<4 as Range<UInt64>)
    func chosenRowsAreWhatTheyAreAmongAll(seed: UInt64) throws {
        let plan = try PaymentPlan(hasModel: false).make()
        let file = PaymentFile(seed: seed, events: 1_500)
        let all = try ReplayRun(plan: plan).run(file.csv).output.lines
        let sorted = file.payments.map(\.at).sorted()
        let (from, before) = (sorted[400], sorted[1_000])
        var run = ReplayRun(plan: plan)
        run.selection = RowSelection(
            from: EventTime(microseconds: from * 1_000), before: EventTime(microseconds: before * 1_000))
        let chosen = try run.run(file.csv)
        let wanted = zip(file.payments, all.dropFirst()).filter { (from..<before).contains($0.0.at) }.map(\.1)
        #expect(wanted.count > 100 && chosen.output.lines == [all[0]] + wanted, "seed \(seed)")
        #expect(chosen.summary.muted == UInt64(1_500 - wanted.count))
    }

    @Test func aSampleOfKeysIsWholeKeysAndAlwaysTheSame() throws {
        let plan = try PaymentPlan(hasModel: false).make()
        let payments = (0..<4_000).map {
            Payment(id: "p\($0)", at: PaymentStream.start + Int64($0), customer: "customer-\($0 % 2_000)")
        }
        func customers(_ share: Double) throws -> [String] {
            var run = ReplayRun(plan: plan)
            run.selection = RowSelection(keys: KeySample(FieldIndex(2), of: plan.schema, share: share))
            return try run.run(PaymentFile(payments).csv).column("payment").map {
                payments[Int($0.dropFirst()) ?? 0].customer
            }
        }
        let tenth = try customers(0.1)
        #expect(Set(tenth).count * 2 == tenth.count && (140...260).contains(Set(tenth).count))
        #expect(try customers(0.1) == tenth)
        #expect(Set(try customers(0.2)).isSuperset(of: tenth))
        #expect(try customers(1).count == 4_000 && customers(0).isEmpty)
        // Fixed for all machines and times: a training set of today is that of tomorrow.
        #expect(Set(tenth).sorted().prefix(3) == ["customer-1005", "customer-1013", "customer-1034"])
    }
}

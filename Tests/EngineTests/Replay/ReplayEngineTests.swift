import Events
import Foundation
import Testing
import Workers

@testable import Engine

@Suite struct ReplayEngineTests {
    @Test(arguments: [1, 2, 5]) func bytesDependOnNothingButTheEvents(workers: Int) throws {
        let file = PaymentFile(seed: 7, events: 2_500)
        let plan = try PaymentPlan().make()
        for format in RecordFormat.allCases {
            let expected = try ReplayRun(plan: plan, outputFormat: format, inlineRowsMax: .max).run(file.ndjson)
            #expect(expected.summary.scored == 2_500)
            #expect(expected.output.isFinished)
            for batchRows in [1, 7, 513, 4_096] {
                for text in [file.csv, file.ndjson] {
                    let run = ReplayRun(
                        plan: plan, outputFormat: format, workers: workers, batchRows: batchRows,
                        pieceBytes: batchRows == 7 ? 1_001 : .max)
                    let result = try run.run(text)
                    #expect(result.output.bytes == expected.output.bytes, "\(format), batches of \(batchRows)")
                }
            }
        }
    }

    @Test func severalWorkersTakePart() throws {
        let plan = try PaymentPlan().make()
        let file = PaymentFile(seed: 2, events: 20_000)
        let result = try ReplayRun(plan: plan, workers: 2, inputBytesMax: 4 << 20).run(file.csv)
        #expect(result.summary.scored == 20_000)
        #expect(result.busyWorkers == 2)
    }

    @Test func replayEqualsLive() throws {
        var payments = PaymentPlan()
        payments.outputFeatures = [
            "amount", "weekend", "customer_count", "customer_mean", "terminal_count", "terminal_mean", "ratio", "night",
        ]
        let plan = try payments.make()
        let file = PaymentFile(seed: 21, events: 1_000)
        let live = ExpectedOutputs(MemoryLog(records: [file.payments.map(\.record)]), plan: plan).outputs
        let lines = try ReplayRun(plan: plan, outputFormat: .ndjson, workers: 2, batchRows: 100).run(file.csv).output
            .lines
        #expect(lines.count == live.count)
        for (line, output) in zip(lines, live) {
            let replayed = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            let score = try #require(
                JSONSerialization.jsonObject(with: Data((output.score ?? "").utf8)) as? [String: Any])
            let features = try #require(score["features"] as? [String: Any])
            #expect(replayed["payment"] as? String == score["id"] as? String)
            #expect(replayed["score"] as? Double == score["score"] as? Double)
            #expect(replayed["decision"] as? String == score["decision"] as? String)
            #expect(replayed["event_time"] as? String == score["event_time"] as? String)
            for (name, value) in features { #expect(replayed[name] as? Double == value as? Double, "\(name)") }
        }
    }

    @Test func faultsAreCountedAndLeftOut() throws {
        let good = PaymentFile(seed: 4, events: 3).payments
        let text = [
            good[0].json, "{\"payment\":", "", good[1].json, "[1]", "{\"payment\":\"x\"}", good[2].json,
            "{\"payment\":",
        ].joined(separator: "\n")
        let result = try ReplayRun(plan: PaymentPlan().make()).run(text)
        #expect(result.summary.rows == 7)
        #expect(result.summary.scored == 3)
        #expect(result.summary.faults == 4)
        #expect(result.summary.count(of: .invalidJSON) == 2)
        #expect(result.faults.map(\.line) == [2, 5, 6, 8])
        #expect(result.faults.map(\.fault.code) == [.invalidJSON, .notAnObject, .fieldMissing, .invalidJSON])
        #expect(result.summary.faultCounts.map(\.count).reduce(0, +) == result.summary.faults)
        #expect(result.column("payment") == good.map(\.id))
    }

    @Test func tableFaultsNameTheirLine() throws {
        let good = PaymentFile(seed: 4, events: 2).payments
        let text = "\(PaymentFile.csvHeader)\n\(good[0].csv)\n\n1,2,3\n\"a\nb\",x,c,1,1\n\(good[1].csv)\n\"open,1,c,1,1"
        let result = try ReplayRun(plan: PaymentPlan().make()).run(text)
        #expect(result.faults.map(\.line) == [4, 5, 8])
        #expect(result.faults.map(\.fault.code) == [.wrongColumnCount, .invalidTime, .invalidCSV])
        #expect(result.summary.scored == 2)
    }

    @Test func anEventThatIsTooLargeIsAFaultAndNotTheEnd() throws {
        var payments = PaymentPlan()
        payments.decodeLimits = DecodeLimits(eventBytesMax: 200)
        let good = PaymentFile(seed: 4, events: 2).payments
        let long = "{\"payment\":\"\(String(repeating: "x", count: 5_000))\"}"
        let plan = try payments.make()
        for pieceBytes in [50, Int.max] {
            let run = ReplayRun(plan: plan, pieceBytes: pieceBytes, inputBytesMax: 1)
            let result = try run.run("\(good[0].json)\n\(long)\n\(good[1].json)\n")
            #expect(
                result.faults == [
                    ReplayFault(line: 2, fault: Fault(.eventTooLarge, byteOffset: result.faults[0].place))
                ])
            #expect(result.summary.scored == 2)
        }
    }

    @Test(arguments: [LatePolicy.Action.score, .drop, .deadLetter]) func latePoliciesCount(action: LatePolicy.Action)
        throws
    {
        // Minutes; 10 minutes of lateness are allowed: the third is late, the fourth is not, the last is to the
        // microsecond on time.
        let minutes: [Int64] = [0, 30, 19, 21, 45, 35]
        let payments = minutes.enumerated().map {
            Payment(id: "p\($0)", at: PaymentStream.start + $1 * 60_000, customer: "c")
        }
        var plan = PaymentPlan()
        plan.late = LatePolicy(afterMicroseconds: 10 * PaymentPlan.minute, action: action)
        let result = try ReplayRun(plan: plan.make(), batchRows: 2).run(PaymentFile(payments).csv)
        let summary = result.summary
        #expect(summary.rows == 6)
        #expect(summary.late == 1)
        #expect(summary.lateDropped == (action == .drop ? 1 : 0))
        #expect(summary.count(of: .late) == (action == .deadLetter ? 1 : 0))
        #expect(summary.rows == summary.scored + summary.faults + summary.lateDropped)
        #expect(
            result.column("payment") == (action == .score ? [0, 1, 2, 3, 4, 5] : [0, 1, 3, 4, 5]).map { "p\($0)" })
        // What is dropped enters no window; the event at 45 minutes is newer than the last.
        #expect(result.column("customer_count").last == (action == .score ? "5" : "4"))
        #expect(result.faults.map(\.line) == (action == .deadLetter ? [4] : []))
    }

    @Test func withoutAModelThereIsNoScore() throws {
        var payments = PaymentPlan()
        payments.hasModel = false
        payments.rules = []
        let result = try ReplayRun(plan: payments.make()).run(PaymentFile(seed: 1, events: 5).csv)
        #expect(result.column("score") == ["", "", "", "", ""])
        #expect(result.column("decision") == ["", "", "", "", ""])
        #expect(result.column("customer_count").allSatisfy { $0 >= "1" })
    }

    @Test func aTableNeedsItsHeader() throws {
        let plan = try PaymentPlan().make()
        #expect(throws: ReplayInputError(.empty)) { try ReplayRun(plan: plan, inputFormat: .csv).run("\n\n") }
        #expect(
            throws: ReplayInputError(
                .header(
                    .missing(columns: ["at"], found: ["payment", "customer", "terminal", "amount"])))
        ) {
            try ReplayRun(plan: plan).run("payment,customer,terminal,amount\n1,c,1,1\n")
        }
        let empty = try ReplayRun(plan: plan).run(PaymentFile.csvHeader)
        #expect(empty.summary.rows == 0)
        #expect(empty.output.lines.count == 1)
    }

    @Test func whatSourceOrSinkThrowsEndsIt() throws {
        let plan = try PaymentPlan().make()
        let bytes = Array(PaymentFile(seed: 1, events: 50).csv.utf8)
        let source = MemoryBytes(bytes, pieceBytes: 100)
        source.failure = InjectedFault(what: "read")
        #expect(throws: InjectedFault(what: "read")) { try ReplayRun(plan: plan).run(source) }
        for write in 1...3 {
            let sink = CollectedBytes()
            sink.failsAtWrite = write
            #expect(throws: InjectedFault(what: "write \(write)")) {
                try ReplayRun(plan: plan, batchRows: 10).run(MemoryBytes(bytes), to: sink)
            }
            #expect(!sink.isFinished)
        }
    }
}

extension ReplayFault {
    fileprivate var place: Int { Int(fault.byteOffset) }
}

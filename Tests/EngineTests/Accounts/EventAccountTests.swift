import Events
import Features
import Foundation
import Testing
import Workers

@testable import Engine

/// Accounts of single events: what a replay and a trial of the same events say, and nothing else changes.
struct EventAccountTests {
    private final class Bytes: ByteSource {
        private var rest: ArraySlice<UInt8>

        init(_ bytes: [UInt8]) { rest = bytes[...] }

        func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
            // In pieces, so that an event is far from the reader's last refill.
            let bytes = rest.prefix(min(buffer.count, 5_000))
            buffer.copyBytes(from: bytes)
            rest = rest.dropFirst(bytes.count)
            return bytes.count
        }
    }

    private final class Rows: ReplayObserver {
        var features: [[UInt64]] = []
        var faults = 0

        func replayDidFind(_ fault: ReplayFault) { faults += 1 }

        func replayDidScore(_ context: BatchContext, _ summary: ReplaySummary) {
            let count = context.frame.featureCount
            for row in 0..<context.batch.count where context.frame.dispositions[row] == .score {
                features.append((0..<count).map { context.frame.features[row * count + $0].bitPattern })
            }
        }
    }

    private static func replay(
        _ plan: ScoringPlan, _ records: [TrialRecord], _ accountant: EventAccountant?, batchRows: Int = 4_096
    ) throws -> Rows {
        let pool = WorkerPool(workerCount: 1)
        defer { pool.shutDown() }
        let inputs = plan.sources.enumerated().map { number, source in
            let lines = records.filter { $0.source == number }.flatMap { $0.value + [UInt8(ascii: "\n")] }
            return ReplayInput(source: number, name: source.name, format: .ndjson, bytes: Bytes(lines))
        }
        var settings = ReplaySettings()
        settings.batchRowsMax = batchRows
        let engine = ReplayEngine(
            plan: plan, inputs: inputs, outputFormat: .ndjson, pool: pool, settings: settings, accountant: accountant)
        let rows = Rows()
        _ = try engine.run(to: nil, observer: rows)
        return rows
    }

    @Test(arguments: TrialTests.Kind.allCases, [1, 2] as [UInt64])
    func accountsAreWhatTheEngineDid(kind: TrialTests.Kind, seed: UInt64) throws {
        let plan = EventAccountant.plan(of: try TrialTests.plan(kind))
        let records = TrialTests.records(plan, seed: seed).map { TrialRecord(source: $0.source, value: $0.value) }
        let trial = try TrialRun(
            plan: plan, steps: [.records(records)], recordsOrder: true, inspected: Set(records.indices),
            shownEventsMax: 4
        ).run()
        let plain = try Self.replay(plan, records, nil)
        let scored = records.indices.filter { records[$0].source == 0 }
        var (asked, faults, late) = (0, 0, 0)
        for (line, record) in scored.enumerated() where line % 11 == 3 {
            let accountant = EventAccountant(
                plan: plan, wish: .place(lane: 0, position: Int64(line + 1)), shownEventsMax: 4)
            let rows = try Self.replay(plan, records, accountant, batchRows: line % 2 == 0 ? 64 : 4_096)
            let context = "seed \(seed), line \(line + 1)"
            #expect(rows.features == plain.features && rows.faults == plain.faults, "\(context)")
            let account = try #require(accountant.accounts.first, "\(context)")
            #expect(accountant.count == 1 && account.value == records[record].value, "\(context)")
            let row = try #require(trial.rows.first { $0.record == record })
            #expect(account.disposition == row.disposition && account.fault == row.fault, "\(context)")
            #expect(account.isLate == row.isLate, "\(context)")
            #expect(account.features.map(\.bitPattern) == row.features.map(\.bitPattern), "\(context)")
            #expect(account.score == row.score && account.rule == row.rule, "\(context)")
            #expect(account.windows == row.windows, "\(context)")
            if account.fault.code == .none {
                #expect(account.time == row.time && account.available == row.available, "\(context)")
                #expect(account.fields.count == plan.sources[0].columns.count, "\(context)")
                let first = account.rules.firstIndex(of: true)
                #expect(first == account.rule, "\(context)")
            } else {
                #expect(account.fields.isEmpty && account.features.isEmpty && account.record == nil, "\(context)")
                faults += 1
            }
            late += account.isLate ? 1 : 0
            asked += 1
        }
        #expect(asked > 20, "seed \(seed)")
        #expect(kind == .labels || faults + late > 0, "seed \(seed)")
    }

    @Test func eventsAreFoundByTheirIDs() throws {
        let plan = EventAccountant.plan(of: try EveryAggregateTests.plan())
        func record(_ id: String, _ offset: Int64, extra: String = "") -> TrialRecord {
            let json = Payment(id: id, at: PaymentStream.start + offset, customer: "a").json
            return TrialRecord(source: 0, value: Array((json.dropLast() + extra + "}").utf8))
        }
        // Two of one id, one that is broken, one whose customer is missing.
        let records =
            [record("a", 0), record("b", 1), record("a", 2), record("c", 3, extra: ",\"amount\":1")]
            + [TrialRecord(source: 0, value: Array("{\"payment\":\"d\"".utf8))]
        func accounts(_ id: String, max: Int = 10) throws -> EventAccountant {
            let accountant = EventAccountant(plan: plan, wish: .id(id), shownEventsMax: 1, accountsMax: max)
            _ = try Self.replay(plan, records, accountant)
            return accountant
        }
        #expect(try accounts("a").accounts.map(\.position) == [1, 3])
        let one = try accounts("a", max: 1)
        #expect(one.accounts.map(\.position) == [1] && one.count == 2)
        #expect(try accounts("b").accounts.first?.fields.first == .value("b", isText: true))
        let broken = try #require(try accounts("c").accounts.first)
        #expect(broken.fault.code == .duplicateField && broken.disposition == .fault && broken.fields.isEmpty)
        #expect(try accounts("d").count == 0)
        #expect(try accounts("e").count == 0)
        let all = EventAccountant(plan: plan, wish: .lane(0), shownEventsMax: 1, accountsMax: 100)
        _ = try Self.replay(plan, records, all)
        #expect(all.accounts.map(\.position) == [1, 2, 3, 4, 5])
        #expect(all.accounts[0].watermark == nil && all.accounts[1].watermark == all.accounts[0].time)
    }

    @Test func idsAreReadInTablesToo() throws {
        let plan = EventAccountant.plan(of: try EveryAggregateTests.plan())
        let table =
            "at,payment,customer,terminal,amount\n\(PaymentStream.start),p1,a,1,2.50\n\(PaymentStream.start),p2,a,1,much\n"
        let pool = WorkerPool(workerCount: 1)
        defer { pool.shutDown() }
        for (id, code) in [("p1", FaultCode.none), ("p2", .wrongType)] {
            let accountant = EventAccountant(plan: plan, wish: .id(id), shownEventsMax: 1)
            let engine = ReplayEngine(
                plan: plan, inputs: [ReplayInput(name: "t.csv", format: .csv, bytes: Bytes(Array(table.utf8)))],
                outputFormat: .ndjson, pool: pool, accountant: accountant)
            _ = try engine.run(to: nil)
            #expect(accountant.accounts.map(\.fault.code) == [code])
        }
    }
}

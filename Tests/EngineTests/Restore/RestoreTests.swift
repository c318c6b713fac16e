import Features
import Testing

@testable import Engine

/// A restart without a snapshot: from where the log is read, and what is said where it no longer reaches back.
struct RestoreTests {
    private final class Listener: StreamObserver, @unchecked Sendable {
        var notices: [EngineNotice] = []
        func didNotice(_ notice: EngineNotice) { notices.append(notice) }
    }

    /// Payments over six days, so that the windows of a day and their delay end long before the log does.
    private func log(seed: UInt64) -> MemoryLog { PaymentStream(seed: seed, events: 6_000, hasFaults: true).log() }

    private static let half = 1_500

    /// A first run that stops in the middle: the notes that it committed, and the order that it recorded.
    private func firstHalf(_ log: MemoryLog, plan: ScoringPlan) throws -> (notes: [String], order: MemoryOrder) {
        let run = StreamRun(plan, log, order: MemoryOrder()) { $0.endOffsets = { _, _ in Int64(Self.half) } }
        run.source.arrived = log.partitions.map { _ in Self.half }
        _ = try run.run()
        let orders = run.sink.outputs.filter { $0.kind == .order }.map(\.bytes)
        return (run.source.notes, MemoryOrder(orders))
    }

    /// What one run gives for the second half, whose first half arrived just as early.
    private func uninterrupted(_ log: MemoryLog, plan: ScoringPlan) throws -> [String: MemoryOutput] {
        let run = StreamRun(plan, log)
        run.source.arrived = log.partitions.map { _ in Self.half }
        run.source.onWait = { [unowned source = run.source] in source.arrived = log.partitions.map(\.count) }
        _ = try run.run()
        let later = run.sink.outputs.filter { $0.offset >= Int64(Self.half) }
        return Dictionary(uniqueKeysWithValues: later.map { ($0.origin, $0) })
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func aRestartReadsFromTheHorizon(seed: UInt64) throws {
        let plan = try PaymentPlan(outputFeatures: ["customer_count", "terminal_mean"]).make()
        let log = log(seed: seed)
        let first = try firstHalf(log, plan: plan)
        let expected = try uninterrupted(self.log(seed: seed), plan: plan)
        let committed = log.committed

        let second = StreamRun(plan, log, order: first.order)
        let listener = Listener()
        second.engine.observer = listener
        second.source.notes = first.notes
        var starts: [Int64] = []
        second.source.onTake = { [unowned engine = second.engine] _ in
            if starts.isEmpty { starts = engine.lanes.map(\.start.offset) }
        }
        let summary = try withExtendedLifetime(listener) { try second.run() }
        #expect(starts.allSatisfy { $0 > 100 }, "the log is not read from its beginning: \(starts)")
        #expect(zip(starts, committed).allSatisfy { $0 < $1 })
        #expect(summary.muted > 0 && summary.isBalanced)
        guard case .restoring(from: .horizon, _)? = listener.notices.first else {
            Issue.record("\(listener.notices)")
            return
        }
        let outputs = second.sink.outputs.filter { $0.kind != .order }
        #expect(outputs.count == expected.count)
        #expect(outputs.count > 1_000)
        let wrong = outputs.count { $0.asExpected != expected[$0.origin]?.asExpected }
        #expect(wrong == 0, "seed \(seed): of \(outputs.count)")
    }

    /// About once a second it is told how far the rebuild has come, in offsets and in events.
    @Test func progressIsTold() throws {
        let plan = try PaymentPlan().make()
        let log = log(seed: 9)
        _ = try firstHalf(log, plan: plan)
        let second = StreamRun(plan, log)
        second.source.takeRowsMax = 100
        second.source.onTake = { [clock = second.clock] _ in clock.advance(milliseconds: 400) }
        let listener = Listener()
        second.engine.observer = listener
        let summary = try withExtendedLifetime(listener) { try second.run() }
        var events: [UInt64] = []
        var offsets: [Int64] = []
        for case .restored(let done, let total, let count) in listener.notices {
            #expect(done <= total && total == Int64(Self.half * log.partitions.count))
            events.append(count)
            offsets.append(done)
        }
        #expect(events.count > 5 && events == events.sorted() && offsets == offsets.sorted())
        // Where one partition is behind, the others are scored already.
        #expect(events.last ?? 0 > summary.muted / 2 && events.last ?? 0 < summary.consumed)
    }

    /// Another tool has committed: no note, so the whole log is read.
    @Test func withoutANoteTheWholeLogIsRead() throws {
        let plan = try PaymentPlan().make()
        let log = log(seed: 5)
        _ = try firstHalf(log, plan: plan)
        let second = StreamRun(plan, log)
        second.source.notes = ["somebody else's"]
        let summary = try second.run()
        #expect(summary.muted > 3_000)
    }

    /// Retention has removed what the windows need: nothing is scored unless that is accepted.
    @Test func anIncompleteLogIsRefused() throws {
        let plan = try PaymentPlan().make()
        let log = log(seed: 6)
        let notes = try firstHalf(log, plan: plan).notes
        let committed = log.committed
        func restart(_ configure: (inout StreamSettings) -> Void) -> (StreamRun, Listener) {
            let run = StreamRun(plan, log, configure: configure)
            run.source.notes = notes
            run.source.low = [0: committed[0] - 20, 1: committed[1] - 20, 2: committed[2] - 20]
            let listener = Listener()
            run.engine.observer = listener
            return (run, listener)
        }
        let (refusing, _) = restart { _ in }
        let refusal = try #require(throws: IncompleteState.self) { _ = try refusing.run() }
        #expect(
            Set(refusal.features.map(\.name)) == ["customer_count", "customer_mean", "terminal_count", "terminal_mean"])
        #expect(refusal.features.allSatisfy { $0.wholeFrom > refusal.logFrom + PaymentPlan.day })
        #expect("\(refusal)".contains("customer_count (whole from 2024-"))
        #expect(refusing.sink.outputs.isEmpty && log.committed == committed)
        refusing.expectAllReleased("refused")

        let (scoring, listener) = restart { $0.refusesIncompleteState = false }
        let summary = try withExtendedLifetime(listener) { try scoring.run() }
        #expect(summary.isBalanced && summary.scored > 500)
        #expect(listener.notices.contains { if case .incomplete = $0 { true } else { false } })
    }

    // MARK: - What a snapshot says of windows that are not whole

    /// A log whose first half is scored and gone but for its end, and one run after the other on what is left.
    private final class CutLog {
        let plan: ScoringPlan
        let log: MemoryLog
        let disk = MemoryDisk()
        let store: SnapshotStore
        private let low: [Int: Int64]
        private var notes: [String]

        init(_ tests: RestoreTests, seed: UInt64) throws {
            plan = try PaymentPlan().make()
            // Behind the first half there are two days and more: the windows become whole again.
            log = PaymentStream(seed: seed, events: 8_000).log()
            notes = try tests.firstHalf(log, plan: plan).notes
            low = Dictionary(uniqueKeysWithValues: log.committed.enumerated().map { ($0, $1 - 20) })
            store = SnapshotStore(
                directory: "/state", pipeline: plan.pipeline, statePlanHash: "plan", files: disk, keep: 99)
        }

        /// Goes on up to the first record behind a time; `nil`: to the end.
        func run(
            refuses: Bool, until time: Int64? = nil, everyEvents: UInt64? = nil, rows: Int = 64
        ) throws -> (notices: [EngineNotice], summary: StreamSummary) {
            let ends = log.partitions.map { entries in
                time.flatMap { time in entries.firstIndex { ($0.record?.timestamp ?? .min) > time } } ?? entries.count
            }
            let run = StreamRun(plan, log, snapshots: store) {
                $0.refusesIncompleteState = refuses
                $0.batchRowsMax = rows
                $0.endOffsets = { _, partition in Int64(ends[Int(partition)]) }
                $0.snapshots.everyEvents = everyEvents
                $0.snapshots.everyNanoseconds = nil
            }
            run.source.notes = notes
            run.source.low = low
            run.source.arrived = ends
            let listener = Listener()
            run.engine.observer = listener
            let summary = try withExtendedLifetime(listener) { try run.run() }
            notes = run.source.notes
            return (listener.notices, summary)
        }
    }

    private func incomplete(_ notices: [EngineNotice]) -> [IncompleteState] {
        notices.compactMap { if case .incomplete(let state) = $0 { state } else { nil } }
    }

    /// What was accepted once is not forgotten by way of a snapshot, until the windows have become whole.
    @Test(arguments: 10..<13 as Range<UInt64>)
    func aSnapshotKeepsWhatItsWindowsLack(seed: UInt64) throws {
        let cut = try CutLog(self, seed: seed)
        let accepted = try #require(throws: IncompleteState.self) { _ = try cut.run(refuses: true) }
        let wholeFrom = Dictionary(uniqueKeysWithValues: accepted.features.map { ($0.name, $0.wholeFrom) })
        let customer = try #require(wholeFrom["customer_count"])
        let terminal = try #require(wholeFrom["terminal_count"])
        // Windows of terminals reach two hours further.
        #expect(terminal - customer == 2 * PaymentPlan.hour && wholeFrom.count == 4)
        #expect(accepted.snapshot == nil)

        let first = try cut.run(refuses: false, until: customer - 6 * PaymentPlan.hour)
        #expect(incomplete(first.notices) == [accepted])
        #expect(first.notices.contains { if case .restoreFinished(_, isWhole: false) = $0 { true } else { false } })
        let manifest = try #require(try cut.store.candidates().first?.manifest)
        #expect(manifest.header.incomplete == accepted && manifest.formatVersion == 3)

        let refusal = try #require(throws: IncompleteState.self, "seed \(seed)") { _ = try cut.run(refuses: true) }
        #expect(refusal.features == accepted.features && refusal.snapshot == 1)
        #expect("\(refusal)".hasPrefix("snapshot 1 was written with windows that were not whole, since the log began"))

        // Customers' windows become whole on the way, those of terminals do not.
        let between = (customer + terminal) / 2
        let second = try cut.run(refuses: false, until: between)
        #expect(incomplete(second.notices) == [refusal] && second.summary.scored > 0)
        let left = try #require(throws: IncompleteState.self) { _ = try cut.run(refuses: true) }
        #expect(Set(left.features.map(\.name)) == ["terminal_count", "terminal_mean"] && left.snapshot == 2)

        let third = try cut.run(refuses: false)
        #expect(incomplete(third.notices) == [left])
        let last = try #require(try cut.store.candidates().first?.manifest)
        #expect(last.header.incomplete == nil && last.formatVersion == 1)
        #expect(incomplete(try cut.run(refuses: true).notices).isEmpty)
    }

    /// The muted replay behind a snapshot makes windows whole as scored events do.
    @Test func whatHasBecomeWholeBehindASnapshotIsNotSaid() throws {
        let cut = try CutLog(self, seed: 14)
        _ = try cut.run(refuses: false, everyEvents: 150)
        let candidates = try cut.store.candidates()
        let oldest = try #require(candidates.last)
        #expect(oldest.manifest?.header.incomplete?.features.count == 4 && candidates.count > 3)
        for candidate in candidates.dropLast() { try cut.disk.delete(cut.store.path(candidate.fileName)) }
        let (notices, summary) = try cut.run(refuses: true)
        guard case .restoring(from: .snapshot(oldest.sequence), _)? = notices.first else {
            Issue.record("\(notices)")
            return
        }
        #expect(incomplete(notices).isEmpty && summary.muted > 500)
        #expect(notices.contains { if case .restoreFinished(_, isWhole: true) = $0 { true } else { false } })
    }

    /// Days of events in the first batch behind the restart do not hide that its first ones are not whole.
    @Test func theFirstBatchDoesNotMakeItselfWhole() throws {
        let cut = try CutLog(self, seed: 15)
        let accepted = try #require(throws: IncompleteState.self) { _ = try cut.run(refuses: true) }
        let end = try #require(accepted.features.map(\.wholeFrom).min())
        _ = try cut.run(refuses: false, until: end - PaymentPlan.hour, everyEvents: 50)
        // From the one before the last on there is something to be read muted; the batch then goes on to the end.
        let newest = try #require(try cut.store.candidates().first)
        try cut.disk.delete(cut.store.path(newest.fileName))
        let refusal = try #require(throws: IncompleteState.self) { _ = try cut.run(refuses: true, rows: 4_096) }
        #expect(refusal.features == accepted.features && refusal.snapshot ?? 0 < newest.sequence)
    }

    /// What the log has lost behind a snapshot comes to what the snapshot lacked.
    @Test func bothAreSaidTogether() {
        func state(_ features: [(String, Int64)], logFrom: Int64, snapshot: UInt64? = nil) -> IncompleteState {
            IncompleteState(
                features: features.map { IncompleteState.Feature(name: $0.0, wholeFrom: $0.1) }, logFrom: logFrom,
                snapshot: snapshot)
        }
        let inherited = state([("a", 10), ("b", 30)], logFrom: 5, snapshot: 7)
        #expect(
            inherited.adding(state([("b", 20), ("c", 40)], logFrom: 9))
                == state([("a", 10), ("b", 30), ("c", 40)], logFrom: 9))
        #expect(inherited.remaining(at: 10) == state([("b", 30)], logFrom: 5, snapshot: 7))
        #expect(inherited.remaining(at: 30) == nil)
        #expect(state([("a", .max)], logFrom: 5).remaining(at: .max - 1)?.features.count == 1)
    }

    /// The log was cut, but not as far as the windows reach.
    @Test func aLogThatReachesBackIsFine() throws {
        let plan = try PaymentPlan().make()
        let log = log(seed: 7)
        let notes = try firstHalf(log, plan: plan).notes
        let run = StreamRun(plan, log)
        run.source.notes = notes
        run.source.low = [0: 60, 1: 60, 2: 60]
        let summary = try run.run()
        #expect(summary.isBalanced && summary.scored > 500)
    }

    @Test func anOffsetThatTheLogDoesNotHoldIsLoud() throws {
        let plan = try PaymentPlan().make()
        let log = PaymentStream(seed: 8, events: 200).log()
        log.commit(5, partition: 1)
        let run = StreamRun(plan, log)
        run.source.low = [1: 9]
        let error = try #require(throws: OffsetOutOfRange.self) { _ = try run.run() }
        #expect("\(error)".contains("partition 1 is not in the log"))
        #expect(run.sink.outputs.isEmpty)
    }

    @Test(arguments: [
        ("riffle-1 0", 0), ("riffle-1 -5", -5), ("riffle-1 9223372036854775807", Int64.max), ("", nil),
        ("riffle-1", nil), ("riffle-1 ", nil), ("riffle-1 1 2", nil), ("riffle-2 1", nil),
        ("riffle-1 99999999999999999999", nil), ("riffle-1 1x", nil),
    ])
    func notesAreReadStrictly(text: String, watermark: Int64?) {
        #expect(CommitNote(text)?.watermark == watermark)
        if let watermark { #expect(CommitNote(CommitNote(watermark: watermark).text)?.watermark == watermark) }
    }

    @Test func absurdWatermarksReachBackToTheBeginning() throws {
        let plan = try PaymentPlan().make().features
        #expect(ReachBack(plan: plan, aheadMicroseconds: 0).recordTime(watermark: .min + 1) == nil)
        #expect(ReachBack(plan: plan, aheadMicroseconds: .max).recordTime(watermark: 0) == nil)
        #expect(ReachBack(plan: plan, aheadMicroseconds: nil).recordTime(watermark: 0) == nil)
        #expect(ReachBack(plan: plan, aheadMicroseconds: 0).recordTime(watermark: 0) == 0)
    }
}

import Dispatch
import Engine
import Generation
import Synchronization
import Testing

@testable import Scoring

struct CompanionTests {
    /// Notes what it is asked for, and waits where a monitor would work.
    private final class Recorder: DemonstrationCompanion {
        struct Refusal: Error {}

        private let notes = Mutex<[String]>([])
        private let failing: String?
        private let stopped = DispatchSemaphore(value: 0)
        let history = Mutex<CardTransactionOptions?>(nil)

        /// - Parameter failing: the part that throws.
        init(failing: String? = nil) { self.failing = failing }

        private func note(_ text: String) throws {
            notes.withLock { $0.append(text) }
            if text == failing { throw Refusal() }
        }

        var log: [String] { notes.withLock { $0 } }

        func prepare(_ history: CardTransactionOptions, from firstDay: Int) throws {
            self.history.withLock { $0 = history }
            try note("prepare")
        }

        func watch(brokers: String) throws {
            try note("watch")
            stopped.wait()
            try note("end")
        }

        func requestStop() { stopped.signal() }

        var status: DriftStatus { DriftStatus(phase: .watching, seriesCount: 3, eventsPerFalseAlarm: 1_000) }
    }

    private static func demonstration(_ companion: Recorder?, live: Int = 500) throws -> Demonstration {
        let assembly = try #require(PipelineAssembly.load(path: TestFiles.cardFraud).assembly)
        var options = DemonstrationOptions()
        options.historyDays = 5
        options.customers = 100
        options.terminals = 150
        options.eventsPerSecond = 5_000
        options.liveEventsMax = live
        return try Demonstration(
            assembly: assembly, options: options, logger: PublishedTopic.quiet, companion: companion)
    }

    @Test func itLearnsFromTheHistoryAndWatchesTheRest() throws {
        let companion = Recorder()
        let summary = try Self.demonstration(companion).run()
        #expect(companion.log == ["prepare", "watch", "end"])
        let history = try #require(companion.history.withLock { $0 })
        #expect(history.days == 5)
        #expect(history.problems() == [])
        let drift = try #require(summary.last.drift)
        #expect(drift.seriesCount == 3)
        #expect(drift.planted?.contains("1.3 times as high, 2000-01-07 to 2000-01-08") == true, "\(drift)")
        #expect(summary.text.contains("\ndrift: no alert; 3 series watched"))
    }

    @Test func withoutOneNothingIsPlanted() throws {
        let summary = try Self.demonstration(nil).run()
        #expect(summary.last.drift == nil)
        #expect(!summary.text.contains("planted"))
    }

    @Test(arguments: ["prepare", "watch", "end"])
    func whatEndsItEndsTheDemonstration(part: String) throws {
        // Without an end of its own: only the failure ends what runs.
        let companion = Recorder(failing: part)
        let demonstration = try Self.demonstration(companion, live: part == "end" ? 500 : .max)
        #expect(throws: Recorder.Refusal.self) { _ = try demonstration.run() }
    }

    @Test func aStopReachesIt() throws {
        let companion = Recorder()
        let demonstration = try Self.demonstration(companion)
        demonstration.requestStop()
        _ = try demonstration.run()
        #expect(companion.log == ["prepare"])
    }
}

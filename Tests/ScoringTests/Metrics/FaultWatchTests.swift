import Events
import Features
import Testing

@testable import Engine
@testable import Scoring

/// Of broken events a few get into the log.
@Suite struct FaultWatchTests {
    private static func lines(_ watch: inout FaultWatch, _ codes: [FaultCode], at now: Int64) -> [FaultWatch.Line] {
        let rows = codes.map { BareBatch.Row(disposition: $0 == .none ? .score : .fault, fault: $0) }
        return watch.lines(BareBatch.make(rows), plan: BareBatch.plan, now: now)
    }

    @Test func oneOfAKindNowAndThen() {
        var watch = FaultWatch()
        #expect(Self.lines(&watch, [.none, .none], at: 0).isEmpty)
        let first = Self.lines(&watch, [.none, .invalidJSON, .invalidJSON, .tombstone], at: 10)
        #expect(first.map(\.row) == [1, 3])
        #expect(first.map(\.code) == ["invalid-json", "tombstone"])
        #expect(first.map(\.more) == [0, 0])
        #expect(first[0].reason.contains("not valid JSON"))
        let every = FaultWatch.everyNanoseconds
        #expect(Self.lines(&watch, [.invalidJSON], at: 10 + every - 1).isEmpty)
        let second = Self.lines(&watch, [.tombstone, .invalidJSON], at: 10 + every)
        #expect(second.map(\.code) == ["tombstone", "invalid-json"])
        #expect(second.map(\.more) == [0, 2])
    }

    @Test func mutedFaultsWereToldBefore() {
        var watch = FaultWatch()
        let rows = [BareBatch.Row(disposition: .mutedFault, fault: .invalidJSON)]
        #expect(watch.lines(BareBatch.make(rows), plan: BareBatch.plan, now: 0).isEmpty)
    }

    @Test(arguments: [
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true),
        ("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false),
        ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0", false),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n", false),
        ("00-4bf92f3577b34da6a3ce929d0e0e47360-0f067aa0ba902b7-01", false), ("", false),
    ]) func whatIsNoTraceDoesNotGetIntoTheLog(text: String, isTrace: Bool) {
        let found = Array(text.utf8).withUnsafeBytes { RecordSighting.trace($0) }
        #expect(found == (isTrace ? text : nil))
    }
}

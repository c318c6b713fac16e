import Testing

@testable import Engine

/// Memory that outlives the process that wrote it.
final class SurvivingMemory {
    let bytes: UnsafeMutableRawBufferPointer

    init() {
        bytes = .allocate(byteCount: InFlightRecord.byteCount, alignment: 64)
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
    }

    deinit { bytes.deallocate() }

    var record: InFlightRecord { InFlightRecord(bytes) {} }
}

struct InFlightRecordTests {
    @Test func theFirstProcessSuspectsNothing() {
        let memory = SurvivingMemory()
        #expect(memory.record.begin() == InFlightRecord.Leftover())
    }

    @Test func afterAnOrderlyEndNothingIsSuspected() {
        let memory = SurvivingMemory()
        let first = memory.record
        _ = first.begin()
        first.setLanes(["t/0"], at: [5])
        first.note(lane: 0, from: 7, to: 9)
        first.end()
        #expect(memory.record.begin().suspects.isEmpty)
    }

    @Test func afterACrashWhatWasInWorkIsSuspected() {
        let memory = SurvivingMemory()
        let first = memory.record
        _ = first.begin()
        first.setLanes(["t/0", "t/1", "t/2"], at: [5, 6, 7])
        first.note(lane: 0, from: 7, to: 9)
        first.note(lane: 2, from: 8, to: 12)
        let leftover = memory.record.begin()
        #expect(leftover.suspects == ["t/0": 7..<9, "t/2": 8..<12])
        #expect(leftover.quarantined.isEmpty)
        // They are suspected once: the next process notes its own.
        #expect(memory.record.begin().suspects.isEmpty)
    }

    /// Dies while it works on one event alone.
    private func die(_ memory: SurvivingMemory, over offset: Int64, signal: UInt64 = 0) -> InFlightRecord.Leftover {
        let record = memory.record
        let leftover = record.begin()
        record.setLanes(["t/0"], at: [offset])
        record.beginSingle("t/0", offset: offset)
        record.signalWord.pointee = signal
        return leftover
    }

    @Test func aFaultOfItsOwnBlamesTheEventAtOnce() {
        let memory = SurvivingMemory()
        _ = die(memory, over: 41, signal: 11)
        let leftover = memory.record.begin()
        #expect(leftover.newlyQuarantined?.offset == 41 && leftover.newlyQuarantined?.name == "t/0")
        #expect(leftover.quarantined == ["t/0": [41]])
        // The decision stays, and is news once.
        let next = memory.record.begin()
        #expect(next.newlyQuarantined == nil && next.quarantined == ["t/0": [41]])
    }

    /// A kill from outside may hit any event; three in a row hit the same one by no chance.
    @Test func killsFromOutsideBlameAnEventOnlyTheThirdTime() {
        let memory = SurvivingMemory()
        for _ in 0..<InFlightRecord.silentDeathsMax { #expect(die(memory, over: 41).quarantined.isEmpty) }
        #expect(memory.record.begin().quarantined == ["t/0": [41]])
    }

    @Test func killsOverDifferentEventsBlameNone() {
        let memory = SurvivingMemory()
        for offset in 0..<20 as Range<Int64> { #expect(die(memory, over: offset).quarantined.isEmpty) }
        #expect(memory.record.begin().quarantined.isEmpty)
    }

    @Test func anEventThatPassesIsNotBlamed() {
        let memory = SurvivingMemory()
        let first = memory.record
        _ = first.begin()
        first.beginSingle("t/0", offset: 3)
        first.endSingle()
        first.signalWord.pointee = 11
        #expect(memory.record.begin().quarantined.isEmpty)
    }

    /// Whatever stands in the file, it is read without a crash.
    @Test func damagedMemoryIsAnswered() {
        for seed in 0..<500 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let memory = SurvivingMemory()
            _ = die(memory, over: 5)
            for _ in 0..<64 {
                let place = Int(random.next() % (seed % 2 == 0 ? 400 : UInt64(InFlightRecord.byteCount)))
                memory.bytes[place] = UInt8(truncatingIfNeeded: random.next())
            }
            let leftover = memory.record.begin()
            #expect(leftover.suspects.values.allSatisfy { $0.lowerBound >= 0 }, "seed \(seed)")
        }
    }

    @Test func theQuarantineIsBounded() {
        let memory = SurvivingMemory()
        for offset in 0..<Int64(InFlightRecord.quarantineMax) + 3 { _ = die(memory, over: offset, signal: 6) }
        let found = memory.record.begin().quarantined["t/0"] ?? []
        #expect(found.count == InFlightRecord.quarantineMax)
        #expect(found.contains(Int64(InFlightRecord.quarantineMax) + 2))
    }
}

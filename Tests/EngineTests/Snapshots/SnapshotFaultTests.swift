import Features
import Testing

@testable import Engine

/// A disk that fails at any call: there is the old snapshot or the new one, never something else.
struct SnapshotFaultTests {
    private static let counts = [60, 120, 180]

    /// A disk with two snapshots, of 60 and of 120 events.
    private func disk() throws -> MemoryDisk {
        let disk = MemoryDisk()
        for count in Self.counts[..<2] { try KeyedState(events: count).write(to: SnapshotStore(disk, keep: 2)) }
        return disk
    }

    /// How many events the state of the newest usable snapshot has taken; its bytes have to be those of such a state.
    private func newest(_ disk: MemoryDisk, _ context: String) throws -> Int {
        let state = KeyedState()
        let restoration = try state.restore(from: SnapshotStore(disk, keep: 2))
        #expect(state.bytes == KeyedState(events: state.taken).bytes, "\(context)")
        #expect(restoration.loaded != nil, "\(context): \(restoration.refused)")
        return state.taken
    }

    private func callsOfAWrite() throws -> Int {
        let disk = try disk()
        let before = disk.calls.count
        try KeyedState(events: Self.counts[2]).write(to: SnapshotStore(disk, keep: 2))
        return disk.calls.count - before
    }

    @Test(arguments: [MemoryDisk.Fault.refused, .doneAndFailed, .shortWrite])
    func aFailedWriteLeavesTheOldOrTheNew(fault: MemoryDisk.Fault) throws {
        var outcomes: Set<Int> = []
        for call in 0..<(try callsOfAWrite()) {
            let context = "\(fault) at call \(call)"
            let disk = try disk()
            let store = SnapshotStore(disk, keep: 2)
            disk.fail(afterCalls: call, fault)
            var isWritten = true
            do { try KeyedState(events: Self.counts[2]).write(to: store) } catch { isWritten = false }
            disk.heal()
            let taken = try newest(disk, context)
            #expect(Self.counts[1...].contains(taken), "\(context)")
            if isWritten { #expect(taken == Self.counts[2], "\(context)") }
            outcomes.insert(taken)
            // The next one has nothing to fear from what was left.
            try KeyedState(events: 240).write(to: store)
            #expect(try newest(disk, context) == 240)
            #expect(disk.paths.allSatisfy { $0.hasSuffix(SnapshotStore.suffix) }, "\(context): \(disk.paths)")
            #expect(disk.paths.count == 2, "\(context): \(disk.paths)")
        }
        #expect(outcomes == Set(Self.counts[1...]))
    }

    @Test(arguments: [UInt64](1...8))
    func aCrashLeavesTheOldOrTheNew(seed: UInt64) throws {
        var outcomes: Set<Int> = []
        for call in 0..<(try callsOfAWrite()) {
            let context = "seed \(seed), crash at call \(call)"
            let crashed = try disk()
            crashed.fail(afterCalls: call, .crash, seed: seed)
            var isWritten = true
            do { try KeyedState(events: Self.counts[2]).write(to: SnapshotStore(crashed, keep: 2)) } catch {
                isWritten = false
            }
            let disk = crashed.afterCrash(seed: seed &* 1_000 &+ UInt64(call))
            // What has its name is whole: nothing that is there has to be refused.
            #expect(try SnapshotStore(disk).candidates().allSatisfy { $0.refusal == nil }, "\(context)")
            let taken = try newest(disk, context)
            #expect(Self.counts[1...].contains(taken), "\(context)")
            if isWritten { #expect(taken == Self.counts[2], "\(context)") }
            outcomes.insert(taken)
            try KeyedState(events: 240).write(to: SnapshotStore(disk, keep: 2))
            #expect(try newest(disk, context) == 240)
        }
        #expect(outcomes == Set(Self.counts[1...]), "seed \(seed)")
    }

    /// What was reported as written outlives a crash at once after it.
    @Test(arguments: [UInt64](1...20))
    func whatIsWrittenIsDurable(seed: UInt64) throws {
        let disk = try disk()
        try KeyedState(events: Self.counts[2]).write(to: SnapshotStore(disk, keep: 2))
        #expect(try newest(disk.afterCrash(seed: seed), "seed \(seed)") == Self.counts[2])
    }

    @Test(arguments: [MemoryDisk.Fault.refused, .bitFlip], [UInt64](1...5))
    func aFailedReadUsesAnotherSnapshotOrNone(fault: MemoryDisk.Fault, seed: UInt64) throws {
        let healthy = try disk()
        let before = healthy.calls.count
        #expect(try newest(healthy, "healthy") == Self.counts[1])
        var outcomes: Set<Int> = []
        for call in 0..<(healthy.calls.count - before) {
            let disk = try disk()
            disk.fail(afterCalls: call, fault, seed: seed)
            let state = KeyedState(events: 7)
            do {
                if try state.restore(from: SnapshotStore(disk)).loaded == nil { #expect(state.taken == 7) }
            } catch {
                #expect((error as? FileFailure)?.operation == .list)
            }
            #expect(([7] + Self.counts[..<2]).contains(state.taken), "\(fault) at call \(call)")
            #expect(state.bytes == KeyedState(events: state.taken).bytes, "\(fault) at call \(call)")
            outcomes.insert(state.taken)
        }
        #expect(outcomes.isSuperset(of: Self.counts[..<2]), "\(fault), seed \(seed): \(outcomes)")
    }

    @Test func aFullDiskLeavesTheOld() throws {
        let disk = try disk()
        let store = SnapshotStore(disk, keep: 2)
        let paths = disk.paths
        let used = paths.reduce(0) { $0 + (disk.bytes(at: $1)?.count ?? 0) }
        var failures = 0
        for room in stride(from: 0, to: 20_000, by: 97) {
            disk.limit(bytesMax: used + room)
            do {
                try KeyedState(events: Self.counts[2]).write(to: store)
                break
            } catch {
                #expect((error as? FileFailure)?.reason == "the disk is full")
            }
            failures += 1
            #expect(disk.paths == paths, "room for \(room)")
            #expect(try newest(disk, "room for \(room)") == Self.counts[1])
        }
        #expect(failures > 10)
        #expect(try newest(disk, "enough room") == Self.counts[2])
    }

    /// An old file that cannot be deleted is told of; the new snapshot is there all the same.
    @Test func anOldFileThatStaysIsNoFailure() throws {
        let disk = try disk()
        let store = SnapshotStore(disk, keep: 2)
        let state = KeyedState(events: Self.counts[2])
        let writer = try store.begin(state.header())
        for (task, bytes) in state.bytes.enumerated() {
            try bytes.withUnsafeBytes { try writer.append($0, task: task, positions: state.positions) }
        }
        disk.refuseNext(.delete)
        let (manifest, left) = try writer.finish()
        #expect(left?.operation == .delete)
        #expect(manifest.header.sequence == 3)
        #expect(disk.paths.count == 3)
        #expect(try newest(disk, "after it") == Self.counts[2])
    }
}

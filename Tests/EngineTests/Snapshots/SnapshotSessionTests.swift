import Dispatch
import Features
import Synchronization
import Testing

@testable import Engine

/// Snapshots that are taken while the stream goes on.
struct SnapshotSessionTests {
    /// Every look at it takes a millisecond.
    final class SteppingClock: EngineClock {
        private let now = Atomic<Int64>(0)

        var nanoseconds: Int64 { now.add(1_000_000, ordering: .relaxed).newValue }
    }

    static let millisecond: Int64 = 1_000_000

    private func session(
        _ state: KeyedState, _ store: SnapshotStore, images: [ShardImage] = [ShardImage(), ShardImage()],
        isInline: Bool = true
    ) -> SnapshotSession {
        SnapshotSession(
            state.header(), of: state.features, into: store, images: images, clock: SteppingClock(), isInline: isInline)
    }

    /// Shards are copied between batches, at different places; a restart from it is as if nothing had happened.
    @Test(arguments: [true, false])
    func aStreamGoesOnWhileItIsCopied(isInline: Bool) throws {
        let store = SnapshotStore(MemoryDisk())
        let original = KeyedState(events: 100)
        let session = session(original, store, isInline: isInline)
        var manifest: SnapshotManifest?
        while manifest == nil {
            session.copySome(budgetNanoseconds: Self.millisecond, positions: original.positions)
            switch session.progress {
            case .copying, .writing: if original.taken < 180 { original.take(20) }
            case .finished(let written, let left):
                manifest = written
                #expect(left == nil)
            case .failed(let error): throw error
            }
        }
        let written = try #require(manifest)
        #expect(written.header == original.header(at: 100).with(sequence: 1))
        #expect(written.sections.map(\.task) == [0, 1, 2, 3])
        if isInline {
            #expect(written.sections.map(\.positions) == [[50, 50], [60, 60], [70, 70], [80, 80]])
            #expect(written.highestPositions == [80, 80])
            #expect(!written.isEligible(committed: [("payments", 0, 80), ("payments", 1, 79)]))
        }
        // So soon behind it that windows still hold what was taken while shards were copied.
        while original.taken < 200 { original.take(20) }
        func caughtUp(isGuarded: Bool) throws -> KeyedState {
            let copy = KeyedState()
            #expect(try copy.restore(from: store).loaded == written)
            #expect(copy.taken == 100)
            if !isGuarded { copy.features.setReplayGuard(nil) }
            copy.take(37, isMuted: true)
            while copy.taken < 200 { copy.take(min(29, 200 - copy.taken), isMuted: true) }
            return copy
        }
        let copy = try caughtUp(isGuarded: true)
        #expect(copy.bytes == original.bytes)
        // The canary: events that are taken twice show.
        if isInline { #expect(try caughtUp(isGuarded: false).bytes != original.bytes) }
        #expect(copy.take(50) == original.take(50))
    }

    @Test func theBudgetIsKept() {
        let original = KeyedState(events: 100)
        let session = session(original, SnapshotStore(MemoryDisk()))
        // Two looks at the clock, and the third copy would end too late.
        session.copySome(budgetNanoseconds: 2 * Self.millisecond, positions: original.positions)
        guard case .copying(2, of: 4) = session.progress else {
            Issue.record("\(session.progress)")
            return
        }
        session.copySome(budgetNanoseconds: 0, positions: original.positions)
        guard case .copying(3, of: 4) = session.progress else {
            Issue.record("\(session.progress)")
            return
        }
        guard case .finished = session.complete(positions: original.positions) else {
            Issue.record("\(session.progress)")
            return
        }
    }

    /// A disk that does not answer holds nothing up: without a free image nothing is copied.
    @Test func aSlowDiskIsWaitedForByNobody() throws {
        let disk = StuckDisk()
        let original = KeyedState(events: 100)
        let store = SnapshotStore(
            directory: "/state", pipeline: "payments", statePlanHash: KeyedState.hash, files: disk)
        let session = session(original, store, isInline: false)
        // Its thread hands the images out first.
        while case .copying(0...1, of: 4) = session.progress {
            session.copySome(budgetNanoseconds: 0, positions: original.positions)
        }
        for _ in 0..<10 { session.copySome(budgetNanoseconds: .max / 2, positions: original.positions) }
        guard case .copying(2, of: 4) = session.progress else {
            Issue.record("\(session.progress)")
            return
        }
        disk.letGo()
        guard case .finished(let manifest, _) = session.complete(positions: original.positions) else {
            Issue.record("\(session.progress)")
            return
        }
        #expect(manifest.sections.count == 4)
    }

    @Test(arguments: [true, false])
    func aFailureIsReportedAndLeavesNothing(isInline: Bool) throws {
        let disk = MemoryDisk()
        let store = SnapshotStore(disk)
        let original = KeyedState(events: 100)
        let images = [ShardImage(), ShardImage()]
        disk.fail(afterCalls: 6, .shortWrite)
        let failing = session(original, store, images: images, isInline: isInline)
        guard case .failed(let error) = failing.complete(positions: original.positions) else {
            Issue.record("\(failing.progress)")
            return
        }
        #expect((error as? FileFailure)?.operation == .append)
        #expect(disk.paths.isEmpty)
        failing.copySome(budgetNanoseconds: 0, positions: original.positions)
        // Its images serve the next one.
        disk.heal()
        guard case .finished = session(original, store, images: images).complete(positions: original.positions) else {
            Issue.record("the next one fails")
            return
        }
        #expect(try KeyedState().restore(from: store).loaded?.header.sequence == 1)
    }

    @Test(arguments: [true, false])
    func whatIsGivenUpLeavesNothing(isInline: Bool) {
        let disk = MemoryDisk()
        let original = KeyedState(events: 100)
        var session: SnapshotSession? = session(original, SnapshotStore(disk), isInline: isInline)
        session?.copySome(budgetNanoseconds: Self.millisecond, positions: original.positions)
        session?.abandon()
        #expect(disk.paths.isEmpty)
        guard case .failed = session?.progress else {
            Issue.record("\(String(describing: session?.progress))")
            return
        }
        // To let go of it is to give it up.
        session = self.session(original, SnapshotStore(disk), isInline: isInline)
        session?.copySome(budgetNanoseconds: Self.millisecond, positions: original.positions)
        session = nil
        #expect(disk.paths.isEmpty)
    }
}

extension KeyedState {
    /// The header as it was after so many events.
    func header(at events: Int) -> SnapshotHeader { KeyedState(events: events).header() }
}

/// A disk whose files cannot be created before it is let go.
private final class StuckDisk: FileLayer {
    private let disk = MemoryDisk()
    private let gate = DispatchSemaphore(value: 0)

    func letGo() { gate.signal() }

    func makeDirectory(_ path: String) throws(FileFailure) { try disk.makeDirectory(path) }

    func create(_ path: String) throws(FileFailure) -> any AppendableFile {
        gate.wait()
        return try disk.create(path)
    }

    func open(_ path: String) throws(FileFailure) -> any ReadableFile { try disk.open(path) }
    func rename(_ path: String, to target: String) throws(FileFailure) { try disk.rename(path, to: target) }
    func synchronizeDirectory(_ path: String) throws(FileFailure) { try disk.synchronizeDirectory(path) }
    func list(_ directory: String) throws(FileFailure) -> [String] { try disk.list(directory) }
    func delete(_ path: String) throws(FileFailure) { try disk.delete(path) }
}

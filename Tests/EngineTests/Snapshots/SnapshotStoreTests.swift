import Features
import Testing

@testable import Engine

/// Snapshots written and read again on a disk that works.
struct SnapshotStoreTests {
    @Test func whatWasWrittenIsReadBack() throws {
        let store = SnapshotStore(MemoryDisk())
        let original = KeyedState(events: 500)
        let written = try original.write(to: store)
        let copy = KeyedState()
        let restoration = try copy.restore(from: store)
        #expect(restoration.loaded == written)
        #expect(restoration.refused.isEmpty)
        #expect(written.header.sequence == 1)
        #expect(written.header == original.header().with(sequence: 1))
        #expect(copy.bytes == original.bytes)
        #expect(copy.features.watermark == original.features.watermark)
        #expect(copy.positions == original.positions)
        #expect(copy.take(60) == original.take(60))
    }

    @Test func thereMayBeNone() throws {
        let disk = MemoryDisk()
        let state = KeyedState(events: 40)
        let before = state.bytes
        let restoration = try state.restore(from: SnapshotStore(disk))
        #expect(restoration.loaded == nil && restoration.refused.isEmpty)
        #expect(state.bytes == before)
    }

    /// A pipeline without windows has nothing but positions to keep.
    @Test func aPipelineWithoutStateHasSnapshotsToo() throws {
        let store = SnapshotStore(MemoryDisk())
        var header = KeyedState(events: 10).header()
        header.entities = []
        _ = try store.begin(header).finish()
        #expect(try store.candidates().map(\.manifest?.header) == [header.with(sequence: 1)])
        #expect(try store.candidates()[0].refusal == nil)
    }

    /// Only where it is needed is a later format used: older programs read what says nothing new.
    @Test(arguments: [[], ["trees"]])
    func theFormatIsTheOldestThatSaysIt(models: [String]) throws {
        let store = SnapshotStore(MemoryDisk())
        var header = KeyedState(events: 10).header()
        (header.entities, header.models) = ([], models)
        func write() throws -> SnapshotManifest {
            let writer = try store.begin(header)
            for model in models.indices {
                try writer.append(UnsafeRawBufferPointer(start: nil, count: 0), task: model, positions: [5, 5])
            }
            return try writer.finish().manifest
        }
        let whole = try write()
        #expect(whole.formatVersion == (models.isEmpty ? 1 : 2) && whole.header == header.with(sequence: 1))
        header.incomplete = IncompleteState(
            features: [
                IncompleteState.Feature(name: "sum", wholeFrom: 7), IncompleteState.Feature(name: "t", wholeFrom: .max),
            ], logFrom: -3)
        let written = try write()
        #expect(written.formatVersion == 3)
        #expect(written.header == header.with(sequence: 2))
        #expect(try store.candidates().map(\.manifest) == [written, whole])
    }

    // MARK: - Which one

    @Test func theNewestIsTakenAndAFewAreKept() throws {
        let disk = MemoryDisk()
        let store = SnapshotStore(disk, keep: 2)
        var written: [SnapshotManifest] = []
        for count in [20, 40, 60, 80] { written.append(try KeyedState(events: count).write(to: store)) }
        #expect(written.map(\.header.sequence) == [1, 2, 3, 4])
        let candidates = try store.candidates()
        #expect(candidates.map(\.sequence) == [4, 3])
        #expect(candidates.map(\.manifest) == [written[3], written[2]])
        #expect(disk.paths == candidates.map { "/state/\($0.fileName)" }.sorted())
        #expect(try KeyedState().restore(from: store).loaded == written[3])
    }

    @Test func aSnapshotAheadOfTheCommitWaits() throws {
        let store = SnapshotStore(MemoryDisk())
        let older = try KeyedState(events: 40).write(to: store)
        try KeyedState(events: 80).write(to: store)
        let state = KeyedState()
        let restoration = try state.restore(
            from: store, committed: [("payments", 0, 40), ("payments", 1, 39)])
        #expect(restoration.loaded == older)
        #expect(
            restoration.refused.map(\.refusal)
                == [.ahead(topic: "payments", partition: 1, offset: 40, committed: 39)])
        // Exactly at the commit is not ahead of it.
        #expect(try state.restore(from: store, committed: [("payments", 0, 40), ("payments", 1, 40)]).refused.isEmpty)
    }

    @Test func otherPartitionsAreNoneOfIts() throws {
        let store = SnapshotStore(MemoryDisk())
        let manifest = try KeyedState(events: 40).write(to: store)
        for committed: [SnapshotManifest.Position] in [
            [], [("payments", 0, 99)], [("payments", 0, 99), ("payments", 2, 99)],
            [("payments", 0, 99), ("refunds", 1, 99)], [("payments", 0, 99), ("payments", 1, 99), ("payments", 2, 99)],
        ] {
            #expect(manifest.objection(committed: committed) == .otherPartitions)
            #expect(!manifest.isEligible(committed: committed))
            #expect(try KeyedState().restore(from: store, committed: committed).loaded == nil)
        }
        #expect(manifest.isEligible(committed: [("payments", 1, 20), ("payments", 0, 20)]))
    }

    @Test func anotherPlanIsRefusedByName() throws {
        let disk = MemoryDisk()
        try KeyedState(events: 40).write(to: SnapshotStore(disk, hash: "0ld"))
        let state = KeyedState()
        let refused = try state.restore(from: SnapshotStore(disk)).refused
        #expect(refused.map(\.refusal) == [.foreignPlan("0ld")])
        #expect(state.bytes == KeyedState().bytes)
    }

    /// Pipelines may share a directory: each sees the others' files and leaves them alone.
    @Test func anotherPipelineIsRefusedByNameAndKept() throws {
        let disk = MemoryDisk()
        let other = SnapshotStore(disk, pipeline: "payments-2")
        try KeyedState(events: 20).write(to: other)
        disk.put([1, 2, 3], at: "/state/payments-2-00000000000000000009.partial")
        let store = SnapshotStore(disk, keep: 1)
        for count in [40, 60] { try KeyedState(events: count).write(to: store) }
        let candidates = try store.candidates()
        #expect(candidates.map(\.refusal) == [nil, .foreignPipeline("payments-2")])
        #expect(candidates.map(\.sequence) == [2, 1])
        #expect(disk.paths.count == 3)
        // A file that was given another name is known by what it says.
        disk.put(
            disk.bytes(at: other.path(candidates[1].fileName)) ?? [],
            at: "/state/payments-00000000000000000007.snapshot")
        #expect(try store.candidates()[1].refusal == .foreignPipeline("payments-2"))
        disk.put(
            disk.bytes(at: store.path(candidates[0].fileName)) ?? [],
            at: "/state/payments-00000000000000000008.snapshot")
        #expect(try store.candidates()[0].refusal?.name == "damaged")
    }

    /// Damaged files do not push sound ones out, and go when enough sound ones are newer.
    @Test func damagedFilesDoNotCount() throws {
        let disk = MemoryDisk()
        let store = SnapshotStore(disk, keep: 2)
        for count in [20, 40] { try KeyedState(events: count).write(to: store) }
        disk.put([1, 2, 3], at: "/state/payments-00000000000000000003.snapshot")
        try KeyedState(events: 60).write(to: store)
        #expect(try store.candidates().map(\.sequence) == [4, 3, 2])
        try KeyedState(events: 80).write(to: store)
        #expect(try store.candidates().map(\.sequence) == [5, 4])
    }

    @Test func leftoversAreClearedAway() throws {
        let disk = MemoryDisk()
        let store = SnapshotStore(disk)
        let leftover = "/state/payments-00000000000000000041.partial"
        disk.put([1, 2, 3], at: leftover)
        disk.put([1], at: "/state/notes.txt")
        let manifest = try KeyedState(events: 20).write(to: store)
        // A number is never given twice.
        #expect(manifest.header.sequence == 42)
        #expect(disk.bytes(at: leftover) == nil)
        #expect(disk.bytes(at: "/state/notes.txt") == [1])
    }

    @Test func namesTellPipelinesApart() {
        let parse = { SnapshotStore.parse($0, suffix: SnapshotStore.suffix) }
        let digits = "00000000000000000012"
        #expect(parse("a-1-\(digits).snapshot")?.pipeline == "a-1")
        #expect(parse("a-1-\(digits).snapshot")?.sequence == 12)
        for name in [
            "", ".snapshot", "\(digits).snapshot", "-\(digits).snapshot", "a-12.snapshot", "a-\(digits).partial",
            "a-0000000000000000001x.snapshot", "a-99999999999999999999.snapshot", "a-18446744073709551615.snapshot",
            "a-٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠١٢.snapshot",
        ] {
            #expect(parse(name) == nil, "\(name)")
        }
    }

    @Test func aSnapshotGivenUpLeavesNothing() throws {
        let disk = MemoryDisk()
        let store = SnapshotStore(disk)
        do {
            let writer = try store.begin(KeyedState(events: 20).header())
            #expect(disk.paths.count == 1)
            writer.abandon()
            #expect(disk.paths.isEmpty)
            _ = try store.begin(KeyedState(events: 20).header())
        }
        #expect(disk.paths.isEmpty)
    }
}

extension SnapshotHeader {
    func with(sequence: UInt64) -> SnapshotHeader {
        var header = self
        header.sequence = sequence
        return header
    }
}

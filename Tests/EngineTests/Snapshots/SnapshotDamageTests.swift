import Features
import Testing
import Workers

@testable import Engine

/// Files that are not what was written.
struct SnapshotDamageTests {
    /// A disk with two snapshots, and the newer one's file.
    private func sample() throws -> (disk: MemoryDisk, store: SnapshotStore, path: String, older: SnapshotManifest) {
        let disk = MemoryDisk()
        let store = SnapshotStore(disk)
        let older = try KeyedState(events: 6).write(to: store)
        try KeyedState(events: 9).write(to: store)
        return (disk, store, store.path(try store.candidates()[0].fileName), older)
    }

    @Test func everyTruncationIsRefusedByName() throws {
        let (disk, store, path, older) = try sample()
        let whole = try #require(disk.bytes(at: path))
        #expect(whole.count < 4_000)
        for count in whole.indices {
            disk.put(Array(whole[..<count]), at: path)
            let refusal = try store.candidates()[0].refusal
            #expect(refusal == .truncated, "\(count) bytes")
            if count % 50 == 0 { #expect(try KeyedState().restore(from: store).loaded == older) }
        }
        disk.put(whole + [0], at: path)
        #expect(try store.candidates()[0].refusal?.isUnsound == true)
    }

    /// Every byte stands under a checksum: no flipped bit goes unseen, and none changes anything.
    @Test func everyFlippedBitIsRefused() throws {
        let (disk, store, path, older) = try sample()
        let whole = try #require(disk.bytes(at: path))
        let pool = WorkerPool(workerCount: 1)
        defer { pool.shutDown() }
        var names: [String: Int] = [:]
        for place in whole.indices {
            var bytes = whole
            bytes[place] ^= 1 << UInt8(place % 8)
            disk.put(bytes, at: path)
            let state = KeyedState(events: 5)
            let before = state.bytes
            let refusal = #expect(throws: SnapshotRefusal.self, "byte \(place)") {
                try store.load(try store.candidates()[0], into: state.features, pool: pool)
            }
            names[refusal?.name ?? "none", default: 0] += 1
            #expect(state.bytes == before, "byte \(place)")
            if place % 50 == 0 { #expect(try state.restore(from: store).loaded == older) }
        }
        #expect(names["damaged", default: 0] > whole.count * 9 / 10, "\(names)")
        #expect(Set(names.keys).isSubset(of: ["damaged", "not-a-snapshot", "truncated"]), "\(names)")
    }

    @Test func aNewerFormatIsRefusedByName() throws {
        let (disk, store, path, older) = try sample()
        var bytes = try #require(disk.bytes(at: path))
        bytes[SnapshotFormat.magic.count] = UInt8(SnapshotFormat.version + 1)
        let checked = SnapshotFormat.preambleBytes - 4
        withUnsafeBytes(of: CRC32C.of(Array(bytes[..<checked])).littleEndian) { checksum in
            bytes.replaceSubrange(checked..<checked + 4, with: checksum)
        }
        disk.put(bytes, at: path)
        let restoration = try KeyedState().restore(from: store)
        #expect(restoration.loaded == older)
        #expect(restoration.refused.map(\.refusal) == [.newerFormat(SnapshotFormat.version + 1)])
    }

    @Test func anotherFileIsNoSnapshot() throws {
        let disk = MemoryDisk()
        let store = SnapshotStore(disk)
        disk.put(Array(repeating: 0x41, count: 500), at: "/state/payments-00000000000000000001.snapshot")
        #expect(try store.candidates().map(\.refusal) == [.notASnapshot])
    }

    /// Headers and indices with sound checksums and senseless contents.
    @Test(arguments: [UInt64](1...3))
    func tablesThatNobodyWroteDoNoHarm(seed: UInt64) throws {
        var random = DiskRandom(state: seed)
        let manifest = try KeyedState(events: 30).write(to: SnapshotStore(MemoryDisk()))
        let header = SnapshotFormat.header(manifest.header)
        var incomplete = manifest.header
        incomplete.incomplete = IncompleteState(
            features: ["sum", "mean"].map { IncompleteState.Feature(name: $0, wholeFrom: 9) }, logFrom: 7)
        let longer = SnapshotFormat.header(incomplete)
        #expect(try SnapshotFormat.readHeader(longer, version: 3) == incomplete)
        let index = SnapshotFormat.index(manifest.sections)
        let end = manifest.sections[0].byteOffset + manifest.sections.reduce(0) { $0 + $1.byteCount }
        let range = manifest.sections[0].byteOffset..<end
        #expect(try SnapshotFormat.readHeader(header, version: 1) == manifest.header)
        #expect(try SnapshotFormat.readIndex(index, manifest.header, sectionsIn: range) == manifest.sections)
        func changed(_ bytes: [UInt8]) -> [UInt8] {
            var bytes = bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: bytes.indices, using: &random)
                bytes[place] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0
            }
            if Bool.random(using: &random) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random)) }
            return bytes
        }
        var refused = 0
        for _ in 0..<3_000 {
            do {
                let found = try SnapshotFormat.readHeader(changed(header), version: 1)
                let sections = try SnapshotFormat.readIndex(changed(index), found, sectionsIn: range)
                #expect(sections.count == found.taskCount)
                #expect(sections.allSatisfy { range.contains($0.byteOffset) || $0.byteCount == 0 })
            } catch {
                #expect(error.name == "damaged")
                refused += 1
            }
        }
        #expect(refused > 1_000, "seed \(seed)")
        for _ in 0..<3_000 {
            do {
                let found = try SnapshotFormat.readHeader(changed(longer), version: 3)
                #expect(found.incomplete?.features.count ?? .max <= longer.count)
            } catch {
                #expect(error.name == "damaged")
                refused += 1
            }
        }
        #expect(refused > 2_000, "seed \(seed)")
    }

    /// A whole file whose shards are those of another plan is refused before anything is replaced.
    @Test func aHalfSoundSnapshotReplacesNothing() throws {
        let store = SnapshotStore(MemoryDisk())
        let other = KeyedState(events: 60)
        let writer = try store.begin(other.header())
        var images = other.bytes
        // The last shard says that it is the one before it.
        images[3] = images[2]
        for (task, bytes) in images.enumerated() {
            try bytes.withUnsafeBytes { try writer.append($0, task: task, positions: other.positions) }
        }
        _ = try writer.finish()
        let state = KeyedState(events: 10)
        let before = state.bytes
        let restoration = try state.restore(from: store)
        #expect(restoration.loaded == nil)
        #expect(restoration.refused.map(\.refusal) == [.damaged("shard 1 of terminal: it is that of shard 2")])
        #expect(state.bytes == before)
    }

    @Test func checksumsAreCRC32C() {
        // RFC 3720, B.4, and the catalogue of parametrised CRC algorithms.
        #expect(CRC32C.of(Array("123456789".utf8)) == 0xE306_9283)
        #expect(CRC32C.of([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(CRC32C.of([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
        #expect(CRC32C.of((0..<32).map { UInt8($0) }) == 0x46DD_794E)
        #expect(CRC32C.of([]) == 0)
        let bytes = (0..<1_000).map { UInt8(truncatingIfNeeded: $0 * 31) }
        for split in [0, 1, 7, 8, 9, 500, 993, 1_000] {
            var checksum = CRC32C()
            bytes[..<split].withUnsafeBytes { checksum.update($0) }
            bytes[split...].withUnsafeBytes { checksum.update($0) }
            #expect(checksum.value == CRC32C.of(bytes), "split at \(split)")
        }
    }
}

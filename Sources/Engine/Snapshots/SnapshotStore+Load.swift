public import Features
import Synchronization
public import Workers

/// What came of looking for a snapshot to start from.
public struct SnapshotRestoration: Sendable {
    /// What the state now is; `nil`: no snapshot could be used, and the state is as it was.
    public let loaded: SnapshotManifest?
    /// Snapshots that are newer than the one loaded, newest first, and why they were not used.
    public let refused: [Refused]

    public struct Refused: Hashable, Sendable {
        public let fileName: String
        public let refusal: SnapshotRefusal
    }
}

extension SnapshotStore {
    /// Loads the newest snapshot that goes with the committed offsets and is sound, or none.
    ///
    /// - Parameters:
    ///   - committed: every assigned partition.
    ///   - features: as `models`, keeps its state where no snapshot can be used; else takes it over whole. Muted replay from the
    ///     header's offsets follows, under `SnapshotManifest.guards`.
    ///   - pool: decodes shards side by side; nobody else may use it meanwhile.
    /// - Throws: the directory cannot be listed.
    public func restore(
        into features: FeatureEngine, models: OnlineModels? = nil, committed: [SnapshotManifest.Position],
        pool: WorkerPool
    ) throws(FileFailure) -> SnapshotRestoration {
        var refused: [SnapshotRestoration.Refused] = []
        for candidate in try candidates() {
            do throws(SnapshotRefusal) {
                if let refusal = candidate.manifest?.objection(committed: committed), candidate.refusal == nil {
                    throw refusal
                }
                let manifest = try load(candidate, into: features, models: models, pool: pool)
                return SnapshotRestoration(loaded: manifest, refused: refused)
            } catch {
                refused.append(SnapshotRestoration.Refused(fileName: candidate.fileName, refusal: error))
            }
        }
        return SnapshotRestoration(loaded: nil, refused: refused)
    }

    /// Reads and checks every shard of a snapshot, and only then replaces the state.
    ///
    /// Memory: the new state beside the old, and for each worker one section.
    /// - Throws: why it is refused; the state is as it was.
    public func load(
        _ candidate: SnapshotCandidate, into features: FeatureEngine, models: OnlineModels? = nil, pool: WorkerPool
    ) throws(SnapshotRefusal) -> SnapshotManifest {
        if let refusal = candidate.refusal { throw refusal }
        guard let manifest = candidate.manifest else { throw .damaged("its header") }
        guard manifest.header.shardTaskCount == features.shardTaskCount,
            features.shardTaskCount == 0 || manifest.header.shardCount == features.limits.shardCount
        else { throw .damaged("it has \(manifest.header.shardTaskCount) shards, not \(features.shardTaskCount)") }
        guard manifest.header.models == models?.names ?? [] else { throw .damaged("it has other models") }
        let file: any ReadableFile
        do { file = try files.open(path(candidate.fileName)) } catch { throw .unreadable(error) }
        let phase = SnapshotLoadPhase(
            file: file, manifest: manifest, features: features, models: models, workers: pool.workerCount)
        pool.run(phase, tasks: manifest.sections.count)
        let states = try phase.states()
        features.install(states.shards, watermark: manifest.header.watermark)
        models?.install(states.models)
        return manifest
    }
}

/// Reads, checks and decodes shards; a task a shard.
private final class SnapshotLoadPhase: ParallelPhase {
    private let file: any ReadableFile
    private let manifest: SnapshotManifest
    private let features: FeatureEngine
    private let models: OnlineModels?
    private let buffers: [SectionBuffer]
    private struct Outcome {
        var states: [ShardState] = []
        var models: [Int: OnlineModelState] = [:]
        var failures: [Int: SnapshotRefusal] = [:]
    }
    private let outcome = Mutex(Outcome())

    init(
        file: any ReadableFile, manifest: SnapshotManifest, features: FeatureEngine, models: OnlineModels?, workers: Int
    ) {
        self.file = file
        self.manifest = manifest
        self.features = features
        self.models = models
        buffers = (0..<workers).map { _ in SectionBuffer() }
    }

    func perform(task: Int, worker: Int) {
        // Nothing is gained by what is read behind a failure.
        if outcome.withLock({ !$0.failures.isEmpty }) { return }
        do throws(SnapshotRefusal) {
            let bytes = try buffers[worker].read(manifest.sections[task], of: file, manifest.header)
            if let models, task >= manifest.header.shardTaskCount {
                let model = task - manifest.header.shardTaskCount
                let state: OnlineModelState
                do { state = try models.decode(model, from: bytes) } catch {
                    throw SnapshotRefusal.damaged("\(manifest.header.sectionName(task)): \(error)")
                }
                outcome.withLock { $0.models[model] = state }
                return
            }
            let state: ShardState
            do { state = try features.decodeShard(task, from: bytes) } catch {
                throw SnapshotRefusal.damaged("\(manifest.header.sectionName(task)): \(error)")
            }
            outcome.withLock { $0.states.append(state) }
        } catch {
            outcome.withLock { $0.failures[task] = error }
        }
    }

    func states() throws(SnapshotRefusal) -> (shards: [ShardState], models: [OnlineModelState]) {
        let (outcome, failure) = outcome.withLock { outcome in
            (outcome, outcome.failures.min { $0.key < $1.key }?.value)
        }
        if let failure { throw failure }
        return (outcome.states, outcome.models.sorted { $0.key < $1.key }.map(\.value))
    }
}

/// Memory for one section after the other.
final class SectionBuffer {
    private var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)

    deinit { memory.deallocate() }

    /// A section's bytes, whose checksum is right; borrowed until the next call.
    func read(
        _ section: SnapshotSection, of file: any ReadableFile, _ header: SnapshotHeader
    ) throws(SnapshotRefusal) -> UnsafeRawBufferPointer {
        // The manifest holds it against the file's length, so no absurd number gets here; but the file may have changed
        // since.
        guard section.byteOffset + section.byteCount <= file.byteCount else { throw .truncated }
        if memory.count < section.byteCount {
            memory.deallocate()
            memory = .allocate(byteCount: section.byteCount, alignment: 64)
        }
        let bytes = UnsafeMutableRawBufferPointer(rebasing: memory[..<section.byteCount])
        do { try file.read(at: section.byteOffset, into: bytes) } catch { throw .unreadable(error) }
        guard CRC32C.of(UnsafeRawBufferPointer(bytes)) == section.checksum else {
            throw .damaged("\(header.sectionName(section.task)): its checksum is wrong")
        }
        return UnsafeRawBufferPointer(bytes)
    }
}

extension SnapshotHeader {
    /// What a person calls a section.
    func sectionName(_ task: Int) -> String {
        if task >= shardTaskCount, task < taskCount { return "model \(models[task - shardTaskCount])" }
        guard shardCount > 0, task / shardCount < entities.count else { return "section \(task)" }
        return "shard \(task % shardCount) of \(entities[task / shardCount])"
    }
}

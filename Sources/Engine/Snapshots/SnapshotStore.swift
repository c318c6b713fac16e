/// A snapshot's file as it was found.
public struct SnapshotCandidate: Hashable, Sendable {
    public let fileName: String
    /// From its name: higher is newer.
    public let sequence: UInt64
    /// `nil` where not even that much could be read.
    public let manifest: SnapshotManifest?
    /// Why it is not used; `nil`: by what was read so far, it may be.
    public let refusal: SnapshotRefusal?
}

/// The snapshots of one pipeline in a directory, which pipelines may share.
///
/// A file gets its name only when it is whole and durable, so whatever happens while one is written, the ones before it
/// are as they were. One writer at a time; reading needs no care.
public final class SnapshotStore: Sendable {
    public static let keepDefault = 3
    /// What names of snapshots end with.
    public static let suffix = ".snapshot"
    static let temporarySuffix = ".partial"
    private static let sequenceDigits = 20

    public let directory: String
    public let pipeline: String
    public let statePlanHash: String
    /// How many usable snapshots are kept; older ones are deleted.
    public let keep: Int
    let files: any FileLayer

    public init(
        directory: String, pipeline: String, statePlanHash: String, files: any FileLayer = SystemFileLayer(),
        keep: Int = SnapshotStore.keepDefault
    ) {
        precondition(keep > 0, "\(keep) snapshots to keep")
        precondition(!pipeline.isEmpty && !pipeline.contains("/"), "a pipeline named \"\(pipeline)\"")
        self.directory = directory
        self.pipeline = pipeline
        self.statePlanHash = statePlanHash
        self.files = files
        self.keep = keep
    }

    /// Begins a snapshot: makes the directory if need be, clears away what an earlier attempt left, and opens a
    /// temporary file.
    ///
    /// - Parameter header: its sequence number is set here, one above the highest that is there.
    public func begin(_ header: SnapshotHeader) throws(FileFailure) -> SnapshotWriter {
        try files.makeDirectory(directory)
        var header = header
        header.sequence = 1
        for name in try files.list(directory) {
            if let sequence = sequence(of: name, suffix: Self.suffix) {
                header.sequence = max(header.sequence, sequence + 1)
            } else if let sequence = sequence(of: name, suffix: Self.temporarySuffix) {
                header.sequence = max(header.sequence, sequence + 1)
                // Where it cannot be deleted it only takes room: the new one has another name.
                try? files.delete(path(name))
            }
        }
        return try SnapshotWriter(store: self, header: header)
    }

    /// The snapshots in the directory, newest first, each with what it says of itself or why it is refused.
    ///
    /// Only headers are read: a candidate may still turn out to be damaged when it is loaded.
    public func candidates() throws(FileFailure) -> [SnapshotCandidate] {
        var found: [SnapshotCandidate] = []
        for name in try files.list(directory) {
            guard let (owner, sequence) = Self.parse(name, suffix: Self.suffix) else { continue }
            found.append(candidate(name, owner: owner, sequence: sequence))
        }
        // Of other pipelines' files, which come last, the order does not matter.
        return found.sorted { left, right in
            let isLeftForeign = left.refusal?.name == SnapshotRefusal.foreignPipeline("").name
            let isRightForeign = right.refusal?.name == SnapshotRefusal.foreignPipeline("").name
            if isLeftForeign != isRightForeign { return isRightForeign }
            return (left.sequence, left.fileName) > (right.sequence, right.fileName)
        }
    }

    private func candidate(_ name: String, owner: String, sequence: UInt64) -> SnapshotCandidate {
        var manifest: SnapshotManifest?
        var refusal: SnapshotRefusal?
        do throws(SnapshotRefusal) {
            let found = try Self.manifest(at: path(name), files)
            manifest = found
            if found.header.pipeline != pipeline {
                refusal = .foreignPipeline(found.header.pipeline)
            } else if owner != pipeline || found.header.sequence != sequence {
                refusal = .damaged("its name is not the one that was written in it")
            } else if found.header.statePlanHash != statePlanHash {
                refusal = .foreignPlan(found.header.statePlanHash)
            }
        } catch {
            refusal = owner == pipeline ? error : .foreignPipeline(owner)
        }
        return SnapshotCandidate(fileName: name, sequence: sequence, manifest: manifest, refusal: refusal)
    }

    static func manifest(at path: String, _ files: any FileLayer) throws(SnapshotRefusal) -> SnapshotManifest {
        let file: any ReadableFile
        do { file = try files.open(path) } catch { throw .unreadable(error) }
        return try SnapshotManifest(reading: file)
    }

    /// Deletes what is older than the newest `keep` usable snapshots; what is unusable is kept only while it is newer.
    ///
    /// - Returns: the first file that could not be deleted.
    func prune() -> FileFailure? {
        var failure: FileFailure?
        var usable = 0
        do throws(FileFailure) {
            for candidate in try candidates() where sequence(of: candidate.fileName, suffix: Self.suffix) != nil {
                if usable < keep {
                    if candidate.refusal == nil { usable += 1 }
                    continue
                }
                do { try files.delete(path(candidate.fileName)) } catch { failure = failure ?? error }
            }
        } catch {
            failure = error
        }
        return failure
    }

    // MARK: - Names

    func path(_ name: String) -> String { directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)" }

    func name(sequence: UInt64, suffix: String) -> String {
        let digits = String(sequence)
        return "\(pipeline)-\(String(repeating: "0", count: Self.sequenceDigits - digits.count))\(digits)\(suffix)"
    }

    private func sequence(of name: String, suffix: String) -> UInt64? {
        guard let parsed = Self.parse(name, suffix: suffix), parsed.pipeline == pipeline else { return nil }
        return parsed.sequence
    }

    static func parse(_ name: String, suffix: String) -> (pipeline: String, sequence: UInt64)? {
        guard name.hasSuffix(suffix) else { return nil }
        let stem = name.dropLast(suffix.count)
        let digits = stem.suffix(sequenceDigits)
        let owner = stem.dropLast(sequenceDigits)
        guard digits.count == sequenceDigits, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            owner.hasSuffix("-"), owner.count > 1, let sequence = UInt64(digits), sequence < UInt64(Int64.max)
        else { return nil }
        return (String(owner.dropLast()), sequence)
    }
}

public import Engine

/// A monitor's states as files in a directory, the newest few.
///
/// A file gets its name only when it is whole and durable.
public final class FileMonitorStore: MonitorStore {
    private let directory: String
    private let name: String
    private let files: any FileLayer
    private let keep: Int
    private static let suffix = ".monitor"
    private static let partialSuffix = ".monitor-partial"
    private static let digits = 20
    private static let bytesMax = 1 << 32

    /// - Parameters:
    ///   - name: of the pipeline; other pipelines' states may be in the same directory.
    ///   - keep: how many states stay.
    public init(directory: String, name: String, keep: Int, files: any FileLayer = SystemFileLayer()) {
        precondition(keep > 0 && !name.isEmpty && !name.contains("/"))
        self.directory = directory
        self.name = name
        self.keep = keep
        self.files = files
    }

    /// Newest first; what cannot be read is left out.
    public func states() throws -> [[UInt8]] {
        try sequences(Self.suffix).prefix(keep).compactMap { try? read(path($0, Self.suffix)) }
    }

    public func save(_ state: [UInt8]) throws {
        try files.makeDirectory(directory)
        let partial = try sequences(Self.partialSuffix)
        for sequence in partial { try? files.delete(path(sequence, Self.partialSuffix)) }
        let known = try sequences(Self.suffix)
        let sequence = max(known.first ?? 0, partial.first ?? 0) + 1
        let file = try files.create(path(sequence, Self.partialSuffix))
        do {
            try state.withUnsafeBytes { (bytes: UnsafeRawBufferPointer) throws -> Void in try file.append(bytes) }
            try file.synchronize()
        } catch {
            try? file.close()
            throw error
        }
        try file.close()
        try files.rename(path(sequence, Self.partialSuffix), to: path(sequence, Self.suffix))
        try files.synchronizeDirectory(directory)
        for old in known.dropFirst(keep - 1) { try? files.delete(path(old, Self.suffix)) }
    }

    private func read(_ path: String) throws -> [UInt8]? {
        let file = try files.open(path)
        guard file.byteCount <= Self.bytesMax else { return nil }
        var bytes = [UInt8](repeating: 0, count: file.byteCount)
        try bytes.withUnsafeMutableBytes { (buffer: UnsafeMutableRawBufferPointer) throws -> Void in
            try file.read(at: 0, into: buffer)
        }
        return bytes
    }

    /// Descending.
    private func sequences(_ suffix: String) throws -> [UInt64] {
        let start = "\(name)-"
        return try files.list(directory).compactMap { file in
            guard file.hasPrefix(start), file.hasSuffix(suffix) else { return nil }
            let digits = file.dropFirst(start.count).dropLast(suffix.count)
            return digits.count == Self.digits ? UInt64(digits) : nil
        }.sorted(by: >)
    }

    private func path(_ sequence: UInt64, _ suffix: String) -> String {
        let digits = String(sequence)
        return "\(directory)/\(name)-\(String(repeating: "0", count: Self.digits - digits.count))\(digits)\(suffix)"
    }
}

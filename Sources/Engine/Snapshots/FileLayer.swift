/// A call of the file system that failed.
public struct FileFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Operation: String, Hashable, Sendable {
        case makeDirectory = "cannot be made"
        case create = "cannot be created"
        case open = "cannot be opened"
        case append = "cannot be written"
        case synchronize = "cannot be made durable"
        case close = "cannot be closed"
        case read = "cannot be read"
        case rename = "cannot be renamed"
        case list = "cannot be listed"
        case delete = "cannot be deleted"
    }

    public let operation: Operation
    public let path: String
    /// The reason in the system's words.
    public let reason: String

    public init(_ operation: Operation, _ path: String, reason: String) {
        self.operation = operation
        self.path = path
        self.reason = reason
    }

    public var description: String { "\(path): \(operation.rawValue): \(reason)" }
}

/// The file system as snapshots need it, so that tests can let every call fail.
///
/// Nothing is durable before it was synchronized: a file by `AppendableFile.synchronize`, its name by
/// `synchronizeDirectory`. Files are for their owner alone (0600), directories too (0700).
public protocol FileLayer: AnyObject, Sendable {
    /// Makes a directory and those above it; one that is there stays as it is.
    func makeDirectory(_ path: String) throws(FileFailure)
    /// A new file; fails where there is one of this name, so that nobody can put a link there.
    func create(_ path: String) throws(FileFailure) -> any AppendableFile
    /// A file to be read; fails on what is no regular file.
    func open(_ path: String) throws(FileFailure) -> any ReadableFile
    /// Gives a file another name, in one step: nobody ever sees half of it.
    func rename(_ path: String, to target: String) throws(FileFailure)
    /// Makes names that were made, changed or deleted durable.
    func synchronizeDirectory(_ path: String) throws(FileFailure)
    /// The names in a directory, in no order; none where there is no directory.
    func list(_ directory: String) throws(FileFailure) -> [String]
    func delete(_ path: String) throws(FileFailure)
}

/// A file that is being written, by one thread at a time.
public protocol AppendableFile: AnyObject, Sendable {
    /// Takes all of `bytes`, which are borrowed for the call.
    func append(_ bytes: UnsafeRawBufferPointer) throws(FileFailure)
    /// Makes durable what was appended. After a failure nothing is known of the file any more: it has to be given up.
    func synchronize() throws(FileFailure)
    /// Called once, also after a failure; nothing is called behind it.
    func close() throws(FileFailure)
}

/// A file that is being read; several threads may read it at once.
public protocol ReadableFile: AnyObject, Sendable {
    /// The file's length when it was opened.
    var byteCount: Int { get }
    /// Fills the buffer with the bytes from `offset` on; fails where the file ends before.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FileFailure)
}

/// How records stand in a file.
public enum RecordFormat: String, Hashable, Sendable, CaseIterable {
    /// Comma-separated values (RFC 4180) under a header.
    case csv
    /// One JSON object a line.
    case ndjson
}

/// Where a replay's bytes come from: a file, a pipe, memory.
public protocol ByteSource: AnyObject {
    /// Writes the next bytes into `buffer`, which is not empty, and returns how many; 0 only at the end, and from then
    /// on.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
}

/// Where a replay's rows go.
public protocol ByteSink: AnyObject {
    /// Takes all of `bytes`, which are borrowed for the call.
    func write(_ bytes: UnsafeRawBufferPointer) throws
    /// Called once behind the last `write`: what is buffered goes out, and whatever still fails is thrown.
    func finish() throws
}

/// Sees a replay advance, on the thread that runs it; it must be quick and keep no buffer.
public protocol ReplayObserver: AnyObject {
    /// A row that cannot be used was read; called in the order of the file.
    func replayDidFind(_ fault: ReplayFault)
    /// A batch is scored: rows whose disposition is `score` have features, score and decision.
    func replayDidScore(_ context: BatchContext, _ summary: ReplaySummary)
}

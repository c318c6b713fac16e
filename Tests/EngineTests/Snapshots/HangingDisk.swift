import Dispatch
import Synchronization

@testable import Engine

/// A disk in memory on which one kind of call does not return before the test lets it go.
final class HangingDisk: FileLayer {
    let disk = MemoryDisk()

    private struct State {
        var hanging: FileFailure.Operation?
        var waiting = 0
        var hasTimedOut = false
    }
    private let state = Mutex(State())
    private let gate = DispatchSemaphore(value: 0)
    /// Whoever waits for a disk that hangs would let the test stand still: it fails instead.
    private static let patience = DispatchTimeInterval.seconds(30)

    /// From now on calls of this kind wait.
    func hang(in operation: FileFailure.Operation) { state.withLock { $0.hanging = operation } }

    func letGo() {
        let waiting = state.withLock { state in
            defer { (state.hanging, state.waiting) = (nil, 0) }
            return state.waiting
        }
        for _ in 0..<waiting { gate.signal() }
    }

    /// Whether somebody hangs in it.
    var isHanging: Bool { state.withLock { $0.waiting > 0 } }
    /// Nobody let it go in time.
    var hasTimedOut: Bool { state.withLock { $0.hasTimedOut } }

    fileprivate func pass(_ operation: FileFailure.Operation) {
        let waits = state.withLock { state in
            if state.hanging != operation { return false }
            state.waiting += 1
            return true
        }
        if waits && gate.wait(timeout: .now() + Self.patience) == .timedOut {
            state.withLock { $0.hasTimedOut = true }
        }
    }

    func makeDirectory(_ path: String) throws(FileFailure) { try disk.makeDirectory(path) }

    func create(_ path: String) throws(FileFailure) -> any AppendableFile {
        pass(.create)
        return HangingFile(self, try disk.create(path))
    }

    func open(_ path: String) throws(FileFailure) -> any ReadableFile { try disk.open(path) }

    func rename(_ path: String, to target: String) throws(FileFailure) {
        pass(.rename)
        try disk.rename(path, to: target)
    }

    func synchronizeDirectory(_ path: String) throws(FileFailure) { try disk.synchronizeDirectory(path) }
    func list(_ directory: String) throws(FileFailure) -> [String] { try disk.list(directory) }
    func delete(_ path: String) throws(FileFailure) { try disk.delete(path) }
}

private final class HangingFile: AppendableFile {
    private let disk: HangingDisk
    private let file: any AppendableFile

    init(_ disk: HangingDisk, _ file: any AppendableFile) {
        self.disk = disk
        self.file = file
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws(FileFailure) {
        disk.pass(.append)
        try file.append(bytes)
    }

    func synchronize() throws(FileFailure) {
        disk.pass(.synchronize)
        try file.synchronize()
    }

    func close() throws(FileFailure) { try file.close() }
}

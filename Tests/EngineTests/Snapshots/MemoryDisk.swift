import Synchronization

@testable import Engine

/// A disk in memory that forgets in a crash what was not made durable, and whose calls can be made to fail.
final class MemoryDisk: FileLayer {
    enum Fault: CaseIterable {
        /// The call fails and does nothing.
        case refused
        /// The call does what it should and says that it failed.
        case doneAndFailed
        /// Half of what was to be written is written.
        case shortWrite
        /// A bit of what is read is another.
        case bitFlip
        /// The machine stops: this call and all behind it fail.
        case crash
    }

    final class Node: Sendable {
        struct Content {
            var bytes: [UInt8] = []
            var durableCount = 0
        }
        let content = Mutex(Content())

        init(_ bytes: [UInt8] = []) {
            content.withLock { $0 = Content(bytes: bytes, durableCount: bytes.count) }
        }

        var bytes: [UInt8] { content.withLock { $0.bytes } }
    }

    private struct State {
        var names: [String: Node] = [:]
        var durableNames: [String: Node] = [:]
        var calls: [FileFailure.Operation] = []
        var fault: (call: Int, kind: Fault)?
        var refused: FileFailure.Operation?
        var random = DiskRandom(state: 1)
        var isCrashed = false
        var bytesMax = Int.max
    }
    private let state = Mutex(State())

    init() {}

    // MARK: - For tests

    /// Calls so far.
    var calls: [FileFailure.Operation] { state.withLock { $0.calls } }

    /// Lets the call fail that comes after so many others from now on.
    func fail(afterCalls count: Int, _ kind: Fault, seed: UInt64 = 1) {
        state.withLock {
            $0.fault = (call: $0.calls.count + count, kind: kind)
            $0.random = DiskRandom(state: seed)
        }
    }

    /// Lets the next call of a kind fail.
    func refuseNext(_ operation: FileFailure.Operation) { state.withLock { $0.refused = operation } }

    /// Bytes that all files may have together.
    func limit(bytesMax: Int) { state.withLock { $0.bytesMax = bytesMax } }

    func heal() {
        state.withLock {
            $0.fault = nil
            $0.bytesMax = .max
        }
    }

    /// The disk after the power went: durable names and bytes are there, the others or a part of them may be.
    func afterCrash(seed: UInt64) -> MemoryDisk {
        var random = DiskRandom(state: seed)
        let disk = MemoryDisk()
        let (names, durableNames) = state.withLock { ($0.names, $0.durableNames) }
        for name in Set(names.keys).union(durableNames.keys).sorted() {
            let survives = Bool.random(using: &random) ? names[name] : durableNames[name]
            guard let node = survives else { continue }
            let content = node.content.withLock { $0 }
            let count = Int.random(in: content.durableCount...content.bytes.count, using: &random)
            disk.put(Array(content.bytes[..<count]), at: name)
        }
        return disk
    }

    /// Puts a durable file there, whatever was there before.
    func put(_ bytes: [UInt8], at path: String) {
        state.withLock {
            let node = Node(bytes)
            $0.names[path] = node
            $0.durableNames[path] = node
        }
    }

    func bytes(at path: String) -> [UInt8]? { state.withLock { $0.names[path]?.bytes } }

    var paths: [String] { state.withLock { $0.names.keys.sorted() } }

    // MARK: - Calls

    /// Counts a call and does it, unless a fault comes in between.
    fileprivate func call<Result>(
        _ operation: FileFailure.Operation, _ path: String, short: (() -> Void)? = nil,
        _ body: () throws(FileFailure) -> Result
    ) throws(FileFailure) -> Result {
        let failure = FileFailure(operation, path, reason: "injected")
        let (fault, isDone) = state.withLock { state -> (Fault?, Bool) in
            defer { state.calls.append(operation) }
            if state.isCrashed { return (.refused, false) }
            if state.refused == operation {
                state.refused = nil
                return (.refused, false)
            }
            guard let fault = state.fault, fault.call == state.calls.count else { return (nil, true) }
            if fault.kind == .crash { state.isCrashed = true }
            return (fault.kind, Bool.random(using: &state.random))
        }
        switch fault {
        case nil, .bitFlip: return try body()
        case .refused: throw failure
        case .doneAndFailed:
            _ = try body()
            throw failure
        case .crash:
            if isDone { _ = try body() }
            throw failure
        case .shortWrite:
            short?()
            throw failure
        }
    }

    fileprivate func flipsBit() -> UInt64? {
        state.withLock { state in
            guard let fault = state.fault, fault.kind == .bitFlip, fault.call == state.calls.count - 1 else {
                return nil
            }
            return state.random.next()
        }
    }

    fileprivate func hasRoom(for count: Int) -> Bool {
        state.withLock { state in
            state.names.values.reduce(0) { $0 + $1.bytes.count } + count <= state.bytesMax
        }
    }

    func makeDirectory(_ path: String) throws(FileFailure) { try call(.makeDirectory, path) {} }

    func create(_ path: String) throws(FileFailure) -> any AppendableFile {
        try call(.create, path) { () throws(FileFailure) in
            let node = Node()
            let isNew = state.withLock { state in
                if state.names[path] != nil { return false }
                state.names[path] = node
                return true
            }
            if !isNew { throw FileFailure(.create, path, reason: "it is there already") }
            return MemoryAppendableFile(disk: self, node: node, path: path)
        }
    }

    func open(_ path: String) throws(FileFailure) -> any ReadableFile {
        try call(.open, path) { () throws(FileFailure) in
            guard let bytes = bytes(at: path) else { throw FileFailure(.open, path, reason: "it is not there") }
            return MemoryReadableFile(disk: self, bytes: bytes, path: path)
        }
    }

    func rename(_ path: String, to target: String) throws(FileFailure) {
        try call(.rename, path) { () throws(FileFailure) in
            let isThere = state.withLock { state in
                guard let node = state.names.removeValue(forKey: path) else { return false }
                state.names[target] = node
                return true
            }
            if !isThere { throw FileFailure(.rename, path, reason: "it is not there") }
        }
    }

    func synchronizeDirectory(_ path: String) throws(FileFailure) {
        try call(.synchronize, path) { state.withLock { $0.durableNames = $0.names } }
    }

    func list(_ directory: String) throws(FileFailure) -> [String] {
        try call(.list, directory) { paths.map { String($0.dropFirst(directory.count + 1)) } }
    }

    func delete(_ path: String) throws(FileFailure) {
        try call(.delete, path) { () throws(FileFailure) in
            let isThere = state.withLock { $0.names.removeValue(forKey: path) != nil }
            if !isThere { throw FileFailure(.delete, path, reason: "it is not there") }
        }
    }
}

private final class MemoryAppendableFile: AppendableFile {
    private let disk: MemoryDisk
    private let node: MemoryDisk.Node
    private let path: String

    init(disk: MemoryDisk, node: MemoryDisk.Node, path: String) {
        self.disk = disk
        self.node = node
        self.path = path
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws(FileFailure) {
        let half = Array(bytes[..<(bytes.count / 2)])
        try disk.call(.append, path, short: { self.node.content.withLock { $0.bytes += half } }) {
            () throws(FileFailure) in
            guard disk.hasRoom(for: bytes.count) else {
                node.content.withLock { $0.bytes += half }
                throw FileFailure(.append, path, reason: "the disk is full")
            }
            node.content.withLock { $0.bytes += Array(bytes) }
        }
    }

    func synchronize() throws(FileFailure) {
        try disk.call(.synchronize, path) { node.content.withLock { $0.durableCount = $0.bytes.count } }
    }

    func close() throws(FileFailure) { try disk.call(.close, path) {} }
}

private final class MemoryReadableFile: ReadableFile {
    private let disk: MemoryDisk
    private let bytes: [UInt8]
    private let path: String

    init(disk: MemoryDisk, bytes: [UInt8], path: String) {
        self.disk = disk
        self.bytes = bytes
        self.path = path
    }

    var byteCount: Int { bytes.count }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FileFailure) {
        try disk.call(.read, path) { () throws(FileFailure) in
            guard offset + buffer.count <= bytes.count else { throw FileFailure(.read, path, reason: "it ends") }
            buffer.copyBytes(from: bytes[offset..<offset + buffer.count])
        }
        guard let random = disk.flipsBit(), !buffer.isEmpty else { return }
        buffer[Int(random >> 8) % buffer.count] ^= 1 << UInt8(random & 7)
    }
}

/// SplitMix64.
struct DiskRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

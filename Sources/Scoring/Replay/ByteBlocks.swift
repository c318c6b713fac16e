import Engine
import Synchronization
import Workers

/// A fixed number of blocks that go round between two threads: one fills, one empties.
// SAFETY: a block belongs to the thread that took it out of a queue; `isStopped` is atomic.
private final class BlockRing: @unchecked Sendable {
    final class Block {
        let bytes: UnsafeMutableRawBufferPointer
        var count = 0
        var failure: (any Error)?
        /// Nothing comes behind it.
        var isLast = false

        init(byteCount: Int) { bytes = .allocate(byteCount: byteCount, alignment: 64) }

        deinit { bytes.deallocate() }
    }

    let free: BoundedQueue<Block>
    let filled: BoundedQueue<Block>
    let isStopped = Atomic<Bool>(false)

    init(blockCount: Int, blockBytes: Int) {
        free = BoundedQueue(capacity: blockCount)
        filled = BoundedQueue(capacity: blockCount)
        for _ in 0..<blockCount { free.push(Block(byteCount: blockBytes)) }
    }

    func take(_ queue: BoundedQueue<Block>) -> Block {
        guard let block = queue.pop(milliseconds: nil) else { preconditionFailure("a wait without end has ended") }
        return block
    }
}

/// Reads another source ahead on a thread of its own, so that decompressing and waiting for the disk cost the caller
/// nothing.
final class AheadByteSource: ByteSource {
    static let blockBytes = 1 << 20
    static let blockCount = 4

    private let ring: BlockRing
    private var current: BlockRing.Block?
    private var place = 0

    init(_ source: any ByteSource & Sendable, blockBytes: Int = AheadByteSource.blockBytes) {
        let ring = BlockRing(blockCount: Self.blockCount, blockBytes: blockBytes)
        self.ring = ring
        _ = ServiceThread(name: "read-ahead") { Self.readAll(of: source, into: ring) }
    }

    private static func readAll(of source: any ByteSource, into ring: BlockRing) {
        var isLast = false
        while !isLast {
            let block = ring.take(ring.free)
            if ring.isStopped.load(ordering: .acquiring) { return }
            block.count = 0
            do {
                block.count = try source.read(into: block.bytes)
            } catch {
                block.failure = error
            }
            isLast = block.count == 0
            block.isLast = isLast
            ring.filled.push(block)
        }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        if let block = current, !block.isLast, place == block.count {
            current = nil
            ring.free.push(block)
        }
        if current == nil {
            current = ring.take(ring.filled)
            place = 0
        }
        guard let block = current else { return 0 }
        if let failure = block.failure { throw failure }
        let count = min(buffer.count, block.count - place)
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: block.bytes[place..<place + count]))
        place += count
        return count
    }

    /// Lets the thread end where it is not at the end of its source; it is not waited for, since it may stand in a read
    /// that lasts.
    func stop() {
        ring.isStopped.store(true, ordering: .releasing)
        if let block = current { ring.free.push(block) }
        current = nil
        while let block = ring.filled.pop(milliseconds: 0) { ring.free.push(block) }
    }
}

/// Hands bytes to another sink in blocks of one size, on a thread of its own.
///
/// Whatever the pieces that are written, the other sink sees the same blocks: compressed output does not depend on
/// batches.
final class BehindByteSink: ByteSink {
    static let blockBytes = 1 << 20
    static let blockCount = 4

    private let ring: BlockRing
    private let thread: ServiceThread
    private let failure: FailureBox
    private var current: BlockRing.Block
    private var isFinished = false

    private final class FailureBox: Sendable {
        let first = Mutex<(any Error)?>(nil)
        func check() throws { if let error = first.withLock({ $0 }) { throw error } }
    }

    /// One-shot transfer of the sink to the thread, which alone calls it from then on.
    // SAFETY: nobody else keeps the sink.
    private struct Transfer: @unchecked Sendable {
        let sink: any ByteSink
    }

    init(_ sink: any ByteSink, blockBytes: Int = BehindByteSink.blockBytes) {
        let ring = BlockRing(blockCount: Self.blockCount, blockBytes: blockBytes)
        let failure = FailureBox()
        let transfer = Transfer(sink: sink)
        self.ring = ring
        self.failure = failure
        current = ring.take(ring.free)
        thread = ServiceThread(name: "write-behind") { Self.writeAll(to: transfer.sink, from: ring, failure) }
    }

    private static func writeAll(to sink: any ByteSink, from ring: BlockRing, _ failure: FailureBox) {
        var isLast = false
        var hasFailed = false
        while !isLast {
            let block = ring.take(ring.filled)
            isLast = block.isLast
            // After a failure blocks still go round, so that nobody waits for one for ever.
            if !hasFailed && !ring.isStopped.load(ordering: .acquiring) {
                do {
                    try sink.write(UnsafeRawBufferPointer(rebasing: block.bytes[..<block.count]))
                    if isLast { try sink.finish() }
                } catch {
                    hasFailed = true
                    failure.first.withLock { $0 = error }
                }
            }
            block.count = 0
            ring.free.push(block)
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes
        while !rest.isEmpty {
            let room = UnsafeMutableRawBufferPointer(rebasing: current.bytes[current.count...])
            let piece = UnsafeRawBufferPointer(rebasing: rest[..<min(room.count, rest.count)])
            room.copyMemory(from: piece)
            current.count += piece.count
            rest = UnsafeRawBufferPointer(rebasing: rest[piece.count...])
            if current.count == current.bytes.count {
                try failure.check()
                ring.filled.push(current)
                current = ring.take(ring.free)
            }
        }
    }

    func finish() throws {
        end()
        try failure.check()
    }

    /// Ends the thread and waits for it; what has not been written yet is not.
    func stop() {
        ring.isStopped.store(true, ordering: .releasing)
        end()
    }

    private func end() {
        if isFinished { return }
        isFinished = true
        current.isLast = true
        ring.filled.push(current)
        thread.join()
    }
}

/// The bytes of one shard's state, free of pointers: what a snapshot holds of it. Other state of a stream, such as a
/// model that learns, has images of its own form.
///
/// ```
///   header │ key: lengths, newest time, cursors, sums and stored tracks, bytes of the key, events, sketches, tiles │ next │ ...
/// ```
///
/// An image is made once and reused: `FeatureEngine.copyShard` overwrites it and keeps its memory. All numbers are
/// little-endian. What the bytes mean is decided by the plan, so whoever keeps them keeps the hash of
/// `FeaturePlan.stateLayout` beside them.
// SAFETY: one thread at a time uses an image; it changes threads through queues.
public final class ShardImage: @unchecked Sendable {
    private var memory: UnsafeMutableRawPointer
    private var capacity = 0
    private var isTouched = false
    /// How many bytes were copied; 0 before the first copy.
    public private(set) var byteCount = 0

    public init() { memory = .allocate(byteCount: 1, alignment: 64) }

    deinit { memory.deallocate() }

    /// Borrowed until the image is filled again.
    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: memory, count: byteCount) }

    /// Brings the image's memory into being where that was not done yet: the first copy then costs no more than those
    /// that follow. What the image held is gone.
    ///
    /// The system gives pages only when they are first written, which takes several times as long as to copy them; call
    /// it on a thread that nobody waits for, behind `FeatureEngine.reserve`.
    public func touch() {
        if isTouched { return }
        isTouched = true
        byteCount = 0
        for offset in stride(from: 0, to: capacity, by: Self.pageBytes) {
            memory.storeBytes(of: 0, toByteOffset: offset, as: UInt8.self)
        }
    }

    /// No page is smaller.
    private static let pageBytes = 4_096

    /// Gives the image room; what it held may be gone.
    public func reserve(byteCountMax: Int) {
        if byteCountMax <= capacity { return }
        memory.deallocate()
        // A quarter more, so that state that grows slowly does not take new memory for each copy.
        capacity = byteCountMax + byteCountMax / 4
        memory = .allocate(byteCount: capacity, alignment: 64)
        isTouched = false
        byteCount = 0
    }

    /// Lets `body` write up to `byteCountMax` bytes and return how many it wrote.
    public func fill(byteCountMax: Int, _ body: (UnsafeMutableRawPointer) -> Int) {
        reserve(byteCountMax: byteCountMax)
        byteCount = body(memory)
        precondition(byteCount <= capacity, "\(byteCount) bytes in an image of \(capacity)")
    }
}

/// What an image begins with.
struct ShardImageHeader: Hashable {
    static let byteCount = 72

    var task = 0
    /// Words of a remembered event, and bytes of cursors and sums a key: a first check that the plan is the same.
    var entryWords = 0
    var stateBytes = 0
    var keyCount = 0
    var eventCount = 0
    var keyByteCount = 0
    var tableCapacity = 0
    var keysEmptied: UInt64 = 0
    var keysEvicted: UInt64 = 0
    var eventsForgotten: UInt64 = 0

    private var words: [UInt64] {
        [
            UInt64(task), UInt64(entryWords) << 32 | UInt64(stateBytes), UInt64(keyCount), UInt64(eventCount),
            UInt64(keyByteCount), UInt64(tableCapacity), keysEmptied, keysEvicted, eventsForgotten,
        ]
    }

    func write(to bytes: UnsafeMutableRawPointer) {
        for (index, word) in words.enumerated() {
            bytes.storeBytes(of: word.littleEndian, toByteOffset: index * 8, as: UInt64.self)
        }
    }
}

extension ShardImageHeader {
    init(_ bytes: UnsafeRawBufferPointer) throws(ShardImageError) {
        guard bytes.count >= Self.byteCount else { throw .truncated }
        func word(_ index: Int) -> UInt64 {
            UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
        }
        func count(_ index: Int) throws(ShardImageError) -> Int {
            guard let count = Int(exactly: word(index)) else { throw .absurdCount }
            return count
        }
        task = try count(0)
        entryWords = Int(word(1) >> 32)
        stateBytes = Int(word(1) & 0xFFFF_FFFF)
        keyCount = try count(2)
        eventCount = try count(3)
        keyByteCount = try count(4)
        tableCapacity = try count(5)
        keysEmptied = word(6)
        keysEvicted = word(7)
        eventsForgotten = word(8)
    }
}

/// What an image says of itself, for those who have no plan at hand.
public struct ShardImageSummary: Hashable, Sendable {
    /// So many of an image's first bytes are enough.
    public static let byteCount = ShardImageHeader.byteCount

    public let task: Int
    public let keys: Int
    /// Remembered events of all keys.
    public let events: Int

    /// - Throws: what is wrong with the image's first bytes; the rest is not looked at.
    public init(_ bytes: UnsafeRawBufferPointer) throws(ShardImageError) {
        let header = try ShardImageHeader(bytes)
        task = header.task
        keys = header.keyCount
        events = header.eventCount
    }
}

/// Why the bytes of a shard are no state of this engine.
public enum ShardImageError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The bytes end too early.
    case truncated
    /// Bytes are left over behind the last key.
    case trailingBytes
    /// A count that no state can have.
    case absurdCount
    /// The image is that of another shard.
    case otherShard(found: Int)
    /// Another number of values or windows than the plan has.
    case otherLayout
    /// More keys than the limit allows.
    case tooManyKeys(Int)
    /// The table's size is none that these keys can have led to.
    case tableCapacity(Int)
    /// The n-th key is not sound.
    case key(Int, KeyFault)

    /// What is wrong with a key.
    public enum KeyFault: String, Error, Hashable {
        case otherShard = "it belongs to another shard"
        case repeated = "it was there before"
        case length = "it is too long"
        case eventCount = "it remembers more events than the limit, or none"
        case eventTimes = "its events are out of order or out of range"
        case cursor = "the edge of a window does not stand where its events say"
        case sum = "a sum counts other values than its window has"
        case sketch = "a sketch is none that values can have led to"
        case tiles = "the tiles of a window are out of order or out of range"
    }

    public var description: String {
        switch self {
        case .truncated: "it ends too early"
        case .trailingBytes: "there are bytes behind its end"
        case .absurdCount: "a count is absurd"
        case .otherShard(let found): "it is that of shard \(found)"
        case .otherLayout: "its keys have other windows or values than the plan"
        case .tooManyKeys(let count): "\(count) keys are more than the limit"
        case .tableCapacity(let capacity): "a table of \(capacity) places does not go with its keys"
        case .key(let index, let fault): "key \(index): \(fault.rawValue)"
        }
    }
}

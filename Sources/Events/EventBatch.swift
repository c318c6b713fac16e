/// Whether a field's value is there.
public enum Presence {
    public static let present: UInt8 = 0
    /// The field is there and is `null`.
    public static let null: UInt8 = 1
    /// The field is not there.
    public static let absent: UInt8 = 2
}

/// Decoded events as columns, in merge order: the unit of work of every phase.
///
/// All buffers have `capacity` rows and are allocated once; `removeAll` keeps them. A row with a fault keeps its place, so that
/// order and accounting stay whole, but its field columns say nothing.
///
/// A field's column holds one 64-bit word a row: `int` and `decimal` the integer (decimals in 10^-scale units), `bool` 0 or 1,
/// `time` microseconds, `float` the bits of a `Double`, `string` a packed place in `stringBytes`.
// SAFETY: a batch is filled by one worker and then read by many; phases are separated by the pool's join, and rows of a phase
// are split into disjoint ranges.
public final class EventBatch: @unchecked Sendable {
    public let schema: EventSchema
    public let capacity: Int
    public var count = 0

    /// Event time in microseconds; where the row has a fault found before its time was known, `Int64.min`.
    public let eventTimes: UnsafeMutablePointer<Int64>
    /// The record's timestamp in microseconds; `Int64.min` where it has none.
    public let recordTimes: UnsafeMutablePointer<Int64>
    /// The offset in the partition, or the line number in a file.
    public let offsets: UnsafeMutablePointer<Int64>
    /// The lane (partition) that the row came from.
    public let lanes: UnsafeMutablePointer<Int32>
    public let faults: UnsafeMutablePointer<Fault>
    /// `words[field][row]`.
    public let words: [UnsafeMutablePointer<Int64>]
    /// `presence[field][row]`, see `Presence`.
    public let presence: [UnsafeMutablePointer<UInt8>]

    /// The bytes of all strings; grows while warming up and is kept.
    public private(set) var stringBytes: UnsafeMutablePointer<UInt8>
    public private(set) var stringBytesCapacity: Int
    public private(set) var stringBytesCount = 0

    public init(schema: EventSchema, capacity: Int) {
        precondition(capacity > 0, "a batch of \(capacity) rows")
        self.schema = schema
        self.capacity = capacity
        eventTimes = .allocate(capacity: capacity)
        recordTimes = .allocate(capacity: capacity)
        offsets = .allocate(capacity: capacity)
        lanes = .allocate(capacity: capacity)
        faults = .allocate(capacity: capacity)
        faults.initialize(repeating: .none, count: capacity)
        words = schema.fields.map { _ in .allocate(capacity: capacity) }
        presence = schema.fields.map { _ in .allocate(capacity: capacity) }
        stringBytesCapacity = max(64, capacity * 16)
        stringBytes = .allocate(capacity: stringBytesCapacity)
    }

    deinit {
        eventTimes.deallocate()
        recordTimes.deallocate()
        offsets.deallocate()
        lanes.deallocate()
        faults.deallocate()
        for column in words { column.deallocate() }
        for column in presence { column.deallocate() }
        stringBytes.deallocate()
    }

    public func removeAll() {
        count = 0
        stringBytesCount = 0
    }

    /// Copies `length` bytes into the string store and returns the word that stands for them.
    @inline(__always)
    public func appendString(_ bytes: UnsafePointer<UInt8>, length: Int) -> Int64 {
        let start = stringBytesCount
        if start &+ length > stringBytesCapacity { growStrings(toHold: start + length) }
        (stringBytes + start).update(from: bytes, count: length)
        stringBytesCount = start &+ length
        return Int64(truncatingIfNeeded: start) << 32 | Int64(truncatingIfNeeded: length)
    }

    @inline(never)
    private func growStrings(toHold needed: Int) {
        // Places are 32-bit: a batch of `batch_events` strings of at most `stringBytesMax` stays far below.
        precondition(needed <= Int(UInt32.max), "\(needed) bytes of strings in one batch")
        let capacity = max(needed, stringBytesCapacity * 2)
        let grown = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        grown.update(from: stringBytes, count: stringBytesCount)
        stringBytes.deallocate()
        stringBytes = grown
        stringBytesCapacity = capacity
    }

    /// The bytes of a string column's value; valid until the batch is refilled.
    @inline(__always)
    public func string(_ field: FieldIndex, row: Int) -> UnsafeBufferPointer<UInt8> {
        let word = words[field.rawValue][row]
        return UnsafeBufferPointer(start: stringBytes + Int(word >> 32), count: Int(word & 0xFFFF_FFFF))
    }
}

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
/// All buffers have `capacity` rows and are allocated once; `removeAll` keeps them. A row with a fault keeps its place,
/// so that order and accounting stay whole, but its field columns say nothing.
///
/// A field's column holds one 64-bit word a row: `int` and `decimal` the integer (decimals in 10^-scale units), `bool`
/// 0 or 1, `time` microseconds, `float` the bits of a `Double`, `string` a packed place in `stringBytes`.
// SAFETY: a batch is filled by one worker and then read by many; phases are separated by the pool's join, and rows of a
// phase are split into disjoint ranges.
public final class EventBatch: @unchecked Sendable {
    public let schema: EventSchema
    public let capacity: Int
    // SAFETY: the accesses of a batch's few variables never overlap, since none of them is passed inout while a method
    // runs; the run-time check of that costs more than a whole row.
    @exclusivity(unchecked) public var count = 0

    /// Event time in microseconds; where the row has a fault found before its time was known, `Int64.min`.
    public let eventTimes: UnsafeMutablePointer<Int64>
    /// What orders a row among those of all sources, and moves the watermark: when it became available, but never before
    /// its own time. The same memory as `eventTimes` where no source says that its events come later than they are.
    public let orderTimes: UnsafeMutablePointer<Int64>
    /// Whether `orderTimes` is a column of its own.
    public let hasOrderTimes: Bool
    /// The record's timestamp in microseconds; `Int64.min` where it has none.
    public let recordTimes: UnsafeMutablePointer<Int64>
    /// The offset in the partition, or the line number in a file.
    public let offsets: UnsafeMutablePointer<Int64>
    /// The lane (partition) that the row came from.
    public let lanes: UnsafeMutablePointer<Int32>
    /// The source that the row came from; 0 is the one that is scored.
    public let sources: UnsafeMutablePointer<UInt8>
    public let faults: UnsafeMutablePointer<Fault>
    /// `words[field][row]`.
    public let words: [UnsafeMutablePointer<Int64>]
    /// `presence[field][row]`, see `Presence`.
    public let presence: [UnsafeMutablePointer<UInt8>]

    /// `words` and `presence` again, to be reached without bounds checks and reference counting.
    let wordColumns: UnsafeMutablePointer<UnsafeMutablePointer<Int64>>
    let presenceColumns: UnsafeMutablePointer<UnsafeMutablePointer<UInt8>>
    let fieldCount: Int
    /// The indices of the fields of type `string`.
    let stringFields: UnsafeMutableBufferPointer<Int>

    /// The bytes of all strings; grows while warming up and is kept.
    @exclusivity(unchecked) public private(set) var stringBytes: UnsafeMutablePointer<UInt8>
    @exclusivity(unchecked) public private(set) var stringBytesCapacity: Int
    @exclusivity(unchecked) public private(set) var stringBytesCount = 0

    /// Bytes behind the string store that may be read and written, so that short strings are copied without a loop.
    static let stringSlack = 16

    /// - Parameter hasOrderTimes: whether events of some source are ordered by another time than their own.
    public init(schema: EventSchema, capacity: Int, hasOrderTimes: Bool = false) {
        precondition(capacity > 0, "a batch of \(capacity) rows")
        self.schema = schema
        self.capacity = capacity
        eventTimes = .allocate(capacity: capacity)
        self.hasOrderTimes = hasOrderTimes
        orderTimes = hasOrderTimes ? .allocate(capacity: capacity) : eventTimes
        recordTimes = .allocate(capacity: capacity)
        offsets = .allocate(capacity: capacity)
        lanes = .allocate(capacity: capacity)
        sources = .allocate(capacity: capacity)
        sources.initialize(repeating: 0, count: capacity)
        faults = .allocate(capacity: capacity)
        faults.initialize(repeating: .none, count: capacity)
        words = schema.fields.map { _ in .allocate(capacity: capacity) }
        presence = schema.fields.map { _ in .allocate(capacity: capacity) }
        fieldCount = schema.fields.count
        wordColumns = .allocate(capacity: max(1, fieldCount))
        wordColumns.initialize(from: words, count: fieldCount)
        presenceColumns = .allocate(capacity: max(1, fieldCount))
        presenceColumns.initialize(from: presence, count: fieldCount)
        let strings = schema.fields.indices.filter { schema.fields[$0].type == .string }
        stringFields = .allocate(capacity: strings.count)
        _ = stringFields.initialize(from: strings)
        stringBytesCapacity = max(64, capacity * 16)
        stringBytes = .allocate(capacity: stringBytesCapacity + Self.stringSlack)
    }

    deinit {
        if hasOrderTimes { orderTimes.deallocate() }
        eventTimes.deallocate()
        recordTimes.deallocate()
        offsets.deallocate()
        lanes.deallocate()
        sources.deallocate()
        faults.deallocate()
        for column in words { column.deallocate() }
        for column in presence { column.deallocate() }
        wordColumns.deallocate()
        presenceColumns.deallocate()
        stringFields.deallocate()
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

    /// Copies a string out of another batch's store and returns the word that stands for it.
    @inline(__always)
    func appendString(_ word: Int64, of other: EventBatch) -> Int64 {
        let from = UnsafeRawPointer(other.stringBytes) + Int(UInt64(bitPattern: word) >> 32)
        let length = Int(word & 0xFFFF_FFFF)
        let start = stringBytesCount
        if start &+ length > stringBytesCapacity { growStrings(toHold: start + length) }
        let to = UnsafeMutableRawPointer(stringBytes) + start
        if length <= Self.stringSlack {
            to.storeBytes(of: from.loadUnaligned(as: UInt64.self), as: UInt64.self)
            to.storeBytes(of: from.loadUnaligned(fromByteOffset: 8, as: UInt64.self), toByteOffset: 8, as: UInt64.self)
        } else {
            to.copyMemory(from: from, byteCount: length)
        }
        stringBytesCount = start &+ length
        return Int64(truncatingIfNeeded: start) << 32 | Int64(truncatingIfNeeded: length)
    }

    @inline(never)
    private func growStrings(toHold needed: Int) {
        // Places are 32-bit: a batch of `batch_events` strings of at most `stringBytesMax` stays far below.
        precondition(needed <= Int(UInt32.max), "\(needed) bytes of strings in one batch")
        let capacity = max(needed, stringBytesCapacity * 2)
        let grown = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity + Self.stringSlack)
        grown.update(from: stringBytes, count: stringBytesCount)
        stringBytes.deallocate()
        stringBytes = grown
        stringBytesCapacity = capacity
    }

    /// The bytes of a string column's value; valid until the batch is refilled.
    @inline(__always)
    public func string(_ field: FieldIndex, row: Int) -> UnsafeBufferPointer<UInt8> {
        let word = words[field.rawValue][row]
        // Unsigned: a place above two gigabytes has the highest bit set.
        let place = Int(UInt64(bitPattern: word) >> 32)
        return UnsafeBufferPointer(start: stringBytes + place, count: Int(word & 0xFFFF_FFFF))
    }
}

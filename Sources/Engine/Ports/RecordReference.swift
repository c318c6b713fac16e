/// One record as its source lent it: the bytes live until the record is given back with `SourcePort.release`.
public struct RecordReference {
    /// `nil`: the record has no key.
    public var key: UnsafeRawPointer?
    public var keyCount: Int
    /// `nil`: the record has no value (a tombstone).
    public var value: UnsafeRawPointer?
    public var valueCount: Int
    public var offset: Int64
    /// The record's timestamp in microseconds; `Int64.min` where it has none.
    public var timestamp: Int64
    /// The source's own name for the record.
    public var handle: UnsafeMutableRawPointer?
    /// False: it is known to have none. By the time it is sent a record is far from the processor, and a look at its
    /// headers waits for memory twice.
    public var mayHaveHeaders: Bool

    public init(
        key: UnsafeRawPointer?, keyCount: Int, value: UnsafeRawPointer?, valueCount: Int, offset: Int64,
        timestamp: Int64, handle: UnsafeMutableRawPointer?, mayHaveHeaders: Bool = true
    ) {
        self.key = key
        self.keyCount = keyCount
        self.value = value
        self.valueCount = valueCount
        self.offset = offset
        self.timestamp = timestamp
        self.handle = handle
        self.mayHaveHeaders = mayHaveHeaders
    }

    /// Bytes of key and value.
    @inline(__always)
    var byteCount: Int { (key == nil ? 0 : keyCount) + (value == nil ? 0 : valueCount) }
}

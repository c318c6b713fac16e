/// Why one event cannot be used. A fault is data in a column of the batch: it is counted and dead-lettered, never
/// thrown.
public enum FaultCode: UInt16, Hashable, Sendable, CaseIterable {
    case none = 0
    /// The record has no value (a Kafka tombstone).
    case tombstone
    /// The value is longer than `DecodeLimits.eventBytesMax`.
    case eventTooLarge
    case invalidUTF8
    /// Not JSON, truncated JSON, or something behind the object.
    case invalidJSON
    /// Nested deeper than `DecodeLimits.depthMax`.
    case nestedTooDeep
    /// JSON, but not an object.
    case notAnObject
    case duplicateField
    case fieldMissing
    case fieldNull
    case wrongType
    /// A number outside its type, or outside the field's `min` and `max`.
    case numberOutOfRange
    /// More digits behind the point than the decimal's scale.
    case tooManyDecimals
    /// A string longer than `DecodeLimits.stringBytesMax`.
    case stringTooLong
    case invalidTime
    /// A time outside years 1 to 9999.
    case timeOutOfRange
    /// Later than the record's timestamp by more than `ahead`; in a file, than the present.
    case timeAhead
    /// A CSV row with another number of columns than its header.
    case wrongColumnCount
    /// Older than the watermark by more than `late.after`, where the policy is dead-letter.
    case late
    /// A CSV record with quotes that do not close, or with something behind a closing quote.
    case invalidCSV
    /// The process died twice over it: it is not looked at again.
    case quarantined

    /// The stable kebab-case code of headers, metrics and docs.
    public var name: String {
        switch self {
        case .none: "none"
        case .tombstone: "tombstone"
        case .eventTooLarge: "event-too-large"
        case .invalidUTF8: "invalid-utf8"
        case .invalidJSON: "invalid-json"
        case .nestedTooDeep: "nested-too-deep"
        case .notAnObject: "not-an-object"
        case .duplicateField: "duplicate-field"
        case .fieldMissing: "field-missing"
        case .fieldNull: "field-null"
        case .wrongType: "wrong-type"
        case .numberOutOfRange: "number-out-of-range"
        case .tooManyDecimals: "too-many-decimals"
        case .stringTooLong: "string-too-long"
        case .invalidTime: "invalid-time"
        case .timeOutOfRange: "time-out-of-range"
        case .timeAhead: "time-ahead"
        case .wrongColumnCount: "wrong-column-count"
        case .late: "late"
        case .invalidCSV: "invalid-csv"
        case .quarantined: "quarantined"
        }
    }
}

/// One event's fault: what, in which field (`-1`: none in particular), and at which byte of the value (0 if unknown).
public struct Fault: Hashable, Sendable {
    public var code: FaultCode
    public var field: Int16
    public var byteOffset: UInt32

    @inlinable
    public init(_ code: FaultCode, field: Int = -1, byteOffset: Int = 0) {
        self.code = code
        self.field = Int16(truncatingIfNeeded: field)
        self.byteOffset = UInt32(clamping: byteOffset)
    }

    public static let none = Fault(.none)
}

/// Bounds on one event; beyond them it is a fault.
public struct DecodeLimits: Hashable, Sendable {
    public var eventBytesMax: Int
    public var depthMax: Int
    public var stringBytesMax: Int
    /// What `ahead` is measured from for records without a timestamp of their own, in microseconds; `nil`: such events
    /// may be as late as they like.
    public var presentMicroseconds: Int64?

    public init(eventBytesMax: Int = 262_144, depthMax: Int = 64, stringBytesMax: Int = 4_096) {
        self.eventBytesMax = eventBytesMax
        self.depthMax = depthMax
        self.stringBytesMax = stringBytesMax
    }
}

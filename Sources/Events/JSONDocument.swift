import CSimdjson

/// Why a text is not a usable JSON document.
public struct JSONFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// Stable and kebab-case.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        case tooLarge = "json-too-large"
        case tooDeep = "json-too-deep"
        case duplicateKey = "json-duplicate-key"
        case outOfMemory = "out-of-memory"
        /// Truncated, not UTF-8, something behind the value, a number beyond 64 bits, and so on.
        case invalid = "invalid-json"
    }

    public let code: Code
    public let message: String

    public var description: String { "\(message) [\(code.rawValue)]" }
}

/// A whole JSON text as a read-only tree: for files that are read once, such as models and references.
///
/// Events have their own decoder; this one allocates for every string that is read.
public final class JSONDocument {
    public struct Limits: Hashable, Sendable {
        /// The longest text that is parsed; parsing needs up to about 15 times as much memory for a moment.
        public var bytesMax: Int
        /// How deep objects and arrays may nest.
        public var depthMax: Int

        public init(bytesMax: Int = 1 << 30, depthMax: Int = 128) {
            self.bytesMax = bytesMax
            self.depthMax = depthMax
        }
    }

    /// How far a text may stray from what every JSON reader agrees on.
    public struct Dialect: Hashable, Sendable {
        /// An object that names a key twice is an error; else its first value counts.
        public var rejectsDuplicateKeys: Bool
        /// The bare words `NaN`, `Infinity` and `-Infinity` are numbers, as several libraries write them.
        public var acceptsNonFiniteWords: Bool

        public init(rejectsDuplicateKeys: Bool = false, acceptsNonFiniteWords: Bool = false) {
            self.rejectsDuplicateKeys = rejectsDuplicateKeys
            self.acceptsNonFiniteWords = acceptsNonFiniteWords
        }
    }

    private let handle: OpaquePointer

    /// Parses `bytes`, which are copied: they need not outlive the call, nor have padding.
    ///
    /// Complexity: O(n); where keys are compared O(n log k) for objects of k keys.
    public init(
        parsing bytes: UnsafeRawBufferPointer, limits: Limits = Limits(), dialect: Dialect = Dialect()
    ) throws(JSONFailure) {
        handle = try Self.parse(bytes, limits: limits, dialect: dialect).get()
    }

    /// Parses a text; see `init(parsing:limits:dialect:)` for bytes.
    public init(
        parsing text: String, limits: Limits = Limits(), dialect: Dialect = Dialect()
    ) throws(JSONFailure) {
        let parsed = Array(text.utf8).withUnsafeBytes {
            Self.parse($0, limits: limits, dialect: dialect)
        }
        handle = try parsed.get()
    }

    deinit { riffle_json_document_free(handle) }

    public var root: JSONValue { JSONValue(document: self, value: riffle_json_document_root(handle)) }

    private static func parse(
        _ bytes: UnsafeRawBufferPointer, limits: Limits, dialect: Dialect
    ) -> Result<OpaquePointer, JSONFailure> {
        guard bytes.count <= limits.bytesMax else {
            let message = "\(bytes.count) bytes of JSON, where at most \(limits.bytesMax) are read"
            return .failure(JSONFailure(code: .tooLarge, message: message))
        }
        guard let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), !bytes.isEmpty else {
            return .failure(JSONFailure(code: .invalid, message: "no JSON: the text is empty"))
        }
        var error: Int32 = 0
        let options = riffle_json_options(
            depth_max: max(1, limits.depthMax), reject_duplicate_keys: dialect.rejectsDuplicateKeys ? 1 : 0,
            accept_nonfinite_words: dialect.acceptsNonFiniteWords ? 1 : 0)
        let parsed = riffle_json_document_parse(start, bytes.count, options, &error)
        guard let parsed else { return .failure(failure(error, limits: limits)) }
        return .success(parsed)
    }

    private static func failure(_ error: Int32, limits: Limits) -> JSONFailure {
        // simdjson's sentences begin with a capital letter, and messages here do not.
        let words = String(cString: riffle_json_error_message(error))
        let message = words.prefix(1).lowercased() + words.dropFirst()
        switch Int(error) {
        case Int(RIFFLE_JSON_TOO_DEEP):
            return JSONFailure(code: .tooDeep, message: "JSON nested deeper than \(limits.depthMax) levels")
        case Int(RIFFLE_JSON_NO_MEMORY): return JSONFailure(code: .outOfMemory, message: message)
        case Int(RIFFLE_JSON_DUPLICATE_KEY): return JSONFailure(code: .duplicateKey, message: message)
        default: return JSONFailure(code: .invalid, message: message)
        }
    }
}

/// One value of a `JSONDocument`; it keeps the document alive.
///
/// Reading a value as another kind than its own gives `nil`, never a trap.
public struct JSONValue {
    public enum Kind: String, Hashable, Sendable {
        case null, bool, integer, number, string, array, object
    }

    private let document: JSONDocument
    private let value: riffle_json_value

    fileprivate init(document: JSONDocument, value: riffle_json_value) {
        self.document = document
        self.value = value
    }

    /// `.integer` is a number written without fraction and exponent that fits 64 bits, `.number` any other.
    public var kind: Kind {
        switch riffle_json_value_kind(value) {
        case RIFFLE_JSON_BOOL: .bool
        case RIFFLE_JSON_INT64, RIFFLE_JSON_UINT64: .integer
        case RIFFLE_JSON_DOUBLE: .number
        case RIFFLE_JSON_STRING: .string
        case RIFFLE_JSON_ARRAY: .array
        case RIFFLE_JSON_OBJECT: .object
        default: .null
        }
    }

    /// A member of an object. Complexity: O(members).
    public subscript(key: String) -> JSONValue? {
        var key = key
        var result = riffle_json_value()
        let found = key.withUTF8 { utf8 -> Bool in
            utf8.withMemoryRebound(to: CChar.self) {
                riffle_json_value_member(value, $0.baseAddress, $0.count, &result) != 0
            }
        }
        return found ? JSONValue(document: document, value: result) : nil
    }

    public var int64: Int64? {
        var result: Int64 = 0
        return riffle_json_value_int64(value, &result) != 0 ? result : nil
    }

    public var uint64: UInt64? {
        var result: UInt64 = 0
        return riffle_json_value_uint64(value, &result) != 0 ? result : nil
    }

    /// Any number; integers beyond 2^53 are rounded.
    public var double: Double? {
        var result: Double = 0
        return riffle_json_value_double(value, &result) != 0 ? result : nil
    }

    public var bool: Bool? {
        var result: Int32 = 0
        return riffle_json_value_bool(value, &result) != 0 ? result != 0 : nil
    }

    public var string: String? {
        var bytes: UnsafePointer<CChar>?
        var count = 0
        // The bytes lie in the document, which must not go before they are copied.
        return withExtendedLifetime(document) {
            guard riffle_json_value_string(value, &bytes, &count) != 0, let bytes else { return nil }
            return Self.text(bytes, count)
        }
    }

    /// The number of elements of an array or members of an object; 0 for anything else.
    ///
    /// Complexity: O(1) below 2^24 of them, else O(n).
    public var count: Int { riffle_json_value_count(value) }

    /// The elements of an array in order. Complexity: O(n), so take it once, not per element.
    public var elements: [JSONValue]? {
        guard kind == .array else { return nil }
        let capacity = count
        let values = [riffle_json_value](unsafeUninitializedCapacity: capacity) { buffer, filled in
            filled = capacity == 0 ? 0 : riffle_json_array_elements(value, buffer.baseAddress, capacity)
        }
        return values.map { JSONValue(document: document, value: $0) }
    }

    /// The members of an object in file order. Complexity: O(n).
    public var members: [(key: String, value: JSONValue)]? {
        guard kind == .object else { return nil }
        let capacity = count
        let found = [riffle_json_member](unsafeUninitializedCapacity: capacity) { buffer, filled in
            filled = capacity == 0 ? 0 : riffle_json_object_members(value, buffer.baseAddress, capacity)
        }
        return withExtendedLifetime(document) {
            found.map { (Self.text($0.key, $0.key_count), JSONValue(document: document, value: $0.value)) }
        }
    }

    private static func text(_ bytes: UnsafePointer<CChar>, _ count: Int) -> String {
        let raw = UnsafeRawBufferPointer(start: bytes, count: count)
        return String(decoding: raw, as: UTF8.self)
    }
}

/// Why an array could not be read in bulk.
public enum JSONArrayFailure: Error, Hashable, Sendable {
    case notAnArray
    /// The first element that is of another type or out of the type's range.
    case element(Int)
}

/// Bulk reads of arrays of one type: one pass, without a handle per element.
extension JSONValue {
    /// Any numbers, each rounded once to float32 (beyond its range: to infinity).
    public func floats() throws(JSONArrayFailure) -> [Float] {
        try bulk { riffle_json_array_floats(value, $0, $1) }
    }

    /// Any numbers; integers beyond 2^53 are rounded.
    public func doubles() throws(JSONArrayFailure) -> [Double] {
        try bulk { riffle_json_array_doubles(value, $0, $1) }
    }

    /// Integers from -2^31 to 2^31 - 1; a number with a fraction or an exponent is another type.
    public func int32s() throws(JSONArrayFailure) -> [Int32] {
        try bulk { riffle_json_array_int32s(value, $0, $1) }
    }

    /// Integers from 0 to 255, `false` as 0 and `true` as 1.
    public func bytes() throws(JSONArrayFailure) -> [UInt8] {
        try bulk { riffle_json_array_bytes(value, $0, $1) }
    }

    private func bulk<Element>(
        _ read: (UnsafeMutablePointer<Element>, Int) -> Int
    ) throws(JSONArrayFailure) -> [Element] {
        guard kind == .array else { throw .notAnArray }
        let capacity = count
        let result = [Element](unsafeUninitializedCapacity: capacity) { buffer, filled in
            filled = buffer.baseAddress.map { capacity == 0 ? 0 : read($0, capacity) } ?? 0
        }
        guard result.count == capacity else { throw .element(result.count) }
        return result
    }
}

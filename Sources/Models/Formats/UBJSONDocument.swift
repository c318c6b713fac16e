/// A whole UBJSON text as a read-only tree, which `ModelField` reads as it reads JSON.
///
/// One pass checks every byte and notes where each container ends; values are decoded when they are asked for. Read are
/// plain, counted and typed containers and lengths of every integer type; refused are no-ops, high-precision numbers
/// and typed containers of containers or of values without bytes, none of which XGBoost writes or reads.
///
/// Format: https://ubjson.org, draft 12.
final class UBJSONDocument {
    /// What the first pass notes of one container; containers stand in the order of the file.
    struct Container {
        /// Where the bytes behind it begin.
        var end: UInt32
        /// The container behind this one and all within it.
        var next: UInt32
    }

    fileprivate let bytes: [UInt8]
    fileprivate let containers: [Container]

    /// Parses `source`, which is copied. Complexity: O(n); 12 bytes for each container beside the copy.
    init(parsing source: UnsafeRawBufferPointer, depthMax: Int) throws(ModelFailure) {
        guard source.count < Int(UInt32.max) else {
            throw ModelFailure(.tooLarge, "\(source.count) bytes, where less than 4 GiB are read")
        }
        bytes = Array(source)
        var check = UBJSONCheck(bytes: bytes, depthMax: depthMax)
        try check.run()
        containers = check.containers
    }

    var root: UBJSONValue { UBJSONValue(document: self, marker: bytes[0], start: 1, container: 0) }

    /// An object of UBJSON begins like one of JSON, but then comes a length, a type or a count and never a quote.
    static func begins(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count > 1 && bytes[0] == UInt8(ascii: "{") && "iUIlL$#".utf8.contains(bytes[1])
    }
}

/// How single pieces of UBJSON are encoded; nothing here reads beyond the bytes.
private enum UBJSONCode {
    /// What a container says of its content before the first element.
    struct Header {
        /// The type of every element; `nil`: each says it by itself.
        var element: UInt8?
        /// `nil`: up to the closing bracket.
        var count: Int?
        /// Where the first element begins.
        var start: Int
    }

    static func byte(_ bytes: [UInt8], _ place: Int) -> UInt8? {
        place < bytes.count ? bytes[place] : nil
    }

    /// Bytes of a value without a length; `nil` for other types.
    static func size(of marker: UInt8) -> Int? {
        switch marker {
        case UInt8(ascii: "Z"), UInt8(ascii: "T"), UInt8(ascii: "F"): 0
        case UInt8(ascii: "i"), UInt8(ascii: "U"), UInt8(ascii: "C"): 1
        case UInt8(ascii: "I"): 2
        case UInt8(ascii: "l"), UInt8(ascii: "d"): 4
        case UInt8(ascii: "L"), UInt8(ascii: "D"): 8
        default: nil
        }
    }

    /// Big-endian bytes as a number.
    @inline(__always)
    static func bits(_ bytes: UnsafeRawBufferPointer, _ place: Int, _ size: Int) -> UInt64 {
        var result: UInt64 = 0
        for index in 0..<size { result = result << 8 | UInt64(bytes[place + index]) }
        return result
    }

    /// `nil` for a type that is no integer.
    @inline(__always)
    static func integer(_ bytes: UnsafeRawBufferPointer, _ place: Int, _ marker: UInt8) -> Int64? {
        switch marker {
        case UInt8(ascii: "i"), UInt8(ascii: "C"): Int64(Int8(truncatingIfNeeded: bits(bytes, place, 1)))
        case UInt8(ascii: "U"): Int64(bits(bytes, place, 1))
        case UInt8(ascii: "I"): Int64(Int16(truncatingIfNeeded: bits(bytes, place, 2)))
        case UInt8(ascii: "l"): Int64(Int32(truncatingIfNeeded: bits(bytes, place, 4)))
        case UInt8(ascii: "L"): Int64(bitPattern: bits(bytes, place, 8))
        default: nil
        }
    }

    /// Rounded once to float32; `nil` for a type that is no number.
    @inline(__always)
    static func float(_ bytes: UnsafeRawBufferPointer, _ place: Int, _ marker: UInt8) -> Float? {
        switch marker {
        case UInt8(ascii: "d"): Float(bitPattern: UInt32(bits(bytes, place, 4)))
        case UInt8(ascii: "D"): Float(Double(bitPattern: bits(bytes, place, 8)))
        default: integer(bytes, place, marker).map(Float.init)
        }
    }

    /// A length that is not negative with the place behind it.
    static func length(_ bytes: [UInt8], _ place: Int) -> (count: Int, end: Int)? {
        guard let marker = byte(bytes, place), marker != UInt8(ascii: "C"), let size = size(of: marker), size > 0,
            place + 1 + size <= bytes.count
        else { return nil }
        let value = bytes.withUnsafeBytes { integer($0, place + 1, marker) }
        guard let value, value >= 0 else { return nil }
        return (Int(value), place + 1 + size)
    }

    /// The bytes of a string or key whose length stands at `place`.
    static func text(_ bytes: [UInt8], _ place: Int) -> Range<Int>? {
        guard let (count, start) = length(bytes, place), count <= bytes.count - start else { return nil }
        return start..<start + count
    }

    static func header(_ bytes: [UInt8], _ place: Int) -> Header? {
        var header = Header(element: nil, count: nil, start: place)
        if byte(bytes, place) == UInt8(ascii: "$") {
            guard let element = byte(bytes, place + 1), byte(bytes, place + 2) == UInt8(ascii: "#") else { return nil }
            header.element = element
            header.start = place + 2
        }
        if byte(bytes, header.start) == UInt8(ascii: "#") {
            guard let (count, start) = length(bytes, header.start + 1) else { return nil }
            header.count = count
            header.start = start
        }
        return header
    }
}

/// The pass over all bytes.
private struct UBJSONCheck {
    let bytes: [UInt8]
    let depthMax: Int
    var containers: [UBJSONDocument.Container] = []

    init(bytes: [UInt8], depthMax: Int) {
        self.bytes = bytes
        self.depthMax = depthMax
    }

    mutating func run() throws(ModelFailure) {
        guard let marker = bytes.first else { throw malformed("nothing", at: 0) }
        let end = try value(marker, at: 1, depth: 0)
        guard end == bytes.count else { throw malformed("something behind the value", at: end) }
    }

    private func malformed(_ what: String, at place: Int) -> ModelFailure {
        ModelFailure(.malformed, "\(what) in UBJSON", at: "byte \(place)")
    }

    /// Returns the place behind the value.
    private mutating func value(_ marker: UInt8, at place: Int, depth: Int) throws(ModelFailure) -> Int {
        if let size = UBJSONCode.size(of: marker) {
            guard size <= bytes.count - place else { throw malformed("the end within a number", at: place) }
            return place + size
        }
        switch marker {
        case UInt8(ascii: "S"):
            guard let text = UBJSONCode.text(bytes, place) else { throw malformed("a string without end", at: place) }
            return text.upperBound
        case UInt8(ascii: "["), UInt8(ascii: "{"):
            guard depth < depthMax else { throw malformed("nesting deeper than \(depthMax) levels", at: place) }
            let index = containers.count
            containers.append(.init(end: 0, next: 0))
            let end = try content(of: marker, at: place, depth: depth + 1)
            containers[index] = .init(end: UInt32(end), next: UInt32(containers.count))
            return end
        default: throw malformed("an unknown type", at: place - 1)
        }
    }

    private mutating func content(of marker: UInt8, at place: Int, depth: Int) throws(ModelFailure) -> Int {
        guard let header = UBJSONCode.header(bytes, place) else { throw malformed("a bad type or count", at: place) }
        let isObject = marker == UInt8(ascii: "{")
        if let element = header.element {
            // Values without bytes would let a few bytes stand for any number of them.
            let size = UBJSONCode.size(of: element)
            guard size != 0, size != nil || element == UInt8(ascii: "S"), let count = header.count else {
                throw malformed("a typed container of another type than numbers or strings", at: place)
            }
            if let size, !isObject {
                guard count <= (bytes.count - header.start) / size else {
                    throw malformed("\(count) elements, which the file has no room for,", at: place)
                }
                return header.start + count * size
            }
        }
        return try elements(header, isObject: isObject, depth: depth)
    }

    private mutating func elements(
        _ header: UBJSONCode.Header, isObject: Bool, depth: Int
    ) throws(ModelFailure) -> Int {
        let close = isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
        var keys: [Range<Int>] = []
        var place = header.start
        var index = 0
        while index != header.count {
            if header.count == nil, UBJSONCode.byte(bytes, place) == close {
                place += 1
                break
            }
            if isObject {
                guard let key = UBJSONCode.text(bytes, place) else { throw malformed("a bad key", at: place) }
                keys.append(key)
                place = key.upperBound
            }
            var marker = header.element
            if marker == nil {
                marker = UBJSONCode.byte(bytes, place)
                place += 1
            }
            guard let marker else { throw malformed("the end within a container", at: bytes.count) }
            place = try value(marker, at: place, depth: depth)
            index += 1
        }
        try checkKeys(keys)
        return place
    }

    /// An object that names a key twice is refused, as in JSON.
    private func checkKeys(_ keys: [Range<Int>]) throws(ModelFailure) {
        if keys.count > 24 {
            var seen: Set<ArraySlice<UInt8>> = []
            for key in keys where !seen.insert(bytes[key]).inserted {
                throw malformed("a key that stands twice in an object", at: key.lowerBound)
            }
            return
        }
        for (index, key) in keys.enumerated() {
            for other in keys[..<index] where other.count == key.count && bytes[other].elementsEqual(bytes[key]) {
                throw malformed("a key that stands twice in an object", at: key.lowerBound)
            }
        }
    }
}

/// One value of a `UBJSONDocument`; it keeps the document alive.
struct UBJSONValue {
    fileprivate let document: UBJSONDocument
    fileprivate let marker: UInt8
    /// Where its bytes begin behind the marker.
    fileprivate let start: Int
    /// Its own number among the containers, or that of the next one.
    fileprivate let container: Int

    var isObject: Bool { marker == UInt8(ascii: "{") }
    var isArray: Bool { marker == UInt8(ascii: "[") }

    /// For messages.
    var kind: String {
        switch marker {
        case UInt8(ascii: "Z"): "null"
        case UInt8(ascii: "T"), UInt8(ascii: "F"): "bool"
        case UInt8(ascii: "d"), UInt8(ascii: "D"): "number"
        case UInt8(ascii: "S"): "string"
        case UInt8(ascii: "["): "array"
        case UInt8(ascii: "{"): "object"
        default: "integer"
        }
    }

    var string: String? {
        guard marker == UInt8(ascii: "S"), let text = UBJSONCode.text(document.bytes, start) else { return nil }
        return String(validating: document.bytes[text], as: UTF8.self)
    }

    var int64: Int64? { document.bytes.withUnsafeBytes { UBJSONCode.integer($0, start, marker) } }

    private var bool: UInt8? {
        marker == UInt8(ascii: "T") ? 1 : marker == UInt8(ascii: "F") ? 0 : nil
    }

    /// A member of an object. Complexity: O(members), numbers within plain arrays of the object included.
    func member(_ key: String) -> UBJSONValue? {
        guard isObject else { return nil }
        let key = Array(key.utf8)
        var found: UBJSONValue?
        forEachElement { name, value in
            guard document.bytes[name].elementsEqual(key) else { return true }
            found = value
            return false
        }
        return found
    }

    /// The elements of an array in order; `nil` for anything else. Complexity: O(n).
    var elements: [UBJSONValue]? {
        guard isArray else { return nil }
        var result: [UBJSONValue] = []
        forEachElement { _, value in
            result.append(value)
            return true
        }
        return result
    }

    /// Elements of an array or members of an object with the bytes of their keys, until `body` returns false.
    private func forEachElement(_ body: (Range<Int>, UBJSONValue) -> Bool) {
        let bytes = document.bytes
        guard let header = UBJSONCode.header(bytes, start) else { return }
        let end = Int(document.containers[container].end) - (header.count == nil ? 1 : 0)
        var place = header.start
        var next = container + 1
        while place < end {
            var key = place..<place
            if isObject {
                guard let text = UBJSONCode.text(bytes, place) else { return }
                key = text
                place = text.upperBound
            }
            var marker = header.element ?? 0
            if header.element == nil {
                marker = bytes[place]
                place += 1
            }
            guard body(key, UBJSONValue(document: document, marker: marker, start: place, container: next)) else {
                return
            }
            if let size = UBJSONCode.size(of: marker) {
                place += size
            } else if marker == UInt8(ascii: "S") {
                guard let text = UBJSONCode.text(bytes, place) else { return }
                place = text.upperBound
            } else {
                place = Int(document.containers[next].end)
                next = Int(document.containers[next].next)
            }
        }
    }
}

/// Bulk reads of arrays of one type, without a value for each element of a typed one.
extension UBJSONValue {
    /// Why an array could not be read; the same as JSON's.
    enum ArrayFailure: Error {
        case notAnArray
        case element(Int)
    }

    /// Any numbers, each rounded once to float32.
    func floats() throws(ArrayFailure) -> [Float] { try bulk { UBJSONCode.float($0, $1, $2) } }

    func int32s() throws(ArrayFailure) -> [Int32] {
        try bulk { UBJSONCode.integer($0, $1, $2).flatMap { Int32(exactly: $0) } }
    }

    /// Integers from 0 to 255, false as 0 and true as 1.
    func octets() throws(ArrayFailure) -> [UInt8] {
        try bulk { bytes, place, marker in
            if marker == UInt8(ascii: "T") { return 1 }
            if marker == UInt8(ascii: "F") { return 0 }
            return UBJSONCode.integer(bytes, place, marker).flatMap { UInt8(exactly: $0) }
        }
    }

    private func bulk<Element>(
        _ decode: (UnsafeRawBufferPointer, Int, UInt8) -> Element?
    ) throws(ArrayFailure) -> [Element] {
        guard isArray, let header = UBJSONCode.header(document.bytes, start) else { throw .notAnArray }
        var result: [Element] = []
        var isWhole = true
        document.bytes.withUnsafeBytes { bytes in
            if let element = header.element, let size = UBJSONCode.size(of: element), let count = header.count {
                result.reserveCapacity(count)
                for index in 0..<count {
                    guard let value = decode(bytes, header.start + index * size, element) else {
                        isWhole = false
                        return
                    }
                    result.append(value)
                }
                return
            }
            forEachElement { _, value in
                guard UBJSONCode.size(of: value.marker) != nil, let decoded = decode(bytes, value.start, value.marker)
                else {
                    isWhole = false
                    return false
                }
                result.append(decoded)
                return true
            }
        }
        guard isWhole else { throw .element(result.count) }
        return result
    }
}

/// Reads what a `StateWriter` wrote, from bytes that nobody vouches for.
///
/// Whatever the bytes are, reading them ends in values or in a `StateFault`: nothing traps, and no list takes more memory
/// than its bytes can fill. Values are only checked for being there; what they mean the caller holds against its limits,
/// with `expect`.
public struct StateReader: Sendable {
    /// Of the bytes: one of the versions that were asked for.
    public let version: Int
    private let kind: String
    private let bytes: [UInt8]
    private var place: Int
    /// Where the checksum begins.
    private let end: Int

    /// Opens a state and checks its seal.
    ///
    /// - Parameter oldest: the oldest version that the caller can read; the newest is the kind's own.
    /// - Throws: where it is of another kind or version, or damaged. Complexity: O(bytes).
    public init(_ bytes: [UInt8], of kind: StateKind, oldest: Int = 1) throws(StateFault) {
        let mark = StateWriter.mark
        guard bytes.starts(with: mark) else { throw .notState(expected: kind.name) }
        guard bytes.count >= mark.count + 8 else { throw .damaged(kind: kind.name, what: "cut short") }
        let end = bytes.count - 8
        let seal = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: end, as: UInt64.self) }
        guard UInt64(littleEndian: seal) == StateSeal.of(bytes[..<end]) else {
            throw .damaged(kind: kind.name, what: "its checksum is not that of its content")
        }
        var header = StateReader(bytes: bytes, kind: kind.name, place: mark.count, end: end, version: 0)
        let name = try header.text(bytesMax: 64, "the kind")
        guard StateKind.isName(name) else { throw header.fault("the kind") }
        guard name == kind.name else { throw .ofAnotherKind(found: name, expected: kind.name) }
        let version = try header.count(max: 65_535, "the version")
        guard version >= oldest, version <= kind.version else {
            throw .ofAnotherVersion(kind: name, found: version, expected: min(oldest, kind.version)...kind.version)
        }
        self.init(bytes: bytes, kind: name, place: header.place, end: end, version: version)
    }

    private init(bytes: [UInt8], kind: String, place: Int, end: Int, version: Int) {
        self.bytes = bytes
        self.kind = kind
        self.place = place
        self.end = end
        self.version = version
    }

    /// Bytes that are left.
    public var remaining: Int { end - place }

    /// What to throw when a value is not as it must be.
    public func fault(_ what: String) -> StateFault { .damaged(kind: kind, what: what) }

    /// - Throws: `damaged` where the condition does not hold.
    public func expect(_ condition: Bool, _ what: @autoclosure () -> String) throws(StateFault) {
        if !condition { throw fault(what()) }
    }

    public mutating func word(_ what: String) throws(StateFault) -> UInt64 { try number(what) }
    public mutating func integer(_ what: String) throws(StateFault) -> Int64 { try number(what) }
    public mutating func word32(_ what: String) throws(StateFault) -> UInt32 { try number(what) }
    public mutating func word16(_ what: String) throws(StateFault) -> UInt16 { try number(what) }
    public mutating func byte(_ what: String) throws(StateFault) -> UInt8 { try number(what) }

    /// Any number, NaN and infinities too.
    public mutating func double(_ what: String) throws(StateFault) -> Double { Double(bitPattern: try number(what)) }

    public mutating func finite(_ what: String) throws(StateFault) -> Double {
        let value = try double(what)
        try expect(value.isFinite, "\(what) is \(value)")
        return value
    }

    public mutating func flag(_ what: String) throws(StateFault) -> Bool {
        let byte = try byte(what)
        try expect(byte <= 1, "\(what) is \(byte)")
        return byte == 1
    }

    /// A count from 0 to `max`.
    public mutating func count(max: Int, _ what: String) throws(StateFault) -> Int {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try byte(what)
            let bits = UInt64(byte & 0x7F)
            // The tenth byte has one bit left; a last byte of 0 would be a second way to write the same count.
            guard shift < 63 || bits <= 1, byte != 0 || shift == 0 else { throw fault(what) }
            value |= bits << shift
            if byte & 0x80 == 0 { break }
            shift += 7
            guard shift <= 63 else { throw fault(what) }
        }
        guard max >= 0, value <= UInt64(max) else { throw fault("\(what): \(value), at most \(max)") }
        return Int(value)
    }

    /// How many things follow that take at least so many bytes each: no more than the bytes that are left can hold.
    ///
    /// - Precondition: things have bytes.
    public mutating func count(ofBytes size: Int, max: Int, _ what: String) throws(StateFault) -> Int {
        precondition(size > 0, "things of \(size) bytes")
        let count = try count(max: max, what)
        try expect(count <= remaining / size, "\(what): \(count) are announced")
        return count
    }

    /// UTF-8; what is not is damage.
    public mutating func text(bytesMax: Int, _ what: String) throws(StateFault) -> String {
        let range = try range(bytesMax, what)
        guard let text = String(validating: bytes[range], as: UTF8.self) else { throw fault(what) }
        return text
    }

    public mutating func blob(bytesMax: Int, _ what: String) throws(StateFault) -> [UInt8] {
        Array(bytes[try range(bytesMax, what)])
    }

    public mutating func doubles(countMax: Int, _ what: String) throws(StateFault) -> [Double] {
        let count = try count(ofBytes: 8, max: countMax, what)
        var values: [Double] = []
        values.reserveCapacity(count)
        for _ in 0..<count { values.append(try double(what)) }
        return values
    }

    public mutating func counts(countMax: Int, max: Int, _ what: String) throws(StateFault) -> [Int] {
        let count = try count(ofBytes: 1, max: countMax, what)
        var values: [Int] = []
        values.reserveCapacity(count)
        for _ in 0..<count { values.append(try self.count(max: max, what)) }
        return values
    }

    /// - Throws: where something is left.
    public func finish() throws(StateFault) {
        try expect(remaining == 0, "\(remaining) bytes too many")
    }

    private mutating func range(_ bytesMax: Int, _ what: String) throws(StateFault) -> Range<Int> {
        let count = try count(ofBytes: 1, max: bytesMax, what)
        place += count
        return place - count..<place
    }

    @inline(__always)
    private mutating func number<Number: FixedWidthInteger>(_ what: String) throws(StateFault) -> Number {
        let size = Number.bitWidth / 8
        guard remaining >= size else { throw fault("\(what): cut short") }
        let number = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: place, as: Number.self) }
        place += size
        return Number(littleEndian: number)
    }
}

/// Reads one protocol buffer message, field by field, without trusting it.
///
/// A nested message is handed out as its bytes, to be read by another reader where its kind is known: nothing recurses
/// on what the file says. Unknown fields are skipped by whoever gets them. Groups, which ONNX never had, are refused.
///
/// Source: protobuf.dev, "Encoding".
struct ProtoReader {
    enum Wire: UInt8 {
        case varint = 0
        case fixed64 = 1
        case bytes = 2
        case fixed32 = 5
    }

    struct Field {
        let number: Int
        let wire: Wire
        /// Of a varint or a fixed number: its bits.
        let scalar: UInt64
        /// Of a field of bytes: what is in it.
        let content: UnsafeRawBufferPointer
    }

    private let bytes: UnsafeRawBufferPointer
    private var place = 0
    /// What the message is, for messages.
    private let what: String

    init(_ bytes: UnsafeRawBufferPointer, _ what: String) {
        self.bytes = bytes
        self.what = what
    }

    /// The next field; `nil` at the end.
    mutating func next() throws(ModelFailure) -> Field? {
        guard place < bytes.count else { return nil }
        let tag = try varint()
        guard tag >> 3 >= 1, tag >> 3 <= 0x1FFF_FFFF, let wire = Wire(rawValue: UInt8(tag & 7)) else {
            throw broken("a field with the tag \(tag)")
        }
        let number = Int(tag >> 3)
        let empty = UnsafeRawBufferPointer(start: nil, count: 0)
        switch wire {
        case .varint: return Field(number: number, wire: wire, scalar: try varint(), content: empty)
        case .fixed64: return Field(number: number, wire: wire, scalar: try fixed(8), content: empty)
        case .fixed32: return Field(number: number, wire: wire, scalar: try fixed(4), content: empty)
        case .bytes:
            let count = try varint()
            guard count <= UInt64(bytes.count - place) else {
                throw broken("a field of \(count) bytes, where \(bytes.count - place) are left")
            }
            let content = UnsafeRawBufferPointer(rebasing: bytes[place..<place + Int(count)])
            place += Int(count)
            return Field(number: number, wire: wire, scalar: 0, content: content)
        }
    }

    /// A varint where the reader stands, of at most ten bytes.
    mutating func varint() throws(ModelFailure) -> UInt64 {
        var result: UInt64 = 0
        var shift: UInt64 = 0
        while place < bytes.count, shift < 64 {
            let byte = bytes[place]
            place += 1
            result |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return result }
            shift += 7
        }
        throw broken("a number that does not end")
    }

    var isAtEnd: Bool { place >= bytes.count }

    private mutating func fixed(_ count: Int) throws(ModelFailure) -> UInt64 {
        guard bytes.count - place >= count else { throw broken("a number that is cut off") }
        var result: UInt64 = 0
        for index in 0..<count { result |= UInt64(bytes[place + index]) << UInt64(8 * index) }
        place += count
        return result
    }

    private func broken(_ message: String) -> ModelFailure {
        ModelFailure(.malformed, "\(message), at byte \(place)", at: what)
    }
}

extension ProtoReader.Field {
    var int: Int { Int(truncatingIfNeeded: scalar) }

    func text(_ what: String) throws(ModelFailure) -> String {
        guard wire == .bytes else { throw wrongKind(what) }
        return String(decoding: content, as: UTF8.self)
    }

    func message(_ what: String) throws(ModelFailure) -> ProtoReader {
        guard wire == .bytes else { throw wrongKind(what) }
        return ProtoReader(content, what)
    }

    /// Adds what a repeated field of integers holds, packed or not.
    func append(to list: inout [Int64], _ what: String) throws(ModelFailure) {
        switch wire {
        case .varint: list.append(Int64(bitPattern: scalar))
        case .bytes:
            var reader = ProtoReader(content, what)
            while !reader.isAtEnd { list.append(Int64(bitPattern: try reader.varint())) }
        default: throw wrongKind(what)
        }
    }

    /// Adds what a repeated field of float32 holds, packed or not.
    func append(to list: inout [Float], _ what: String) throws(ModelFailure) {
        switch wire {
        case .fixed32: list.append(Float(bitPattern: UInt32(truncatingIfNeeded: scalar)))
        case .bytes:
            guard content.count % 4 == 0 else { throw wrongKind(what) }
            list.reserveCapacity(list.count + content.count / 4)
            for index in 0..<content.count / 4 {
                let bits = content.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)
                list.append(Float(bitPattern: UInt32(littleEndian: bits)))
            }
        default: throw wrongKind(what)
        }
    }

    /// Adds what a repeated field of float64 holds, packed or not.
    func append(to list: inout [Double], _ what: String) throws(ModelFailure) {
        switch wire {
        case .fixed64: list.append(Double(bitPattern: scalar))
        case .bytes:
            guard content.count % 8 == 0 else { throw wrongKind(what) }
            list.reserveCapacity(list.count + content.count / 8)
            for index in 0..<content.count / 8 {
                let bits = content.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self)
                list.append(Double(bitPattern: UInt64(littleEndian: bits)))
            }
        default: throw wrongKind(what)
        }
    }

    private func wrongKind(_ what: String) -> ModelFailure {
        ModelFailure(.wrongType, "field \(number) is not of the kind that it should be", at: what)
    }
}

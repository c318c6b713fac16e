/// Why bytes are not taken as state.
public enum StateFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// They do not begin as state does.
    case notState(expected: String)
    /// They are cut short, changed, or hold what is impossible; `what` says which part.
    case damaged(kind: String, what: String)
    case ofAnotherKind(found: String, expected: String)
    case ofAnotherVersion(kind: String, found: Int, expected: ClosedRange<Int>)
    /// Sound, but of another configuration; `what` says what differs.
    case ofOtherSettings(kind: String, what: String)

    public var description: String {
        switch self {
        case .notState(let expected):
            "the bytes are no state of \"\(expected)\": the file is of something else; begin without it"
        case .damaged(let kind, let what):
            "the state of \"\(kind)\" is damaged (\(what)): take an older one, or begin without it"
        case .ofAnotherKind(let found, let expected):
            "the bytes are the state of \"\(found)\", not of \"\(expected)\""
        case .ofAnotherVersion(let kind, let found, let expected):
            "the state of \"\(kind)\" has version \(found); this riffle reads \(expected.lowerBound) to "
                + "\(expected.upperBound): begin without it"
        case .ofOtherSettings(let kind, let what):
            "the state of \"\(kind)\" is of other settings (\(what)): begin without it"
        }
    }
}

/// What a state is of: a name for messages, and the version of how it is written.
public struct StateKind: Hashable, Sendable {
    public let name: String
    public let version: Int

    /// - Precondition: a name of 1 to 64 small letters, digits and hyphens; a version from 1 to 65,535.
    public init(_ name: String, version: Int) {
        precondition(Self.isName(name), "a kind of state named \"\(name)\"")
        precondition((1...65_535).contains(version), "version \(version) of \"\(name)\"")
        self.name = name
        self.version = version
    }

    static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
    }
}

/// The checksum at the end of a state: FNV-1a, 64 bits, over words of eight bytes, with a shift after each.
///
/// Every step can be undone, so a change within one word is always found.
enum StateSeal {
    static func of(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.withUnsafeBytes { buffer in
            var sum = step(0xCBF2_9CE4_8422_2325, UInt64(buffer.count))
            var offset = 0
            while offset &+ 8 <= buffer.count {
                sum = step(sum, UInt64(littleEndian: buffer.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
                offset &+= 8
            }
            var rest: UInt64 = 0
            while offset < buffer.count {
                rest = rest << 8 | UInt64(buffer[offset])
                offset &+= 1
            }
            return step(sum, rest)
        }
    }

    @inline(__always)
    private static func step(_ sum: UInt64, _ word: UInt64) -> UInt64 {
        let product = (sum ^ word) &* 0x0000_0100_0000_01B3
        return product ^ product >> 29
    }
}
